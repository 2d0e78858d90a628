package wire

import (
	"os"
	"sync"
	"syscall"
	"time"
)

// End is one end of a segment. It is a Device that behaves as a Linux TAP does.
type End struct {
	seg     *Segment
	index   int
	line    line          // frames on their way to this end
	waiting queue[[]byte] // frames that Read will return
	wake    *sync.Cond    // on the segment's lock: waiting, closed or removed changed

	down    bool
	closed  bool
	removed bool
	lost    int
}

func newEnd(s *Segment, i int) *End {
	e := &End{seg: s, index: i, wake: sync.NewCond(&s.mu)}
	e.line = line{lane: int64(1 + i*lanesPerEnd), start: time.Now(), arrive: e.arrive}
	return e
}

// Read waits for a frame and copies it to b, cut to the length of b. It gives
// os.ErrClosed after Close and EBADFD after Remove.
func (e *End) Read(b []byte) (int, error) {
	e.seg.mu.Lock()
	defer e.seg.mu.Unlock()
	for {
		if err := e.gone(); err != nil {
			return 0, err
		}
		if e.waiting.len() > 0 {
			frame := e.waiting.pop()
			n := copy(b, frame)
			e.line.release(frame)
			return n, nil
		}
		e.wake.Wait()
	}
}

// Write sends a frame to all other ends. It gives EIO while the link is down,
// os.ErrClosed after Close, EBADFD after Remove, EINVAL for an empty frame and
// EMSGSIZE for one that no IPv4 datagram could fill.
func (e *End) Write(frame []byte) (int, error) {
	if err := check(frame); err != nil {
		return 0, err
	}
	e.seg.mu.Lock()
	defer e.seg.mu.Unlock()
	if err := e.gone(); err != nil {
		return 0, err
	}
	if e.down {
		return 0, syscall.EIO
	}
	e.seg.carry(e, frame)
	return len(frame), nil
}

// Buffered is the number of frames that Read will return without waiting.
func (e *End) Buffered() int {
	e.seg.mu.Lock()
	defer e.seg.mu.Unlock()
	return e.waiting.len()
}

// Lost is the number of frames that reached this end and found its queue of
// 1000 frames full or its link down.
func (e *End) Lost() int {
	e.seg.mu.Lock()
	defer e.seg.mu.Unlock()
	return e.lost
}

// SetLink takes the link down or up, as `ip link set tap0 down` does. While it
// is down a Read that waits goes on waiting, Write gives EIO, and frames that
// arrive are lost. Frames that wait already can still be read, as on a TAP.
func (e *End) SetLink(up bool) {
	e.seg.mu.Lock()
	defer e.seg.mu.Unlock()
	e.down = !up
}

// Remove takes the device away, as `ip link delete tap0` does: Read, also one
// that waits, and Write give EBADFD, and what waits is lost.
func (e *End) Remove() {
	e.seg.mu.Lock()
	defer e.seg.mu.Unlock()
	e.removed = true
	e.unplug()
}

// Close ends this end: Read, also one that waits, and Write give os.ErrClosed, and
// what waits is lost. The other ends go on. A second Close gives os.ErrClosed.
func (e *End) Close() error {
	e.seg.mu.Lock()
	defer e.seg.mu.Unlock()
	if e.closed {
		return os.ErrClosed
	}
	e.closed = true
	e.unplug()
	return nil
}

// unplug leaves no frame and no timer behind and wakes all readers.
func (e *End) unplug() {
	e.line.stop()
	e.waiting = queue[[]byte]{}
	e.wake.Broadcast()
}

// gone says why this end is of no use any more.
func (e *End) gone() error {
	switch {
	case e.closed:
		return os.ErrClosed
	case e.removed:
		return errRemoved
	}
	return nil
}

// expect sends a frame on its way to this end.
func (e *End) expect(frame []byte) {
	if e.gone() != nil {
		return
	}
	if e.line.flights.len() >= maxFlying {
		e.lost++
		return
	}
	e.line.fly(frame, e.line.now()+int64(hop), tag{})
	e.line.arm(e.line.flights.front().due)
}

// arrive is the timer's: it hands over everything that is due.
func (e *End) arrive() {
	e.seg.mu.Lock()
	defer e.seg.mu.Unlock()
	if e.gone() != nil {
		return
	}
	e.line.armed = 0
	now := e.line.now()
	for {
		f, ok := e.line.landed(now)
		if !ok {
			break
		}
		e.receive(f.frame)
	}
	if e.line.flights.len() > 0 {
		e.line.arm(e.line.flights.front().due)
	}
	e.wake.Broadcast()
}

func (e *End) receive(frame []byte) {
	if e.down || e.waiting.len() >= maxWaiting {
		e.lost++
		e.line.release(frame)
		return
	}
	e.waiting.push(frame)
}

// lanes are those that Impairs around this end use.
func (e *End) lanes() (first, end int64) {
	return e.line.lane + 1, e.line.lane + lanesPerEnd
}
