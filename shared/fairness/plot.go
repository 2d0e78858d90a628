package main

import (
	"fmt"
	"strings"
)

// The picture has one panel for each race, one below the other. Sizes are in pixels.
const (
	panelWidth  = 640
	panelHeight = 150
	panelGap    = 50
	margin      = 40
	topRate     = 3.0 // Mbit/s at the top of a panel
	smooth      = 5   // seconds over which the lines are averaged
)

// colors are those of the two sides; they differ in brightness, too.
var colors = [2]string{"#1f5fa8", "#e69138"}

// plot draws the rates of all flows over time, as SVG.
func plot(results []result) string {
	var b strings.Builder
	height := margin + len(results)*(panelHeight+panelGap)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", panelWidth+2*margin, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	for i, r := range results {
		panel(&b, r, margin+i*(panelHeight+panelGap))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// panel draws one race, with its upper edge at top.
func panel(b *strings.Builder, r result, top int) {
	y := func(rate float64) float64 { return float64(top) + panelHeight*(1-min(rate, topRate)/topRate) }
	fmt.Fprintf(b, `<text x="%d" y="%d">%s</text>`+"\n", margin, top-8, r.title)
	for which, name := range []string{first(r.side(0)), first(r.side(1))} {
		fmt.Fprintf(b, `<text x="%d" y="%d" fill="%s" text-anchor="end">%s</text>`+"\n", margin+panelWidth-60*(1-which), top-8, colors[which], name)
	}
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#888"/>`+"\n", margin, top, panelWidth, panelHeight)
	for mbit := 0; mbit <= topRate; mbit++ {
		fmt.Fprintf(b, `<text x="%d" y="%.0f" text-anchor="end">%d</text>`+"\n", margin-6, y(float64(mbit))+4, mbit)
	}
	seconds := 0
	for i, f := range r.flows {
		seconds = max(seconds, len(f.rates))
		line(b, f, y, colors[i%2])
	}
	fair := y(r.total() * rate / 1e6 / float64(max(1, len(r.flows))))
	fmt.Fprintf(b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="black" stroke-dasharray="5 4"/>`+"\n", margin, fair, margin+panelWidth, fair)
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%d s</text>`+"\n", margin+panelWidth, top+panelHeight+15, seconds)
	fmt.Fprintf(b, `<text x="%d" y="%d">Mbit/s</text>`+"\n", margin, top+panelHeight+15)
}

// line draws one flow.
func line(b *strings.Builder, f flow, y func(float64) float64, color string) {
	var points []string
	for i := range f.rates {
		from := max(0, i+1-smooth)
		mean := flow{rates: f.rates[from : i+1]}.mean()
		x := margin + float64(panelWidth)*float64(i+1)/float64(len(f.rates))
		points = append(points, fmt.Sprintf("%.1f,%.1f", x, y(mean)))
	}
	fmt.Fprintf(b, `<polyline fill="none" stroke="%s" points="%s"/>`+"\n", color, strings.Join(points, " "))
}

func first(name, _ string, _ float64) string { return name }
