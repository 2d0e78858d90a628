package main

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
		c.resend(i)
	} else { // more than one if the window is open by now, and only too small
		c.sendText(c.snd.nxt, min(c.snd.wnd, int(c.end()-c.snd.nxt), c.effSndMSS()))
	}
	c.snd.wnd = wnd
}

// noteRefusal is told of an acknowledgment: if it opens the window again and does not
// cover what was sent into the closed one, that was refused, and goes again at once.
// Otherwise the timer need not run for as long as the probes had backed off; but it is
// not put off. Only "an ACK ... that acknowledges new data" does that (RFC 6298 5.3): a
// window that opens and closes all the time would else have us wait for ever.
func (c *Conn) noteRefusal(seg *segment) {
	if c.snd.wnd > 0 || seg.wnd == 0 || seg.ack != c.snd.una {
		return
	}
	c.rto.backoff = 0
	switch {
	case len(c.sentSegments.live()) == 1:
		c.sentSegments.lose(0)
		c.restartRetransmitTimer()
	case c.runs(timerRetransmit):
		c.startTimer(timerRetransmit, min(c.timeLeft(timerRetransmit), c.rto.timeout()))
	}
}

// acceptableAtPeer returns the number of an ACK instead of SND.NXT. While the peer's window is
// closed that is SND.UNA, even if we have asked with a byte behind it whether it opens: to
// the peer no other number is acceptable, and he would drop the ACK with the segment (RFC
// 9293 3.10.7.4).
func (c *Conn) acceptableAtPeer(seq seqNum) seqNum {
	if c.snd.wnd == 0 && c.snd.una != c.snd.iss {
		return c.snd.una
	}
	return seq
}
