package stack

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// What is observed is what the trace has between the frames, in the same order.
func TestObserve(t *testing.T) {
	onBench(t, func(b *bench) {
		events := b.watch()
		b.Send(capturedRequest)
		b.Send(request(otherMAC, otherIP, peerIP))
		want := []string{
			"ARP: 10.0.0.1: NONE -> REACHABLE",
			"ARP: 10.0.0.1 is at 02:00:0a:00:00:01",
			"dropped: " + errARPNotForUs.Error(),
		}
		seen := events.Take()
		if !slices.Equal(seen, want) {
			b.Errorf("got\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
		}
		b.Advance(2 * arpTimeout)
		b.sendTo(otherIP, "x") // who will not answer
		b.Advance(10 * time.Second)
		notes := []string{}
		for line := range strings.Lines(b.Log.String()) {
			if _, note, ok := strings.Cut(strings.TrimSpace(line), " "+traceNote); ok {
				notes = append(notes, note)
			}
		}
		if seen = append(seen, events.Take()...); !slices.Equal(seen, notes) || len(notes) < 7 {
			b.Errorf("observed\n%s\ntraced\n%s", strings.Join(seen, "\n"), strings.Join(notes, "\n"))
		}
	})
}

// Whoever observes need not have a trace; the latest function alone is called, and nil ends it.
func TestObserveWithoutTrace(t *testing.T) {
	onBench(t, func(b *bench) {
		b.do(func() { b.s.trace = false })
		old, events := b.watch(), b.watch()
		b.Send([]byte{1})
		before, after := old.Take(), events.Take()
		if len(before) != 0 || !slices.Equal(after, []string{"dropped: " + errRunt.Error()}) || b.Log.String() != "" {
			b.Errorf("the first observer got %q, the second %q, the log %q", before, after, b.Log)
		}
		b.s.Observe(nil)
		b.Send([]byte{1})
		if after := events.Take(); len(after) != 0 {
			b.Errorf("after the end: %q", after)
		}
	})
}
