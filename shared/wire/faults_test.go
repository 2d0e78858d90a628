package wire

import (
	"bytes"
	"math/bits"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Each fault hits 5 % of 10,000 frames: 500, give or take four standard
// deviations of 22. The same seed hits the same frames, another one others.
func TestShares(t *testing.T) {
	tests := []struct {
		what string
		f    Faults
	}{
		{Lost, Faults{Loss: 0.05}},
		{Duplicated, Faults{Duplicate: 0.05}},
		{Corrupted, Faults{Corrupt: 0.05}},
		{Reordered, Faults{Reorder: 0.05}},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			bothWays(t, func(t *testing.T, out bool) {
				tc := traffic{out: out, n: 10000, length: 60}
				f := tt.f
				f.Seed = 1
				one, again := tc.send(t, f), tc.send(t, f)
				f.Seed = 2
				other := tc.send(t, f)
				checkShare(t, one, tt.what)
				if !sameArrivals(one.got, again.got) {
					t.Error("one seed gave two outcomes")
				}
				if sameArrivals(one.got, other.got) {
					t.Error("two seeds gave one outcome")
				}
			})
		})
	}
}

func checkShare(t *testing.T, tr *trip, what string) {
	t.Helper()
	n := tr.counts[what]
	if n < 410 || n > 590 {
		t.Errorf("%s %d of 10000 frames, want about 500", what, n)
	}
	if len(tr.counts) != 1 || len(tr.events) != n || len(tr.other) != 0 {
		t.Errorf("counts %v and %v, %d events", tr.counts, tr.other, len(tr.events))
	}
	want := 10000
	switch what {
	case Lost:
		want -= n
	case Duplicated:
		want += n
	}
	if len(tr.got) != want {
		t.Errorf("%d frames arrived, want %d", len(tr.got), want)
	}
}

func sameArrivals(a, b []arrival) bool {
	return slices.EqualFunc(a, b, func(a, b arrival) bool {
		return a.at.Equal(b.at) && bytes.Equal(a.frame, b.frame)
	})
}

// Both ends of one segment with one seed must not lose the same frames.
func TestDirectionsDiffer(t *testing.T) {
	f := Faults{Loss: 0.05, Seed: 1}
	out := traffic{out: true, n: 1000, length: 60}.send(t, f)
	in := traffic{out: false, n: 1000, length: 60}.send(t, f)
	if slices.Equal(out.hit(Lost), in.hit(Lost)) {
		t.Error("both directions lost the same frames")
	}
}

// Adding one fault leaves the others' choices alone.
func TestFaultsAreIndependent(t *testing.T) {
	tc := traffic{out: true, n: 10000, length: 60}
	alone := tc.send(t, Faults{Loss: 0.05, Seed: 3}).hit(Lost)
	all := tc.send(t, Faults{
		Loss: 0.05, Duplicate: 0.1, Reorder: 0.1, Corrupt: 0.1, Seed: 3,
		Delay: time.Millisecond, Jitter: time.Millisecond, Rate: 1e9, Queue: 10000,
		DropOut: func(frame []byte) bool { return numberOf(frame) == alone[0]+1 },
	})
	if !slices.Equal(alone, all.hit(Lost)) {
		t.Error("other faults changed what Loss hits")
	}
	if !slices.Equal(all.hit(Dropped), []int{alone[0] + 1}) {
		t.Errorf("DropOut hit %v", all.hit(Dropped))
	}
}

func TestDuplicatesAreAdjacent(t *testing.T) {
	for name, f := range map[string]Faults{
		"alone":        {Duplicate: 0.2, Seed: 4},
		"with reorder": {Duplicate: 0.2, Reorder: 0.2, Delay: time.Millisecond, Seed: 4},
		"with rate":    {Duplicate: 0.2, Rate: 1e6, Queue: 10000, Jitter: time.Second, Seed: 4},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, out bool) {
				tr := traffic{out: out, n: 2000, length: 60}.send(t, f)
				last, seen := -1, map[int]int{}
				for _, n := range tr.numbers() {
					if seen[n]++; seen[n] > 1 && n != last {
						t.Fatalf("the copy of %d came behind %d", n, last)
					}
					last = n
				}
				for _, n := range tr.hit(Duplicated) {
					if seen[n] != 2 {
						t.Errorf("frame %d arrived %d times", n, seen[n])
					}
				}
			})
		})
	}
}

func TestCorruptFlipsOneBit(t *testing.T) {
	bothWays(t, func(t *testing.T, out bool) {
		tr := traffic{out: out, n: 3000, length: 60}.send(t, Faults{Corrupt: 1, Seed: 5})
		where := map[int]int{}
		for i, a := range tr.got {
			good := numbered(i, 60)
			flipped := 0
			for j := range good {
				if diff := good[j] ^ a.frame[j]; diff != 0 {
					flipped += bits.OnesCount8(diff)
					where[j*8+bits.TrailingZeros8(diff)]++
				}
			}
			if flipped != 1 {
				t.Fatalf("frame %d has %d bits changed", i, flipped)
			}
		}
		for bit := range 60 * 8 {
			if n := where[bit]; (n > 0) != (bit >= headerLen*8) {
				t.Errorf("bit %d changed %d times", bit, n)
			}
		}
	})
}

