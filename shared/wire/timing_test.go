package wire

import (
	"bytes"
	"math/big"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestZeroFaultsAreTransparent(t *testing.T) {
	f := Faults{Seed: 1, Queue: 5}
	if f.Any() {
		t.Error("a seed and a queue alone are no fault")
	}
	bothWays(t, func(t *testing.T, out bool) {
		tr := traffic{out: out, n: 10000, length: 60}.send(t, f)
		if len(tr.got) != 10000 || len(tr.counts) != 0 {
			t.Fatalf("%d of 10000 arrived, %v", len(tr.got), tr.counts)
		}
		for i, a := range tr.got {
			if !bytes.Equal(a.frame, numbered(i, 60)) {
				t.Fatalf("frame %d is another one", i)
			}
			// One lane period each, as without the Impair.
			if late := a.at.Sub(tr.sent[i]) - hop - time.Duration(i)*lanes; late < 0 || late > lanes {
				t.Fatalf("frame %d is %d ns late", i, late)
			}
		}
	})
}

func TestDelayIsExact(t *testing.T) {
	bothWays(t, func(t *testing.T, out bool) {
		const delay = 20*time.Millisecond + 7
		tr := traffic{out: out, n: 1000, length: 60, gap: 333 * time.Microsecond}.send(t, Faults{Delay: delay})
		if len(tr.got) != 1000 {
			t.Fatalf("%d of 1000 arrived", len(tr.got))
		}
		for i, a := range tr.got {
			checkTook(t, i, a.at.Sub(tr.sent[i]), delay)
		}
	})
}

func TestJitterKeepsTheOrder(t *testing.T) {
	for _, gap := range []time.Duration{0, 100 * time.Microsecond} {
		bothWays(t, func(t *testing.T, out bool) {
			f := Faults{Delay: 20 * time.Millisecond, Jitter: 5 * time.Millisecond, Seed: 8}
			tr := traffic{out: out, n: 10000, length: 60, gap: gap}.send(t, f)
			if len(tr.got) != 10000 || !slices.IsSorted(tr.numbers()) {
				t.Errorf("%d of 10000 arrived, sorted: %t", len(tr.got), slices.IsSorted(tr.numbers()))
			}
		})
	}
}

// Far enough apart, frames take delay - jitter to delay + jitter, all over it.
func TestJitterSpread(t *testing.T) {
	tests := []struct{ delay, jitter, least time.Duration }{
		{20 * time.Millisecond, 5 * time.Millisecond, 15 * time.Millisecond},
		{2 * time.Millisecond, 5 * time.Millisecond, 0}, // below zero counts as zero
		{0, 5 * time.Millisecond, 0},
	}
	for _, tt := range tests {
		bothWays(t, func(t *testing.T, out bool) {
			f := Faults{Delay: tt.delay, Jitter: tt.jitter, Seed: 9}
			tr := traffic{out: out, n: 2000, length: 60, gap: 50 * time.Millisecond}.send(t, f)
			var took []time.Duration
			for i, a := range tr.got {
				took = append(took, a.at.Sub(tr.sent[i])-hop)
			}
			most := tt.delay + tt.jitter
			lo, hi := slices.Min(took), slices.Max(took)
			const near = 50 * time.Microsecond
			if lo < tt.least || lo > tt.least+near || hi < most-near || hi >= most+slack {
				t.Errorf("delay %v jitter %v: took %v to %v", tt.delay, tt.jitter, lo, hi)
			}
		})
	}
}

// However large the jitter, no frame arrives before its last bit has been sent.
func TestJitterKeepsTheRate(t *testing.T) {
	f := Faults{Rate: 1e6, Jitter: 50 * time.Millisecond, Seed: 10}
	tr := traffic{out: true, n: 200, length: 1500, gap: time.Second}.send(t, f)
	for i, a := range tr.got {
		if took := a.at.Sub(tr.sent[i]); took < 12*time.Millisecond {
			t.Errorf("frame %d took %v", i, took)
		}
	}
}

// A frame of 1500 bytes at 10 Mbit/s takes 1.2 ms, and the next one waits for it.
func TestRateIsExact(t *testing.T) {
	bothWays(t, func(t *testing.T, out bool) {
		f := Faults{Rate: 10e6, Delay: 3 * time.Millisecond, Queue: 1000}
		tr := traffic{out: out, n: 1000, length: 1500}.send(t, f)
		if len(tr.got) != 1000 {
			t.Fatalf("%d of 1000 arrived", len(tr.got))
		}
		for i, a := range tr.got {
			want := time.Duration(i+1)*1200*time.Microsecond + f.Delay
			late := a.at.Sub(tr.sent[i]) - hop - want
			// Into an Impair, frames of one instant come 64 ns apart, all
			// within the sending time of the first.
			if late < 0 || late >= slack {
				t.Fatalf("frame %d is %d ns late", i, late)
			}
		}
	})
}

// No rounding adds up: n frames take the whole part of n times the exact time.
func TestRateDoesNotDrift(t *testing.T) {
	for _, rate := range []int64{3, 7, 1200, 999_999_937, 1e12} {
		s := sender{rate: rate, queue: 1 << 20}
		bytes := int64(0)
		for i := range int64(2000) {
			length := 60 + i%1455
			bytes += length
			at, ok := s.send(0, int(length))
			exact := new(big.Int).Mul(big.NewInt(bytes), big.NewInt(8e9))
			exact.Quo(exact, big.NewInt(rate))
			if !ok || big.NewInt(at).Cmp(exact) != 0 {
				t.Fatalf("rate %d, frame %d: sent at %d (%t), want %v", rate, i, at, ok, exact)
			}
		}
	}
}

func TestQueueFull(t *testing.T) {
	for _, tt := range []struct{ queue, through int }{{0, 101}, {5, 6}, {1, 2}} {
		bothWays(t, func(t *testing.T, out bool) {
			tr := traffic{out: out, n: 200, length: 1500}.send(t, Faults{Rate: 1e6, Queue: tt.queue})
			var want []int
			for i := range tt.through {
				want = append(want, i)
			}
			if !slices.Equal(tr.numbers(), want) || tr.counts[QueueFull] != 200-tt.through {
				t.Errorf("Queue %d: %v arrived, %v", tt.queue, tr.numbers(), tr.counts)
			}
		})
	}
}

// The queue drains: a sender below the rate loses nothing.
func TestQueueDrains(t *testing.T) {
	tr := traffic{out: true, n: 1000, length: 125, gap: time.Millisecond}.send(t, Faults{Rate: 1e6, Queue: 1})
	if len(tr.got) != 1000 {
		t.Errorf("%d of 1000 arrived, %v", len(tr.got), tr.counts)
	}
}

// A frame stops waiting in the very instant in which it begins to be sent.
func TestQueueAtTheInstant(t *testing.T) {
	s := sender{rate: 1e6, queue: 1}
	const ms = int64(time.Millisecond) // what 125 bytes take
	for _, step := range []struct {
		now, sent int64
		ok        bool
	}{{0, ms, true}, {0, 2 * ms, true}, {ms - 1, 0, false}, {ms, 3 * ms, true}, {3 * ms, 4 * ms, true}} {
		if sent, ok := s.send(step.now, 125); sent != step.sent || ok != step.ok {
			t.Errorf("at %d: sent at %d, %t, want %d, %t", step.now, sent, ok, step.sent, step.ok)
		}
	}
}

// Frames under way are bounded, whatever the delay.
func TestFlightIsBounded(t *testing.T) {
	bothWays(t, func(t *testing.T, out bool) {
		tc := traffic{out: out, n: maxFlying + 500, length: 60, gap: time.Microsecond}
		tr := tc.send(t, Faults{Delay: time.Minute})
		if len(tr.got) != maxFlying || tr.counts[QueueFull] != 500 {
			t.Errorf("%d arrived, %v", len(tr.got), tr.counts)
		}
	})
}

// Every delivery has an instant of its own, on the lane of its direction.
func TestLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seg := New(3)
		f := Faults{Delay: time.Millisecond}
		outer := Impair(Impair(seg.End(1), f), f)
		var lanesSeen []int64
		seg.Observe(func(at time.Time, from int, _ []byte) {
			lanesSeen = append(lanesSeen, at.UnixNano()%lanes)
		})
		r0, r1, r2 := readAll(seg.End(0)), readAll(outer), readAll(seg.End(2))
		for i := range 100 {
			outer.Write(numbered(i, 60))
			seg.End(0).Write(numbered(i, 60))
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		outer.Close()
		seg.End(0).Close()
		seg.End(2).Close()
		<-r0.done
		<-r1.done
		<-r2.done
		inner := outer.dev.(*Impaired)
		all := []int64{0, 1, 6, inner.out.line.lane, inner.in.line.lane, outer.out.line.lane, outer.in.line.lane, 11}
		slices.Sort(all)
		if len(slices.Compact(all)) != 8 {
			t.Errorf("lanes in use: %v", all)
		}
		for lane, r := range map[int64]*reader{1: r0, outer.in.line.lane: r1, 11: r2} {
			checkLane(t, lane, r)
		}
		if slices.Sort(lanesSeen); !slices.Equal(slices.Compact(lanesSeen), []int64{0, inner.out.line.lane}) {
			t.Errorf("written on lanes %v", slices.Compact(lanesSeen))
		}
	})
}

