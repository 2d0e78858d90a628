package wire

import "time"

// sender is a cable of limited speed: one frame after the other, each taking its
// bits divided by the rate, and a queue whose tail is dropped when it is full.
type sender struct {
	rate   int64        // bit/s
	queue  int          // frames that may wait, 0: defaultQueue
	free   int64        // the instant from which on the cable is free
	rest   int64        // what the division left over, in 1/rate of a nanosecond
	starts queue[int64] // when each waiting frame begins to be sent
}

// send returns the instant at which the last bit of a frame of the given length
// leaves, or false if the queue is full.
func (s *sender) send(now int64, length int) (int64, bool) {
	for s.starts.len() > 0 && *s.starts.front() <= now {
		s.starts.pop()
	}
	if s.free < now {
		s.free, s.rest = now, 0
	}
	if s.free > now {
		limit := s.queue
		if limit == 0 {
			limit = defaultQueue
		}
		if s.starts.len() >= limit {
			return 0, false
		}
		s.starts.push(s.free)
	}
	// The rest is carried over, so a thousand frames take exactly a thousand
	// times the time of one.
	work := int64(length)*8*int64(time.Second) + s.rest
	s.free += work / s.rate
	s.rest = work % s.rate
	return s.free, true
}
