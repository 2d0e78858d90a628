package stack

import (
	"maps"
	"slices"
	"testing"
)

// journeys are what happens to one packet, by name. A journey is made of legs: all that the
// stack does in a leg, from the frame that comes in to the silence after it, belongs to that
// packet. "go run ./shared/book journey 1 request" shows which functions it passes.
var journeys = map[string]func(t *testing.T){}

// startLeg and endLeg note the beginning and the end of a leg, where shared/book runs this.
var (
	startLeg = func(title string, stations []string) {}
	endLeg   = func() {}
)

// leg does something and waits until the stack has dealt with it. Of what the stack does
// beside the way from a frame in to a frame out, the way to the stations is shown, too.
func (b *bench) leg(title string, do func(), stations ...string) {
	b.Helper()
	b.advance(0)
	startLeg(title, stations)
	do()
	b.advance(0)
	endLeg()
}

func TestJourney(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(journeys)) {
		t.Run(name, journeys[name])
	}
}