func checkLane(t *testing.T, lane int64, r *reader) {
	t.Helper()
	if len(r.got) < 100 {
		t.Errorf("lane %d: %d frames", lane, len(r.got))
	}
	last := int64(0)
	for _, a := range r.got {
		if now := a.at.UnixNano(); now%lanes != lane || now <= last {
			t.Fatalf("lane %d: delivery at %d behind one at %d", lane, now, last)
		} else {
			last = now
		}
	}
}

type wrapper struct{ Device }

func (w wrapper) Unwrap() Device { return w.Device }

func TestLanesOf(t *testing.T) {
	f := Faults{}
	end := New(maxEnds).End(maxEnds - 1)
	deep := Impair(Impair(end, f), f)
	for name, tt := range map[string]struct {
		dev  Device
		want int64
	}{
		"first end":       {New(1).End(0), 2},
		"last end":        {end, foreignLane - 4},
		"around one":      {Impair(end, f), foreignLane - 2},
		"around two":      {deep, foreignLane - 2}, // shared
		"around three":    {Impair(deep, f), foreignLane - 2},
		"through":         {wrapper{end}, foreignLane - 4},
		"foreign":         {&fake{}, foreignLane},
		"twice, foreign":  {Impair(&fake{}, f), foreignLane},
		"thrice, foreign": {Impair(Impair(&fake{}, f), f), foreignLane},
	} {
		if got, _ := lanesOf(tt.dev); got != tt.want {
			t.Errorf("%s: lane %d, want %d", name, got, tt.want)
		}
	}
}
