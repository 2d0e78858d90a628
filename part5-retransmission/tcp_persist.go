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
	} else {
		c.sendText(c.snd.nxt, min(1, int(c.end()-c.snd.nxt)))
	}
	c.snd.wnd = wnd
}

// noteRefusal is told of an acknowledgment: if it opens the window again and does not
// cover what was sent into the closed one, that was refused.
func (c *Conn) noteRefusal(seg *segment) {
	if c.snd.wnd > 0 || seg.wnd == 0 || seg.ack != c.snd.una {
		return
	}
	live := c.sentSegments.live()
	if len(live) == 1 {
		c.sentSegments.lose(0)
	}
	c.rto.backoff = 0
	c.restartRetransmitTimer() // it was for the probes: what is on its way now has its own time
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
