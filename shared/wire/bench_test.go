package wire

import (
	"testing"
	"time"
)

// roundTrip sends bursts of 32 frames across a segment in real time.
func roundTrip(b *testing.B, f Faults) {
	seg := New(2)
	from, to := Impair(seg.End(0), f), Impair(seg.End(1), f)
	frame, buf := numbered(1, 1514), make([]byte, 2000)
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	const burst = 32
	for b.Loop() {
		for range burst {
			from.Write(frame)
		}
		for range burst {
			to.Read(buf)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/burst, "ns/frame")
	from.Close()
	to.Close()
}

func BenchmarkEnd(b *testing.B)         { roundTrip(b, Faults{}) }
func BenchmarkImpairDrop(b *testing.B)  { roundTrip(b, Faults{DropOut: never, DropIn: never}) }
func BenchmarkImpairDelay(b *testing.B) { roundTrip(b, Faults{Delay: time.Microsecond}) }

// In steady state no frame costs an allocation.
func TestNoAllocations(t *testing.T) {
	for name, f := range map[string]Faults{
		"end":    {},
		"impair": {DropOut: never, DropIn: never, Corrupt: 0.5},
		"delay":  {Delay: time.Microsecond, Rate: 1e10},
	} {
		seg := New(2)
		from, to := Impair(seg.End(0), f), Impair(seg.End(1), f)
		frame, buf := numbered(1, 1514), make([]byte, 2000)
		n := testing.AllocsPerRun(100, func() {
			for range 32 {
				from.Write(frame)
			}
			for range 32 {
				to.Read(buf)
			}
		})
		if n >= 1 {
			t.Errorf("%s: %v allocations per 32 frames", name, n)
		}
		from.Close()
		to.Close()
	}
}

// Held frames give their buffers back.
func TestNoAllocationsHeld(t *testing.T) {
	im := Impair(&sink{}, Faults{Reorder: 0.3, Duplicate: 0.3})
	defer im.Close()
	frame := numbered(1, 1514)
	if n := testing.AllocsPerRun(100, func() {
		for range 100 {
			im.Write(frame)
		}
	}); n >= 1 {
		t.Errorf("%v allocations per 100 frames", n)
	}
}
