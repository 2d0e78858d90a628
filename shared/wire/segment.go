package wire

import (
	"sync"
	"syscall"
	"time"
)

// Segment is an Ethernet segment in memory. Its methods and those of its
// ends may be called from any goroutine.
type Segment struct {
	mu        sync.Mutex // guards the ends too, and is held for bookkeeping only
	ends      []*End
	observers []func(at time.Time, from int, frame []byte)
}

// End returns end i, counted from 0.
func (s *Segment) End(i int) *End { return s.ends[i] }

// Observe has f called for every frame that an end puts on the segment, in
// order, with the instant of the Write and the number of the end: what a test
// needs to record a history. A frame is there during the call only, and f must
// not use the segment.
func (s *Segment) Observe(f func(at time.Time, from int, frame []byte)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.observers = append(s.observers, f)
}

// carry takes a frame from one end to all others.
func (s *Segment) carry(from *End, frame []byte) {
	if len(s.observers) > 0 {
		at := time.Now()
		for _, f := range s.observers {
			f(at, from.index, frame)
		}
	}
	for _, e := range s.ends {
		if e != from {
			e.expect(frame)
		}
	}
}

// check refuses what no cable carries.
func check(frame []byte) error {
	if len(frame) == 0 {
		return syscall.EINVAL
	}
	if len(frame) > maxFrame {
		return syscall.EMSGSIZE
	}
	return nil
}
