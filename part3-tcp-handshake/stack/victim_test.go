package stack

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"

	"framebyframe/shared/suite"
)

// The attack tests do to a stack what somebody on its link, or behind the gateway, can do
// on purpose, and measure what that costs at most: memory, allocations, and how much we
// send for what we are sent, for who can make us send more than he does has us flood
// others. The time of each frame is the benchmarks' business.

// attacks is how many frames an attack has: n in a long run, a tenth of it else.
func attacks(n int) int {
	if *suite.Long {
		return n
	}
	return n / 10
}

// victim is a stack whose device counts what it sends.
type victim struct {
	*testing.T
	nullDevice
	s    *Stack
	sent toll
	see  func(frame []byte) // is shown what the stack sends, with the lock held
}

// toll is what an attack has cost.
type toll struct {
	frames, bytes    int     // the attacker's
	answers, replied int     // frames and bytes of ours
	allocs           float64 // for each frame of his
	heap             int64   // bytes that are still in use afterwards
}

// onVictim runs f with a stack that has met the peer, in virtual time.
func onVictim(t *testing.T, cfg Config, f func(v *victim)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { onVictimInRealTime(t, cfg, f) })
}

// onVictimInRealTime is the same where an attack starts and stops many timers: in a bubble
// whose time stands still, the runtime keeps them all.
func onVictimInRealTime(t *testing.T, cfg Config, f func(v *victim)) {
	v := &victim{T: t}
	v.s = New(v, cfg)
	defer v.s.Close() // also when f fails the test
	v.receive(request(peerMAC, peerIP, ourIP))
	f(v)
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	v.s.checkInvariants(t)
}

func (v *victim) Write(frame []byte) (int, error) {
	v.sent.answers++
	v.sent.replied += len(frame)
	if v.see != nil {
		v.see(frame)
	}
	return len(frame), nil
}

// receive has the stack handle a frame, and returns how many it sends meanwhile.
func (v *victim) receive(frame []byte) int {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	before := v.sent.answers
	v.s.receiveFrame(frame)
	return v.sent.answers - before
}

// attack has the stack handle n frames. To measure the stack's allocations alone, next
// must make none: it changes a frame that it has.
func (v *victim) attack(n int, next func(i int) []byte) toll {
	v.Helper()
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	cost, before := toll{frames: n}, v.sent
	begin := memory()
	for i := range n {
		frame := next(i)
		cost.bytes += len(frame)
		v.s.receiveFrame(frame)
		if i%(n/10+1) == 0 {
			runtime.Gosched()
		}
	}
	var end runtime.MemStats
	runtime.ReadMemStats(&end)
	cost.allocs = float64(end.Mallocs-begin.Mallocs) / float64(n)
	cost.heap = int64(memory().HeapAlloc) - int64(begin.HeapAlloc)
	cost.answers, cost.replied = v.sent.answers-before.answers, v.sent.replied-before.replied
	v.s.checkInvariants(v.T)
	return cost
}

// memory is what is in use, after the garbage is gone.
func memory() (m runtime.MemStats) {
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}

// wantAtMost checks what an attack has cost, and returns it in words.
func (v *victim) wantAtMost(cost toll, answers int, allocs float64, heap int64) string {
	v.Helper()
	if cost.answers > answers {
		v.Errorf("%d frames were answered with %d, want at most %d", cost.frames, cost.answers, answers)
	}
	if cost.allocs > allocs+0.01 { // the runtime has some of its own
		v.Errorf("%.3f allocations for each frame, want at most %v", cost.allocs, allocs)
	}
	if cost.heap > heap {
		v.Errorf("the heap has grown by %d bytes, want at most %d", cost.heap, heap)
	}
	return fmt.Sprintf("%s, %.0f allocations a frame, less than %d kB of memory", cost.traffic(), cost.allocs, heap>>10)
}

// traffic says how much we sent for how much.
func (cost toll) traffic() string {
	if cost.answers == 0 {
		return "no answer"
	}
	return fmt.Sprintf("%d answers, %.2f bytes for each one received", cost.answers, float64(cost.replied)/float64(cost.bytes))
}
