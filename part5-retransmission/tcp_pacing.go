package main

import "time"

// paceQuantum is how much is sent at once, in time: a timer for each segment would cost
// more than it brings.
const paceQuantum = time.Millisecond

// Pacing spreads a window over the round trip. Without it, whatever one ACK allows goes
// out at once, and a router in the middle of a long path gets half a window in a burst:
// more than its queue has room for, although on average it would have time for all of
// it. Where a round trip takes no time there is nothing to be spread, whatever the average
// says: a few acknowledgments that the peer has delayed are enough to raise that.

// paced reports whether the next segment has to wait, and sees to it that it is sent
// later.
func (c *Conn) paced() bool {
	if c.rto.minRTT.near() || c.sentSegments.flight == 0 {
		return false
	}
	if c.runs(timerPace) {
		return true
	}
	now := c.s.clock()
	if c.cc.paceAt <= now+paceQuantum {
		return false
	}
	c.startTimer(timerPace, c.cc.paceAt-now)
	return true
}

// pace is told that n bytes were sent. In slow start the window is sent twice as fast as
// it would have to be, as it will be twice as large in the next round trip; later, a
// little faster.
func (c *Conn) pace(n int, now time.Duration) {
	window := max(c.cc.cwnd+c.cc.cwnd/5, 1)
	if c.cc.cwnd < c.cc.ssthresh {
		window = max(2*c.cc.cwnd, 1)
	}
	takes := func(n int) time.Duration { return c.rto.srtt * time.Duration(n) / time.Duration(window) }
	credit := takes(initialCwnd(c.effSndMSS())) // a burst that any path is expected to take
	c.cc.paceAt = min(max(c.cc.paceAt, now-credit)+takes(n), now+c.rto.srtt)
}
