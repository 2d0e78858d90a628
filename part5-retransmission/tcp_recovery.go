package main

// Loss recovery: from the moment a loss is noticed until all that had been sent by then
// is acknowledged. The window is made smaller once in that time, however much is lost.

// startRecovery begins a recovery, unless one is going on. delivered is how much has
// arrived by the ACK that has shown the loss: it is part of what was on its way before.
func (c *Conn) startRecovery(delivered int) {
	if c.cc.recovering {
		return
	}
	c.s.note("TCP %v: segment %d lost, recovery starts", c.remote(),
		c.sentSegments.live()[c.sentSegments.firstLost()].seq-c.snd.iss)
	c.cc.recovering, c.cc.timedOut = true, false
	c.cc.recover = c.snd.nxt
	c.cc.prrFlight = int64(c.snd.nxt-c.sentSegments.live()[0].seq) - int64(c.sentSegments.there-delivered)
	c.cc.prrDelivered, c.cc.prrOut = 0, 0
	c.stopTimer(timerLossProbe)
	c.reduceWindow()
}

// endRecovery ends it when everything is acknowledged that was sent before it began, and
// reports whether it does.
func (c *Conn) endRecovery(ack seqNum) bool {
	if !c.cc.recovering || ack.less(c.cc.recover) {
		return false
	}
	if !c.cc.timedOut {
		c.cc.recover = ack - 1 // nothing was sent again in vain, see duplicateACK
		c.cc.cwnd = c.cc.ssthresh
		if !c.sackOK { // RFC 6582 3.2 step 3, (1): no burst for what has piled up
			mss := c.effSndMSS()
			c.cc.cwnd = min(c.cc.ssthresh, max(c.sentSegments.flight, mss)+mss)
		}
	}
	c.cc.recovering, c.cc.timedOut, c.cc.dups = false, false, 0
	c.rack.recovered()
	c.s.note("TCP %v: recovered", c.remote())
	return true
}

// prepareOutput does what comes before new data.
func (c *Conn) prepareOutput() {
	if c.state == stateClosed {
		return // a reset has come, maybe in the same batch
	}
	if c.rcv.ackNow && (len(c.rcv.spans) > 0 || c.rcv.twice.from != c.rcv.twice.to) {
		c.sendACK() // data would take the ACK along, but not the blocks
	}
	c.restartAfterIdle()
	c.cc.limited = false
	c.retransmitLost()
}

// retransmitLost sends again what is lost, as far as the congestion window allows.
func (c *Conn) retransmitLost() {
	list := &c.sentSegments
	if !c.sending() {
		return
	}
	for i := list.firstLost(); i < len(list.live()); i = list.nextLost(i + 1) {
		sent := &list.live()[i]
		// Without SACK the first one goes in any case: "The lost segment starting at SND.UNA
		// MUST be retransmitted" (RFC 5681 3.2).
		fast := i == 0 && !c.sackOK && !c.cc.timedOut
		if !fast && c.pipe() > 0 && c.pipe()+sent.len() > c.cc.cwnd {
			c.cc.limited = true
			return
		}
		if i > 0 && !sent.seq.in(c.snd.una, c.snd.wnd) {
			return // RFC 9293 3.8.6, SHLD-16: only "between SND.UNA and SND.UNA+SND.WND"
		}
		c.resend(i)
	}
}

// pipe is an estimate of how much is on its way, in bytes (RFC 6675 2). Without SACK each
// duplicate acknowledgment means one segment less.
func (c *Conn) pipe() int {
	return max(0, c.sentSegments.flight-c.cc.dups*c.effSndMSS())
}

// resend sends a segment again. It may be "repackaged": cut in two if segments have to
// be smaller by now; or, if it is the last one, filled up with what came later.
func (c *Conn) resend(i int) {
	list := &c.sentSegments
	sent := list.live()[i]
	if sent.seq == c.snd.iss {
		c.resendSYN()
		return
	}
	mss, queued := c.effSndMSS(), int(c.end()-sent.seq)
	text := min(queued, sent.len()) // without a FIN
	room := c.snd.wnd - int(sent.seq-c.snd.una)
	if more := min(mss, queued, room); i == len(list.live())-1 && more > sent.len() {
		list.removeLast()
		c.sendText(sent.seq, more)
		list.live()[i].resent = true
		return
	}
	if text > mss {
		list.split(i, mss)
		text = mss
	}
	c.sendText(sent.seq, text)
}

// resendSYN sends the SYN again, or the SYN,ACK.
func (c *Conn) resendSYN() {
	flags := uint8(flagSYN)
	if c.state == stateSynReceived {
		flags |= flagACK
	}
	c.cc.synLost = true
	c.send(flags, c.snd.iss, c.s.newPacket(0))
}
