//go:build linux

package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The picture: on top bars, how fast each peer is in comparison with part 5; below a panel for each table of
// losses. Sizes are in pixels.
const (
	plotWidth   = 900
	plotMargin  = 60
	barHeight   = 9
	barLabel    = 250 // for the rows' names
	panelHeight = 190
	panelGap    = 64
)

// plotColors are those of the peers, in the order of their list.
var plotColors = []string{"#1f5fa8", "#e69138", "#4f8f3a", "#a83a6a", "#777777", "#111111"}

// barRows are the rows that have bars.
var barRows = []string{
	"bulk/receive/rate", "bulk/send/rate", "rr/rate", "connect/rate", "ping/p50", "memory/conn",
	"bulk/receive/cpu", "bulk/send/cpu", "parallel/receive/1000/rate", "parallel/send/1000/rate", "open/10000/cpu",
}

// plot draws everything, as SVG.
func (res *results) plot(list []peer) string {
	var b strings.Builder
	top := plotMargin
	top = res.bars(&b, list, top)
	for i, delay := range []int{0, 20} {
		for j, way := range []string{"receive/cubic", "receive/bbr", "send"} {
			width := (plotWidth - 2*plotMargin) / 3
			res.panel(&b, list, way, delay, plotMargin+j*(width+20), top+i*(panelHeight+panelGap), width-30)
		}
	}
	top += 2 * (panelHeight + panelGap)
	head := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n"+
		`<rect width="100%%" height="100%%" fill="white"/>`+"\n", plotWidth, top)
	return head + legend(list) + b.String() + "</svg>\n"
}

func legend(list []peer) string {
	var b strings.Builder
	for i, p := range list {
		x := plotMargin + i*110
		fmt.Fprintf(&b, `<rect x="%d" y="12" width="12" height="12" fill="%s"/><text x="%d" y="22">%s</text>`+"\n", x, color(i), x+17, p.title)
	}
	return b.String()
}

func color(i int) string { return plotColors[i%len(plotColors)] }

// barRange is the factor at the ends of the axis: 16 times as good, and as bad, as part 5.
const barRange = 16.0

// bars draws how good the peers are, on a logarithmic axis: to the right is better.
func (res *results) bars(b *strings.Builder, list []peer, top int) int {
	left, right := float64(plotMargin+barLabel), float64(plotWidth-plotMargin)
	x := func(factor float64) float64 {
		f := math.Log(math.Max(1/barRange, math.Min(barRange, factor))) / math.Log(barRange)
		return left + (right-left)*(f+1)/2
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="bold">How good, in comparison with part 5 (to the right is better)</text>`+"\n", plotMargin, top-8)
	start := top + 6
	var drawn strings.Builder
	for _, r := range rowsNamed(barRows) {
		ours := res.cell(r, peers[0])
		if !ours.ok() || ours.median <= 0 {
			continue
		}
		top += 8
		fmt.Fprintf(&drawn, `<text x="%.0f" y="%d" text-anchor="end">%s</text>`+"\n", left-8, top+barHeight*len(list)/2+4, r.title)
		for i, p := range list {
			if c := res.cell(r, p); c.ok() && c.median > 0 {
				factor := c.median / ours.median
				if r.lower {
					factor = 1 / factor
				}
				from, to := math.Min(x(1), x(factor)), math.Max(x(1), x(factor))
				fmt.Fprintf(&drawn, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", from-0.5, top, to-from+1, barHeight-1, color(i))
			}
			top += barHeight
		}
	}
	for factor := 1 / barRange; factor <= barRange; factor *= 2 {
		fmt.Fprintf(b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#ddd"/>`+"\n", x(factor), start, x(factor), top+4)
		label := fmt.Sprint(factor)
		if factor < 1 {
			label = fmt.Sprint("1/", 1/factor)
		}
		fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(factor), top+18, label)
	}
	b.WriteString(drawn.String())
	return top + panelGap
}

func rowsNamed(names []string) (rows []row) {
	for _, name := range names {
		for _, m := range measures() {
			for _, r := range m.rows {
				if r.id == name {
					rows = append(rows, r)
				}
			}
		}
	}
	return rows
}

// The axis of a panel of losses, in Mbit/s, is logarithmic.
const (
	leastMbit = 0.01
	mostMbit  = 10000
)

// axisLabel is a power of ten, without the noise of its computation.
func axisLabel(mbit float64) string {
	return strconv.FormatFloat(mbit, 'f', max(0, int(math.Round(-math.Log10(mbit)))), 64)
}

// panel draws one table of losses.
func (res *results) panel(b *strings.Builder, list []peer, way string, delay, left, top, width int) {
	x := func(i int) float64 { return float64(left) + float64(width)*(float64(i)+0.5)/float64(len(lossRates)) }
	y := func(mbit float64) float64 {
		f := math.Log(math.Max(leastMbit, math.Min(mostMbit, mbit))/leastMbit) / math.Log(mostMbit/leastMbit)
		return float64(top) + panelHeight*(1-f)
	}
	_, title, _ := strings.Cut(lossSection(way, delay), ": ")
	title, _, _ = strings.Cut(title, ",")
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", left, top-8, title)
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#888"/>`+"\n", left, top, width, panelHeight)
	for mbit := leastMbit; mbit <= mostMbit*1.01; mbit *= 10 {
		fmt.Fprintf(b, `<text x="%d" y="%.0f" text-anchor="end">%s</text>`+"\n", left-4, y(mbit)+4, axisLabel(mbit))
		fmt.Fprintf(b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#eee"/>`+"\n", left, y(mbit), left+width, y(mbit))
	}
	for i, percent := range lossRates {
		fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(i), top+panelHeight+14, percent)
	}
	fmt.Fprintf(b, `<text x="%d" y="%d">Mbit/s by %% lost, %d ms each way</text>`+"\n", left, top+panelHeight+30, delay)
	for which, p := range list {
		var points []string
		for i, percent := range lossRates {
			c := res.cell(lossy(way, percent, delay).rows[0], p)
			if !c.ok() {
				continue
			}
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(i), y(c.median)))
			fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>`+"\n", x(i), y(c.min), x(i), y(c.max), color(which))
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>`+"\n", x(i), y(c.median), color(which))
		}
		fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="1.5" points="%s"/>`+"\n", color(which), strings.Join(points, " "))
	}
}
