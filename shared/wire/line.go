package wire

import "time"

// line is one direction of a cable: frames under way, in the order in which they
// arrive, each at an instant of its own. Instants are nanoseconds since 1970.
// The owner's lock guards all of it.
type line struct {
	pool
	lane    int64
	arrive  func() // runs on the timer's goroutine when the first frame is due
	flights queue[flight]
	last    int64 // the newest instant given to a frame

	start time.Time   // where the line's clock began
	timer *time.Timer // one for all frames, set for the first
	armed int64       // the instant that the timer is set for, 0: none
}

type flight struct {
	due   int64
	frame []byte
}

// now reads the monotonic clock, so a step of the wall clock moves no frame.
func (l *line) now() int64 {
	return l.start.UnixNano() + int64(time.Since(l.start))
}

// onLane returns the first instant of the line's lane that is not before t.
func (l *line) onLane(t int64) int64 {
	return t + ((l.lane-t)%lanes+lanes)%lanes
}

// fly puts a copy of the frame behind all others. It arrives when it is due, but
// always later than the frame before it.
func (l *line) fly(frame []byte, due int64) {
	l.last = l.onLane(max(due, l.last+1))
	l.flights.push(flight{l.last, l.clone(frame)})
}

// landed removes the first frame if it is due and returns it. The caller releases it.
func (l *line) landed(now int64) ([]byte, bool) {
	if l.flights.len() == 0 || l.flights.front().due > now {
		return nil, false
	}
	return l.flights.pop().frame, true
}

// arm sets the timer for the given instant. A timer that is late or early does
// no harm: arrive looks at the clock and delivers what is due.
func (l *line) arm(instant int64) {
	if l.armed == instant {
		return
	}
	l.armed = instant
	wait := time.Duration(instant - l.now())
	if l.timer == nil {
		l.timer = time.AfterFunc(wait, l.arrive)
		return
	}
	l.timer.Reset(wait)
}

// stop loses all frames under way and leaves no timer behind.
func (l *line) stop() {
	if l.timer != nil {
		l.timer.Stop()
	}
	l.armed = 0
	l.flights = queue[flight]{}
}
