package stack

import (
	"maps"
	"slices"
	"testing"
)

func TestJourney(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(journeys)) {
		t.Run(name, journeys[name])
	}
}
