package stack

import "time"

// Zero-window probing (RFC 9293 3.8.6.1): when the peer's window is 0, it will tell us
// that it is open again with an ACK, which may be lost, and ACKs are not repeated. So we
// ask, by sending a byte that it need not take; the retransmission timer says when.

// watchWindow makes sure that a closed window is probed, if there is something to send
// and nothing on its way that could be answered. "The transmitting host SHOULD send the
// first zero-window probe when a zero window has existed for the retransmission timeout
// period" (SHLD-29), and "increase exponentially the interval" (SHLD-30).
func (c *Conn) watchWindow() {
	waits := c.snd.nxt.less(c.end()) || c.snd.closed && c.snd.nxt == c.end()
	if waits && c.snd.wnd == 0 && len(c.sentSegments.live()) == 0 && !c.runs(timerRetransmit) {
		c.startTimer(timerRetransmit, c.rto.timeout())
	}
}

// probeWindow sends "at least one octet of new data (if available)": one that was never
// sent, or again the segment i.
func (c *Conn) probeWindow(i int) {
	if !c.sending() {
		return
	}
	wnd := c.snd.wnd
	c.snd.wnd = max(wnd, 1)
	if i >= 0 {
		c.resend(i, "window probe")
	} else { // more than one if the window is open by now, and only too small
		c.sendText(c.snd.nxt, min(c.snd.wnd, int(c.end()-c.snd.nxt), c.effSndMSS()))
	}
	c.snd.wnd = wnd
}

// noteRefusal looks at an acknowledgment that comes while the window is closed: if it opens
// the window and does not cover what was sent into the closed one, that was refused, and
// goes again at once. Otherwise the timer need not run for as long as the probes had backed
// off; but it is not put off. Only "an ACK ... that acknowledges new data" does that (RFC
// 6298 5.3): a window that opens and closes all the time would otherwise have us wait
// forever.
func (c *Conn) noteRefusal(seg *segment) {
	if seg.wnd == 0 || seg.ack != c.snd.una {
		return
	}
	c.rto.backoff = 0
	switch {
	case len(c.sentSegments.live()) == 1:
		c.lose(0, "refused by a closed window")
		c.restartRetransmitTimer()
	case c.runs(timerRetransmit):
		c.startTimer(timerRetransmit, min(c.timeLeft(timerRetransmit), c.rto.timeout()))
	}
}

// noteSign notes that the peer has answered, although nothing new is acknowledged: as long
// as it keeps its window closed, that is all that is asked of it (RFC 9293 3.8.6.1,
// MUST-37). Once the user has closed, that must not go on forever (RFC 6429 3).
func (c *Conn) noteSign() {
	if !c.user.closed {
		c.rto.since, c.rto.sign = 0, true
	}
}

// Keep-alives (RFC 9293 3.8.4): on a silent connection the peer is asked, now and then,
// whether it is still there. They "MUST default to off" (MUST-25).
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

// putOffKeepAlive is called when the peer has said something.
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