func TestCorruptLeavesTheCallersFrame(t *testing.T) {
	dev := &fake{}
	im := Impair(dev, Faults{Corrupt: 1})
	defer im.Close()
	frame := numbered(7, 60)
	im.Write(frame)
	if !bytes.Equal(frame, numbered(7, 60)) {
		t.Error("Write changed its argument")
	}
	header := make([]byte, headerLen)
	im.Write(header)
	if !bytes.Equal(dev.written[1], header) {
		t.Error("a frame with nothing behind the header was corrupted")
	}
}

func TestReorder(t *testing.T) {
	for name, f := range map[string]Faults{
		"at once":        {Reorder: 0.1, Seed: 6},
		"with delay":     {Reorder: 0.1, Seed: 6, Delay: 20 * time.Millisecond},
		"half":           {Reorder: 0.5, Seed: 6, Delay: time.Millisecond},
		"with rate":      {Reorder: 0.1, Seed: 6, Rate: 1e8},
		"and duplicates": {Reorder: 0.1, Duplicate: 0.5, Seed: 6, Delay: time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, out bool) {
				// 100 microseconds apart: 10 ms are never over.
				tr := traffic{out: out, n: 3000, length: 60, gap: 100 * time.Microsecond}.send(t, f)
				checkOvertaking(t, slices.Compact(tr.numbers()), tr.hit(Reordered))
			})
		})
	}
}

func checkOvertaking(t *testing.T, order, chosen []int) {
	t.Helper()
	if len(order) != 3000 {
		t.Fatalf("%d frames arrived", len(order))
	}
	howMany := map[int]int{}
	newest := -1
	for i, n := range order {
		if !slices.Contains(chosen, n) {
			if n < newest {
				t.Errorf("%d was overtaken and had not been chosen", n)
			}
			newest = n
			continue
		}
		overtakers := 0
		for _, before := range order[:i] {
			if before > n {
				overtakers++
			}
		}
		howMany[overtakers]++
		if n < 2990 && (overtakers < 1 || overtakers > maxOvertakers) {
			t.Errorf("%d was overtaken by %d", n, overtakers)
		}
	}
	if howMany[1] < 50 || howMany[2] < 50 || howMany[3] < 50 {
		t.Errorf("overtaken by 1, 2, 3: %v", howMany)
	}
}

// With nobody behind it a reordered frame goes on after 10 ms.
func TestReorderedFrameIsNotStuck(t *testing.T) {
	for _, delay := range []time.Duration{0, 30 * time.Millisecond} {
		bothWays(t, func(t *testing.T, out bool) {
			tr := traffic{out: out, n: 50, length: 60, gap: time.Second}.send(t, Faults{Reorder: 1, Delay: delay})
			if len(tr.got) != 50 {
				t.Fatalf("%d of 50 arrived", len(tr.got))
			}
			for i, a := range tr.got {
				checkTook(t, i, a.at.Sub(tr.sent[i]), delay+reorderWait)
			}
		})
	}
}

// A frame that comes too late to overtake leaves the held one in front, and does
// not make it wait longer.
func TestReorderWaitIsALimit(t *testing.T) {
	const delay = 30 * time.Millisecond
	tc := traffic{out: true, n: 200, length: 60, gap: reorderWait + time.Millisecond}
	tr := tc.send(t, Faults{Reorder: 0.5, Delay: delay})
	if len(tr.got) != 200 || !slices.IsSorted(tr.numbers()) {
		t.Fatalf("%d of 200 arrived, sorted: %t", len(tr.got), slices.IsSorted(tr.numbers()))
	}
	for i, a := range tr.got {
		want := delay
		if slices.Contains(tr.hit(Reordered), i) {
			want += reorderWait
		}
		checkTook(t, i, a.at.Sub(tr.sent[i]), want)
	}
}

// At 100 % the first 64 are held, and the others go past them.
func TestReorderAll(t *testing.T) {
	tr := traffic{out: true, n: 1000, length: 60}.send(t, Faults{Reorder: 1})
	order := tr.numbers()
	if order[0] != maxHeld {
		t.Errorf("the first to arrive was %d", order[0])
	}
	slices.Sort(order)
	if len(slices.Compact(order)) != 1000 {
		t.Errorf("%d of 1000 arrived", len(order))
	}
}

// Frames held in one instant are let go one by one, each at its own.
func TestHeldFramesArriveApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dev := &fake{}
		im := Impair(dev, Faults{Reorder: 1})
		r := readAll(im)
		dev.give(5)
		time.Sleep(time.Second)
		im.Close()
		<-r.done
		for i, a := range r.got {
			if i > 0 && !a.at.After(r.got[i-1].at) {
				t.Errorf("frame %d arrived with the one before", i)
			}
		}
	})
}

// slack is what the lanes of one Impair and one end may add to an exact time.
const slack = 2 * lanes

// checkTook compares a time from Write to Read with what the faults should make it.
func checkTook(t *testing.T, i int, took, want time.Duration) {
	t.Helper()
	if late := took - hop - want; late < 0 || late >= slack {
		t.Errorf("frame %d took %v, want %v and less than %d ns", i, took, hop+want, slack)
	}
}
