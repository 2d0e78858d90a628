package main

import (
	"fmt"
	"strings"
	"time"
)

// The bottleneck. Its queue holds about one bandwidth-delay product, what is on its way in an empty network: 10 Mbit/s for
// 100 ms are 125,000 bytes, or 83 full frames.
const (
	rate  = 10_000_000 // bit/s
	delay = 50 * time.Millisecond
	queue = 83 // frames
)

// A result is what one race came to.
type result struct {
	title string
	flows []flow
	lost  int           // frames that found the queue full
	pause time.Duration // for how long this process stood still, at the worst
}

// A flow is one connection.
type flow struct {
	side  string
	rates []float64 // Mbit/s of data that arrived, in each second
}

func (f flow) mean() float64 {
	sum := 0.0
	for _, r := range f.rates {
		sum += r
	}
	return sum / float64(max(1, len(f.rates)))
}

// jain is Jain's index of fairness, (sum x)^2 / (n sum x^2): 1 if all shares are equal, 1/n if one has everything.
func jain(shares []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, x := range shares {
		sum += x
		squares += x * x
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / (float64(len(shares)) * squares)
}

// means returns the mean rates of all flows.
func (r result) means() []float64 {
	var all []float64
	for _, f := range r.flows {
		all = append(all, f.mean())
	}
	return all
}

// total returns the share of the cable that all flows had together, 0 to 1.
func (r result) total() float64 {
	sum := 0.0
	for _, x := range r.means() {
		sum += x
	}
	return sum * 1e6 / rate
}

// side returns the rates of every second flow: those of the first side, or of the second.
func (r result) side(which int) (name, rates string, sum float64) {
	var texts []string
	for i, f := range r.flows {
		if i%2 == which {
			name = f.side
			texts = append(texts, fmt.Sprintf("%.2f", f.mean()))
			sum += f.mean()
		}
	}
	return name, strings.Join(texts, " "), sum
}

// text is what is printed on the terminal.
func (r result) text() string {
	var b strings.Builder
	for which := range 2 {
		name, rates, sum := r.side(which)
		fmt.Fprintf(&b, "  %-6s %s  together %.2f Mbit/s\n", name, rates, sum)
	}
	fmt.Fprintf(&b, "  Jain's index %.3f, %.1f %% of the cable, %d frames lost in the queue\n", jain(r.means()), 100*r.total(), r.lost)
	fmt.Fprintf(&b, "  (the machine let the cable stand still for %v at the worst)\n", r.pause.Round(time.Millisecond))
	return b.String()
}

const pageHead = `# Fairness

A program wrote this page and its picture: ` + "`go run ./shared/fairness`" + `. It needs Linux, and takes
about five minutes.

Ten connections send to one receiver as fast as they can. In front of the receiver is a bottleneck
of %d Mbit/s; a round trip takes %v while its queue is empty. The queue has room for %d
frames, about as much as is on its way in one round trip, and what finds it full is lost. Ours are
part 5's, the others are the Linux kernel's, with the congestion control that stands there. All
numbers are Mbit/s of data that arrived, over %d seconds; the first %v were not counted.

A fair share is a tenth of what arrives. **Jain's index** says how equal the shares are: 1 if all are
equal, 0.1 if one of ten has everything. The headers of a full segment take 4.4 %% of the cable, so
that 95.6 %% is all there is. A computer that is busy with other things lets the cable stand still now
and then; what has piled up comes in one burst and overflows the queue. How long it did so at the
worst is the last column: compare only what was measured with pauses far shorter than a round trip.

`

// page is docs/fairness.md.
func page(results []result, seconds int) string {
	var b strings.Builder
	fmt.Fprintf(&b, pageHead, rate/1_000_000, 2*delay, queue, seconds, warmUp)
	b.WriteString("| race | five of these | five of those | Jain's index | of the cable | frames lost | longest pause |\n|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s |", r.title)
		for which := range 2 {
			name, rates, sum := r.side(which)
			fmt.Fprintf(&b, " %s: %s, together %.2f |", name, rates, sum)
		}
		fmt.Fprintf(&b, " %.3f | %.1f %% | %d | %v |\n", jain(r.means()), 100*r.total(), r.lost, r.pause.Round(time.Millisecond))
	}
	b.WriteString("\n![The rate of each connection over time](fairness.svg)\n\nEach line is one connection, averaged over five seconds; the dashed line is a fair share.\n")
	return b.String()
}
