package suite

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/google/gopacket/layers"
)

// The attack tests do to a stack what somebody on its link, or behind the gateway, can do on purpose, and measure what
// that costs at most: memory, allocations, and how much we send for what we are sent, for who can make us send more than
// he does has us flood others. The time of each frame is the benchmarks' business.

// Many is how often something is tried: in a short run, and in a long one.
func Many(short, long int) int {
	if *Long {
		return long
	}
	return short
}

// Attacks is how many frames an attack has: n in a long run, a tenth of it otherwise.
func Attacks(n int) int { return Many(n/10, n) }

// A Toll is what an attack has cost.
type Toll struct {
	Frames, Bytes    int     // the attacker's
	Answers, Replied int     // frames and bytes of ours
	Allocs           float64 // for each frame of his
	Heap             int64   // bytes that are still in use afterwards
}

// Attack has receive handle n frames, and returns what that has cost but for answers. To measure the stack's
// allocations alone, next must make none: it changes a frame that it has.
func Attack(n int, next func(i int) []byte, receive func(frame []byte)) Toll {
	cost := Toll{Frames: n}
	begin := Memory()
	for i := range n {
		frame := next(i)
		cost.Bytes += len(frame)
		receive(frame)
		if i%(n/10+1) == 0 {
			runtime.Gosched()
		}
	}
	var end runtime.MemStats
	runtime.ReadMemStats(&end)
	cost.Allocs = float64(end.Mallocs-begin.Mallocs) / float64(n)
	cost.Heap = int64(Memory().HeapAlloc) - int64(begin.HeapAlloc)
	return cost
}

// WantAtMost checks what an attack has cost, and returns it in words.
func WantAtMost(t testing.TB, cost Toll, answers int, allocs float64, heap int64) string {
	t.Helper()
	if cost.Answers > answers {
		t.Errorf("%d frames were answered with %d, want at most %d", cost.Frames, cost.Answers, answers)
	}
	if cost.Allocs > allocs+0.01 { // the runtime has some of its own
		t.Errorf("%.3f allocations for each frame, want at most %v", cost.Allocs, allocs)
	}
	if cost.Heap > heap {
		t.Errorf("the heap has grown by %d bytes, want at most %d", cost.Heap, heap)
	}
	return fmt.Sprintf("%s, %.0f allocations a frame, less than %d kB of memory", cost.Traffic(), cost.Allocs, heap>>10)
}

// Traffic says how much we sent for how much.
func (cost Toll) Traffic() string {
	if cost.Answers == 0 {
		return "no answer"
	}
	return fmt.Sprintf("%d answers, %.2f bytes for each one received", cost.Answers, float64(cost.Replied)/float64(cost.Bytes))
}

// Memory is what is in use, after the garbage is gone.
func Memory() (m runtime.MemStats) {
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}

// Heap is how many bytes are in use.
func Heap() int64 { return int64(Memory().HeapAlloc) }

// NullDevice takes every frame and has none.
type NullDevice struct{}

func (NullDevice) Read([]byte) (int, error)    { return 0, os.ErrClosed }
func (NullDevice) Write(b []byte) (int, error) { return len(b), nil }
func (NullDevice) Close() error                { return nil }
func (NullDevice) Buffered() int               { return 0 }

// ARPForgery makes ARP packets from senders 10.1.0.0 and up, each at a card of its own, of one that asks us: every other
// one is a reply that nobody asked for.
func ARPForgery() func(i int) []byte {
	frame := ARPRequest(OtherMAC, PeerIP, OurIP)
	sha, spa := frame[22:28], frame[28:32]
	return func(i int) []byte {
		copy(spa, []byte{10, byte(1 + i>>16), byte(i >> 8), byte(i)})
		copy(sha, []byte{2, 1, 0, spa[1], spa[2], spa[3]})
		frame[21] = byte(layers.ARPRequest + i%2)
		if spa[3] == 0 || spa[3] == 255 {
			spa[3] = 7
		}
		return frame
	}
}
