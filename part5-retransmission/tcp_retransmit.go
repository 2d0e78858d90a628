package main

import (
	"fmt"
	"syscall"
	"time"
)

const (
	// thresholdR1 is after how many retransmissions the layer below is told that
	// something may be wrong: "at least 3 retransmissions" (RFC 9293 3.8.3, SHLD-10).
	thresholdR1 = 3

	// userTimeout is how long the peer may be silent: the threshold R2, "at least 100
	// seconds" (3.8.3, SHLD-11). SetUserTimeout changes it (MUST-21).
	userTimeout = 5 * time.Minute

	// openTimeout is R2 for our SYN: "at least 3 minutes" (3.8.3, MUST-23).
	openTimeout = 3 * time.Minute

	// acceptTimeout is R2 for our SYN,ACK. It bends MUST-23, for it is strangers who
	// decide how many half-open connections there are.
	acceptTimeout = time.Minute

	// closeTimeout is R2 when nobody uses the connection any more.
	closeTimeout = 100 * time.Second
)

// errTimeout ends a connection whose peer does not answer.
var errTimeout = fmt.Errorf("the peer does not answer: %w", syscall.ETIMEDOUT)

// restartRetransmitTimer is for when something new was acknowledged: "restart the
// retransmission timer so that it will expire after RTO seconds" (RFC 6298 5.3), or,
// "when all outstanding data has been acknowledged, turn off the retransmission timer"
// (5.2).
func (c *Conn) restartRetransmitTimer() {
	c.stopTimer(timerLossProbe) // output starts it again
	if len(c.sentSegments.live()) == 0 {
		c.stopTimer(timerRetransmit)
		return
	}
	c.startTimer(timerRetransmit, c.rto.timeout())
}

// timeLeft returns how long a timer still runs.
func (c *Conn) timeLeft(which connTimer) time.Duration {
	return c.timers.due[which] - c.s.clock()
}

// lossTimeout is for the timers that notice that something is missing.
func (c *Conn) lossTimeout(which connTimer) {
	switch which {
	case timerRetransmit:
		c.retransmitTimeout()
	case timerReorder:
		c.reorderTimeout()
	case timerLossProbe:
		c.probeTail()
	case timerPace:
		c.output()
	case timerKeepAlive:
		c.keepAliveTimeout()
	}
}

// retransmitTimeout is for when the timer expires (RFC 6298 5.4 to 5.6): there was no
// answer for as long as an RTO.
func (c *Conn) retransmitTimeout() {
	now := c.s.clock()
	if c.rto.since == 0 {
		c.rto.since = now
		if len(c.sentSegments.live()) > 0 && !(c.rto.sign && c.snd.wnd == 0) { // else what was asked is answered
			c.rto.since -= c.rto.timeout()
		}
	}
	c.rto.sign = false
	if now-c.rto.since >= c.thresholdR2() {
		c.giveUp()
		return
	}
	waited := c.rto.timeout()
	c.rto.backoff++
	if c.rto.backoff >= thresholdR1 {
		c.s.negativeAdvice(c.remote().Addr())
	}
	switch live := c.sentSegments.live(); {
	case len(live) == 0:
		c.probeWindow(-1)
	case c.snd.wnd == 0 && live[0].seq != c.snd.iss:
		c.probeWindow(0)
	default:
		c.s.note("TCP %v: no answer for %v, sending again from %d", c.remote(), waited.Round(time.Millisecond), live[0].seq-c.snd.iss)
		c.collapseWindow()
		c.resend(0)
	}
	if c.state != stateClosed { // the SYN may have failed at once
		c.startTimer(timerRetransmit, c.rto.timeout())
	}
}

// thresholdR2 is how long to go on.
func (c *Conn) thresholdR2() time.Duration {
	switch {
	case c.state == stateSynSent:
		return openTimeout
	case c.state == stateSynReceived:
		return acceptTimeout
	case c.user.closed:
		return closeTimeout
	}
	return c.user.timeout
}

// giveUp ends the connection: "close the connection", when the threshold R2 is reached.
// If a router has told why the peer cannot be reached, the user learns that.
func (c *Conn) giveUp() {
	err := errTimeout
	if c.soft != nil {
		err = fmt.Errorf("the peer does not answer: %w", c.soft)
	}
	c.abort(err)
}

// SetUserTimeout sets how long the peer may leave what we sent without an answer before
// the connection is given up. 0 stands for the default, five minutes.
func (c *Conn) SetUserTimeout(d time.Duration) error {
	return c.set(func() {
		c.user.timeout = d
		if d <= 0 {
			c.user.timeout = userTimeout
		}
	})
}
