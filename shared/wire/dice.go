package wire

import (
	"math/bits"
	"math/rand/v2"
)

// throw is everything that chance decides about one frame. All of it is drawn
// for every frame, needed or not: see Faults.Seed.
type throw struct {
	lost, corrupted, bit, duplicated, jitter, reordered, overtakers uint64
}

// newDice returns the random stream of one direction. The lane takes part, so
// that the ends of a segment do not lose the same frames with the same seed.
func newDice(seed uint64, lane int64) *rand.PCG {
	// An odd constant spreads the small numbers of lanes over all 64 bits.
	return rand.NewPCG(seed, uint64(lane+1)*0x9e3779b97f4a7c15)
}

func roll(dice *rand.PCG) throw {
	return throw{
		lost:       dice.Uint64(),
		corrupted:  dice.Uint64(),
		bit:        dice.Uint64(),
		duplicated: dice.Uint64(),
		jitter:     dice.Uint64(),
		reordered:  dice.Uint64(),
		overtakers: dice.Uint64(),
	}
}

// hit tells whether a draw falls into the given share, 0 to 1.
func hit(draw uint64, share float64) bool {
	return float64(draw>>11)/(1<<53) < share
}

// below turns a draw into a number from 0 to n-1: the draw is a fraction of
// 2^64, and the upper half of the product is that fraction of n.
func below(draw uint64, n int64) int64 {
	hi, _ := bits.Mul64(draw, uint64(n))
	return int64(hi)
}
