package stack

import "time"

// Keep-alives (RFC 9293 3.8.4): a connection on which nobody says anything is asked, now
// and then, whether the peer is still there. They "MUST default to off" (MUST-25).
const (
	// keepAliveIdle "MUST default to no less than two hours" (MUST-28).
	keepAliveIdle = 2 * time.Hour

	keepAliveInterval = 75 * time.Second // between probes that are not answered

	// keepAliveProbes may stay without an answer: an ACK can be lost, so one "MUST NOT"
	// be enough to call the connection dead (MUST-29).
	keepAliveProbes = 9
)

type keepAlive struct {
	idle  time.Duration // 0: off
	heard time.Duration // when something last came from the peer, by the stack's clock
	asked int           // probes since then
}

// SetKeepAlive turns keep-alives on or off (MUST-24).
func (c *Conn) SetKeepAlive(on bool) error {
	if on {
		return c.SetKeepAlivePeriod(keepAliveIdle)
	}
	return c.SetKeepAlivePeriod(0)
}

// SetKeepAlivePeriod sets after how much silence the peer is asked first (MUST-27),
// and turns keep-alives on; or off, with 0.
func (c *Conn) SetKeepAlivePeriod(d time.Duration) error {
	return c.set(func() {
		c.alive = keepAlive{idle: max(d, 0), heard: c.s.clock()}
		c.stopTimer(timerKeepAlive)
		if d > 0 && c.state != stateClosed && c.state != stateTimeWait {
			c.startTimer(timerKeepAlive, d)
		}
	})
}

// putOffKeepAlive is told that the peer has said something.
func (c *Conn) putOffKeepAlive() {
	if c.alive.idle > 0 {
		c.alive.heard, c.alive.asked = c.s.clock(), 0
	}
}

// keepAliveTimeout asks the peer, or gives up. It is asked "only ... when no
// sent data is outstanding" (MUST-26): otherwise the retransmission timer sees to it.
func (c *Conn) keepAliveTimeout() {
	k := &c.alive
	silent := c.s.clock() - k.heard
	switch {
	case k.idle == 0:
		return
	case silent < k.idle:
		c.startTimer(timerKeepAlive, k.idle-silent)
		return
	case k.asked >= keepAliveProbes:
		c.abort(errTimeout)
		return
	case len(c.sentSegments.live()) == 0:
		k.asked++
		c.send(flagACK, c.snd.nxt-1, c.s.newPacket(0)) // "SEG.SEQ = SND.NXT-1", no data (SHLD-12)
	}
	c.startTimer(timerKeepAlive, min(keepAliveInterval, k.idle))
}
