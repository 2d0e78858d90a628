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
	tag
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
// always later than the frame before it. Only a frame that was postponed under
// way may come after it.
func (l *line) fly(frame []byte, due int64, t tag) *flight {
	f := l.insert(flight{l.onLane(max(due, l.last+1)), l.clone(frame), t})
	l.last = f.due
	return f
}

// insert puts a flight where its due says, and makes it later where another one
// arrives in that instant.
func (l *line) insert(f flight) *flight {
	i := l.flights.len()
	for i > 0 && l.flights.at(i-1).due > f.due {
		i--
	}
	for i > 0 && l.flights.at(i-1).due == f.due {
		f.due += lanes
		for i < l.flights.len() && l.flights.at(i).due <= f.due {
			i++
		}
	}
	l.flights.insert(i, f)
	return l.flights.at(i)
}

// landed removes the first flight if it is due and returns it. The caller releases its frame.
func (l *line) landed(now int64) (flight, bool) {
	if l.flights.len() == 0 || l.flights.front().due > now {
		return flight{}, false
	}
	return l.flights.pop(), true
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
