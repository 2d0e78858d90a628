package stack

import (
	"math/rand/v2"
	"time"

	"framebyframe/shared/wire"
)

// randomFaults is a cable that may have any fault, but not so much of it that a
// connection would be given up.
func randomFaults(dice *rand.Rand) (f wire.Faults) {
	for _, share := range []*float64{&f.Loss, &f.Duplicate, &f.Reorder, &f.Corrupt} {
		if dice.IntN(2) == 0 {
			*share = dice.Float64() * 0.04
		}
	}
	if dice.IntN(3) > 0 {
		f.Delay = time.Duration(dice.Int64N(int64(50 * time.Millisecond)))
		f.Jitter = time.Duration(dice.Int64N(int64(20 * time.Millisecond)))
	}
	if dice.IntN(3) == 0 {
		f.Rate, f.Queue = 1e6+dice.Int64N(100e6), 5+dice.IntN(100)
	}
	if f.Corrupt == 0 && dice.IntN(3) == 0 { // ARP has no checksum, and behind a cut it asks
		f.DropOut, f.DropIn = cut(dice), cut(dice)
	}
	f.Seed = dice.Uint64()
	return f
}

// cut is a cable that is pulled out once, for up to 20 seconds.
func cut(dice *rand.Rand) func([]byte) bool {
	from := time.Now().Add(time.Duration(dice.Int64N(int64(3 * time.Second))))
	to := from.Add(time.Duration(dice.Int64N(int64(20 * time.Second))))
	return func([]byte) bool { now := time.Now(); return now.After(from) && now.Before(to) }
}
