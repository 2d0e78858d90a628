package runs

import (
	"math"

	"framebyframe/shared/book/svg"
)

// A drawing is how one recording becomes a picture.
type drawing struct {
	part      int
	recording string
	title     string
	to        float64 // seconds at the right edge; 0: all
	draw      func(d drawing, rows []event) *svg.Picture
}

// drawings are all pictures there are.
var drawings = []drawing{
	{4, "window", "A slow reader closes the window; each read opens it", 0, sequence},
	{5, "one-loss-sack", "One segment is lost, with SACK", 0, sequence},
	{5, "one-loss-plain", "One segment is lost, without SACK", 0, sequence},
	{5, "three-losses-sack", "Three segments of a window are lost, with SACK", 0, sequence},
	{5, "three-losses-plain", "Three segments of a window are lost, without SACK", 0, sequence},
	{5, "cwnd", "The congestion window: slow start, losses, CUBIC, and a path that is dead for a second", 0, window},
	{5, "rto", "The RTO while the round trip changes", 0, timeout},
}

const (
	kB    = 1000
	milli = 1000 // of a second
)

// sequence is the time-sequence diagram of a transfer, as the sender sees it.
func sequence(d drawing, rows []event) *svg.Picture {
	data := only(rows, "data")
	start, end, top := data[0].at, 0.0, 0.0
	for _, r := range data {
		end, top = max(end, r.at), max(top, r.numbers[1]/kB)
	}
	for _, r := range only(rows, "ack") {
		end = max(end, r.at)
	}
	p := &svg.Picture{Title: d.title, Height: 330,
		X: axis("ms", 0, (end-start)*milli*1.02), Y: axis("sequence number, kB", 0, top*1.12)}
	x := func(r event) float64 { return (r.at - start) * milli }
	var acks, edges []svg.Point
	for _, r := range only(rows, "ack") {
		if r.at >= start {
			acks = append(acks, svg.Point{X: x(r), Y: r.numbers[0] / kB})
			edges = append(edges, svg.Point{X: x(r), Y: r.numbers[1] / kB})
		}
	}
	p.Steps(svg.Grey, true, edges)
	p.Steps(svg.Green, false, acks)
	blocks := only(rows, "sack")
	for _, r := range blocks {
		p.Bar(svg.Violet, 1, x(r), r.numbers[0]/kB, r.numbers[1]/kB)
	}
	next, again := 0.0, false
	for _, r := range data {
		color, thick := svg.Blue, 2.5
		if r.numbers[0] < next {
			color, thick, again = svg.Red, 5, true
			p.Dot(svg.Red, x(r), (r.numbers[0]+r.numbers[1])/2/kB)
		}
		next = max(next, r.numbers[1])
		p.Bar(color, thick, x(r), r.numbers[0]/kB, r.numbers[1]/kB)
	}
	lost := only(rows, "lost")
	for _, r := range lost {
		p.Cross(svg.Orange, x(r), (r.numbers[0]+r.numbers[1])/2/kB)
	}
	p.Legend(svg.Blue, "▎", "segment sent")
	if len(lost) > 0 {
		p.Legend(svg.Orange, "✕", "lost on its way")
	}
	if again {
		p.Legend(svg.Red, "▌", "sent again")
	}
	p.Legend(svg.Green, "▬", "ACK")
	if len(blocks) > 0 {
		p.Legend(svg.Violet, "│", "SACK blocks")
	}
	p.Legend(svg.Grey, "┅", "edge of the window")
	return p
}

// window draws CWND over time, each phase in its own color.
func window(d drawing, rows []event) *svg.Picture {
	states := only(rows, "cwnd")
	top := 0.0
	for _, r := range states {
		top = max(top, r.numbers[0]/kB)
	}
	p := &svg.Picture{Title: d.title, Height: 300, X: axis("s", 0, math.Ceil(rows[len(rows)-1].at)), Y: axis("kB", 0, top*1.12)}
	last := -1.0
	for _, r := range only(rows, "lost") {
		if r.at-last > 0.1 {
			p.Cross(svg.Orange, r.at, top*1.07)
			last = r.at
		}
	}
	var thresholds []svg.Point
	for _, r := range states {
		if r.numbers[1] > 0 {
			thresholds = append(thresholds, svg.Point{X: r.at, Y: r.numbers[1] / kB})
		}
	}
	p.Steps(svg.Grey, true, thresholds)
	colors := map[string]string{"slow start": svg.Blue, "avoidance": svg.Green, "recovery": svg.Red, "timeout": svg.Violet}
	for i := 0; i < len(states); {
		var run []svg.Point
		j := i
		for ; j < len(states) && states[j].word == states[i].word; j++ {
			run = append(run, svg.Point{X: states[j].at, Y: states[j].numbers[0] / kB})
		}
		if j < len(states) { // the phases hang together
			run = append(run, svg.Point{X: states[j].at, Y: states[j].numbers[0] / kB})
		}
		p.Line(colors[states[i].word], false, run)
		i = j
	}
	p.Legend(svg.Blue, "▬", "slow start")
	p.Legend(svg.Green, "▬", "avoidance (CUBIC)")
	p.Legend(svg.Red, "▬", "recovery")
	p.Legend(svg.Violet, "▬", "after a timeout")
	p.Legend(svg.Grey, "┅", "ssthresh")
	p.Legend(svg.Orange, "✕", "losses")
	return p
}

// timeout draws the samples of the round trip and what RFC 6298 makes of them.
func timeout(d drawing, rows []event) *svg.Picture {
	samples := only(rows, "rto")
	top := 0.0
	curves := [3][]svg.Point{}
	for _, r := range samples {
		for i := range curves {
			curves[i] = append(curves[i], svg.Point{X: r.at, Y: r.numbers[i+1]})
		}
		top = max(top, r.numbers[3])
	}
	p := &svg.Picture{Title: d.title, Height: 300, X: axis("s", 0, math.Ceil(samples[len(samples)-1].at)), Y: axis("ms", 0, top*1.05)}
	p.Steps(svg.Red, false, curves[2])
	p.Steps(svg.Violet, false, curves[1])
	p.Steps(svg.Green, false, curves[0])
	for i, r := range samples {
		if i == 0 || r.numbers[1] != samples[i-1].numbers[1] || r.numbers[2] != samples[i-1].numbers[2] {
			p.Dot(svg.Blue, r.at, r.numbers[0])
		}
	}
	again, next := false, 0.0
	for _, r := range only(rows, "data") {
		if r.numbers[0] < next {
			p.Cross(svg.Orange, r.at, 0.02*top)
			again = true
		}
		next = max(next, r.numbers[1])
	}
	p.Legend(svg.Blue, "●", "round trip measured")
	p.Legend(svg.Green, "▬", "SRTT")
	p.Legend(svg.Violet, "▬", "RTTVAR")
	p.Legend(svg.Red, "▬", "RTO")
	if again {
		p.Legend(svg.Orange, "✕", "sent again")
	}
	return p
}

// axis chooses round numbers for an axis.
func axis(label string, from, to float64) svg.Axis {
	step := math.Pow(10, math.Floor(math.Log10(to-from)))
	for _, part := range []float64{0.1, 0.2, 0.25, 0.5, 1, 2} {
		if (to-from)/(step*part) <= 7 {
			return svg.Axis{Label: label, Min: from, Max: to, Step: step * part}
		}
	}
	return svg.Axis{Label: label, Min: from, Max: to, Step: step}
}
