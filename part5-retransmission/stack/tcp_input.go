package stack

// arrivesInClosed is SEGMENT ARRIVES of RFC 9293 3.10.7.1, CLOSED STATE: no connection has
// these addresses and ports, and there is no listener.
func (s *Stack) arrivesInClosed(key connKey, seg *segment) error {
	// "All data in the incoming segment is discarded. An incoming segment
	// containing a RST is discarded. An incoming segment not containing a RST
	// causes a RST to be sent in response."
	if seg.has(flagRST) {
		return errTCPRST
	}
	s.sendReset(key, seg)
	return errTCPNoListener
}

// arrivesInSynSent is SEGMENT ARRIVES of RFC 9293 3.10.7.3, SYN-SENT STATE.
func (c *Conn) arrivesInSynSent(seg *segment) error {
	// First, check the ACK bit.
	if seg.has(flagACK) && (seg.ack.leq(c.snd.iss) || c.snd.nxt.less(seg.ack)) {
		// "If SEG.ACK =< ISS or SEG.ACK > SND.NXT, send a reset (unless the RST bit
		// is set, if so drop the segment and return)": an old connection's half.
		if !seg.has(flagRST) {
			c.s.sendReset(c.key, seg)
		}
		return errTCPBadACK
	}
	// Second, check the RST bit.
	if seg.has(flagRST) {
		if !seg.has(flagACK) {
			return errTCPRST
		}
		c.remove(errRefused)
		return nil
	}
	// Third, check the security: IPv4 hosts no longer have any.

	// Fourth, check the SYN bit.
	if !seg.has(flagSYN) {
		// Fifth, "if neither of the SYN or RST bits is set, then drop the segment".
		return errTCPNoSYN
	}
	c.rcv.irs, c.rcv.nxt = seg.seq, seg.seq+1
	c.readOptions(seg)
	c.setSendWindow(seg)
	if seg.has(flagACK) {
		c.onACK(seg)
		c.snd.una = seg.ack
		c.establish()
		c.sendACK()
		return c.arrivesAfterSYN(seg)
	}
	// The peer's SYN has met ours on the way: a simultaneous open.
	c.setState(stateSynReceived)
	c.send(flagSYN|flagACK, c.snd.iss, c.s.newPacket(0))
	return nil
}

// arrivesAfterSYN handles the text and controls that came with a SYN,ACK.
func (c *Conn) arrivesAfterSYN(seg *segment) error {
	c.arrivesURG(seg) // first, as the urgent pointer counts from where the SYN is
	seg.seq, seg.flags = seg.seq+1, seg.flags&^flagSYN
	if err := c.arrivesText(seg); err != nil {
		return err
	}
	return c.arrivesFIN(seg)
}

// segmentArrives is SEGMENT ARRIVES (RFC 9293 3.10.7) for a segment that belongs to
// this connection. It returns the reason if the segment is dropped.
func (c *Conn) segmentArrives(seg *segment) error {
	c.touch()
	if c.state == stateSynSent {
		return c.arrivesInSynSent(seg)
	}
	return c.arrivesInOtherStates(seg)
}

// arrivesInOtherStates is SEGMENT ARRIVES of RFC 9293 3.10.7.4, Other States, with
// its eight checks.
func (c *Conn) arrivesInOtherStates(seg *segment) error {
	// First, check sequence number, and before it the timestamp (RFC 7323 5.3, R1).
	if err := c.checkTimestamp(seg); err != nil {
		return err
	}
	fits := c.acceptable(seg)
	if !fits && (c.rcv.wnd > 0 || seg.seq != c.rcv.nxt) {
		return c.arrivesOutside(seg)
	}
	if !fits {
		// "If the RCV.WND is zero, no segments will be acceptable, but special
		// allowance should be made to accept valid ACKs, URGs, and RSTs": data and FIN
		// do not fit, but the rest is looked at.
		seg.data, seg.flags = nil, seg.flags&^flagFIN
	}
	// Second, check the RST bit.
	if seg.has(flagRST) {
		return c.arrivesRST(seg)
	}
	// Third, check security: IPv4 hosts no longer have any.

	// Fourth, check the SYN bit.
	if seg.has(flagSYN) {
		return c.arrivesAnotherSYN()
	}
	// Fifth, check the ACK field.
	if err := c.arrivesACK(seg); err != nil || c.state == stateClosed {
		return err
	}
	// Sixth, check the URG bit.
	c.arrivesURG(seg)

	// Seventh, process the segment text.
	if err := c.arrivesText(seg); err != nil {
		return err
	}

	// Eighth, check the FIN bit.
	if err := c.arrivesFIN(seg); err != nil {
		return err
	}

	if !fits {
		c.sendACK()
		return errTCPWindow
	}
	return nil
}

// arrivesOutside is the first check's answer to a segment that is outside of the
// window: "an acknowledgment should be sent in reply (unless the RST bit is set, if so
// drop the segment and return)".
func (c *Conn) arrivesOutside(seg *segment) error {
	switch {
	case seg.has(flagRST):
	case c.crossed(seg):
		c.sendACK()
		c.onACK(seg)
		c.snd.una = seg.ack
		c.setSendWindow(seg)
		c.establish()
		return nil
	case c.validACK(seg):
		return c.arrivesAtClosedWindow(seg)
	case c.isKeepAlive(seg):
		c.heard()
		c.sendACK()
	case c.asksAgain(seg):
		c.echoNewer(seg)
		c.resend(0, "asked again")
		return nil
	case seg.has(flagSYN):
		c.challenge(challengeSYN)
	case seg.len() == 0, !c.isNear(seg):
		c.challenge(challengeOutside) // limited: two ends that disagree would answer each other forever
	default:
		c.heard()
		c.noteDuplicate(seg)
		c.sendACK() // what is sent again must be acknowledged again
	}
	return errTCPWindow
}

// maxOverrun is how far, in bytes, a peer may be beyond a closed window: as far as any
// window of ours reaches.
const maxOverrun = 8 << 20

// validACK reports whether a segment does not fit into a window that the peer takes for
// closed, but acknowledges something: "If the RCV.WND is zero, no segments will be
// acceptable, but special allowance should be made to accept valid ACKs" (RFC 9293
// 3.10.7.4). A peer that has sent more than the window had room for, or that asks with an
// old byte whether it has opened, sends nothing else, and we would wait forever.
func (c *Conn) validACK(seg *segment) bool {
	beyond := int(int32(seg.seq - c.rcv.nxt))
	return c.rcv.wnd>>c.rcv.shift == 0 && max(beyond, -beyond) <= maxOverrun && c.state != stateSynReceived &&
		seg.has(flagACK) && !seg.has(flagSYN) && c.snd.una.less(seg.ack) && seg.ack.leq(c.snd.nxt)
}

// arrivesAtClosedWindow takes the acknowledgment and the window of such a segment, and
// nothing else. It counts as if it were the next one: with its own number in SND.WL1, the
// windows in all that the peer sends again would seem to be old ones.
func (c *Conn) arrivesAtClosedWindow(seg *segment) error {
	if seg.len() > 0 {
		c.sendACK()
	}
	seg.seq = c.rcv.nxt
	return c.arrivesACK(seg)
}

// asksAgain reports whether a segment is the SYN that we have answered already: the answer
// must have been lost. An ACK without a SYN, which is what else a segment outside of the
// window gets, would mean nothing to a peer in SYN-SENT.
func (c *Conn) asksAgain(seg *segment) bool {
	return c.state == stateSynReceived && seg.seq == c.rcv.irs && seg.has(flagSYN) && !seg.has(flagACK)
}

// isKeepAlive reports whether a segment asks whether we are still there, or whether our
// window is still closed: with "SEG.SEQ = SND.NXT-1" (RFC 9293 3.8.4), so that we have to
// answer. Only the peer knows this number and ours, so the answer need not be limited. Nor
// can two ends that disagree ask each other in this way forever: if each has a number that
// is one too low for the other, each acknowledges more than the other has sent.
func (c *Conn) isKeepAlive(seg *segment) bool {
	return seg.len() == 0 && seg.seq == c.rcv.nxt-1 && c.knowsUs(seg)
}

// isNear reports whether a segment that is outside of the window is no further from it than
// any window of ours can be long, and acknowledges what its sender can only have from us.
// That is the peer, sending something again, or too much; a stranger would have to guess
// two numbers.
func (c *Conn) isNear(seg *segment) bool {
	reach := 0xffff << c.rcv.shift
	return seg.seq.in(c.rcv.nxt.add(-reach), 2*reach) && c.knowsUs(seg)
}

// knowsUs reports whether a segment acknowledges what its sender can only have from us:
// "the ACK value is acceptable only if it is in the range of ((SND.UNA - MAX.SND.WND) =<
// SEG.ACK =< SND.NXT)" (RFC 9293 3.10.7.4, from RFC 5961 5.2).
func (c *Conn) knowsUs(seg *segment) bool {
	return seg.has(flagACK) && seg.ack.leq(c.snd.nxt) && !seg.ack.less(c.snd.una-seqNum(c.snd.maxWnd))
}

// crossed reports whether a segment is the SYN,ACK of a peer whose SYN has met ours.
// Figure 7 of RFC 9293 3.5 has it open the connection, although its sequence number
// is that of the SYN, which is not acceptable any more.
func (c *Conn) crossed(seg *segment) bool {
	return c.state == stateSynReceived && c.listener == nil &&
		seg.has(flagSYN|flagACK) && seg.seq == c.rcv.irs && seg.ack == c.snd.nxt
}

// acceptable is table 6 of RFC 9293 3.10.7.4: whether any of the segment's sequence
// space is in the window.
func (c *Conn) acceptable(seg *segment) bool {
	n := seg.len()
	switch {
	case n == 0 && c.rcv.wnd == 0:
		return seg.seq == c.rcv.nxt
	case n == 0:
		return seg.seq.in(c.rcv.nxt, c.rcv.wnd)
	case c.rcv.wnd == 0:
		return false
	}
	return seg.seq.in(c.rcv.nxt, c.rcv.wnd) || seg.seq.add(n-1).in(c.rcv.nxt, c.rcv.wnd)
}

// arrivesRST is the second check. A RST must have exactly the number that we expect next:
// one that only lies in the window may be a guess (RFC 5961 3.2). One outside of the window
// was dropped before.
func (c *Conn) arrivesRST(seg *segment) error {
	switch {
	case seg.seq != c.rcv.nxt:
		c.challenge(challengeRST)
		return errTCPRSTGuess
	case c.state == stateSynReceived && c.listener == nil:
		c.remove(errRefused)
	default: // in SYN-RECEIVED "return this connection to the LISTEN state"
		c.remove(errReset)
	}
	return nil
}

// arrivesAnotherSYN is the fourth check. "RFC 5961 recommends that in these
// synchronized states, if the SYN bit is set, irrespective of the sequence number,
// TCP endpoints MUST send a challenge ACK to the remote peer". A peer that has
// restarted answers it with a RST that we believe.
func (c *Conn) arrivesAnotherSYN() error {
	if c.state == stateSynReceived && c.listener != nil {
		c.remove(errReset) // "return this connection to the LISTEN state"
		return nil
	}
	c.challenge(challengeSYN)
	return errTCPSYN
}

// arrivesACK is the fifth check.
func (c *Conn) arrivesACK(seg *segment) error {
	if !seg.has(flagACK) {
		return errTCPNoACK
	}
	if c.state == stateSynReceived {
		// "If SND.UNA < SEG.ACK =< SND.NXT, then enter ESTABLISHED state"
		if seg.ack.leq(c.snd.una) || c.snd.nxt.less(seg.ack) {
			c.s.sendReset(c.key, seg)
			return errTCPBadACK
		}
		if c.listener != nil && len(c.listener.ready) >= maxBacklog {
			return errTCPBacklog // the peer will send more, and there may be room then
		}
		c.snd.una = seg.ack
		c.setSendWindow(seg)
		c.establish()
		if c.state != stateEstablished {
			return errTCPNoRoom
		}
	}
	if !c.knowsUs(seg) {
		c.challenge(challengeACK)
		return errTCPBadACK
	}
	c.heard()
	if seg.ack.less(c.snd.una) {
		return nil // "if the ACK is a duplicate (SEG.ACK =< SND.UNA), it can be ignored"
	}
	c.onACK(seg)
	c.discardAcked(seg.ack)
	c.snd.una = seg.ack
	// "If (SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK)), set
	// SND.WND": an old segment must not bring back an old window.
	if c.snd.wl1.less(seg.seq) || c.snd.wl1 == seg.seq && c.snd.wl2.leq(seg.ack) {
		c.setSendWindow(seg)
	}
	return nil
}

// setSendWindow takes over the window that a segment gives us: "SND.WND <- SEG.WND,
// SND.WL1 <- SEG.SEQ, SND.WL2 <- SEG.ACK". In a SYN it is not scaled.
func (c *Conn) setSendWindow(seg *segment) {
	c.snd.wnd = int(seg.wnd)
	if !seg.has(flagSYN) {
		c.snd.wnd <<= c.snd.shift
	}
	c.snd.maxWnd = max(c.snd.maxWnd, c.snd.wnd)
	c.snd.wl1, c.snd.wl2 = seg.seq, seg.ack
}

// establish enters ESTABLISHED.
func (c *Conn) establish() {
	c.setState(stateEstablished)
	c.heard()
	c.rcv.read, c.rcv.up = c.rcv.nxt, c.rcv.nxt
	c.s.endTimeWait(c.key)
	c.openCongestion()
	if c.listener != nil {
		c.listener.established(c)
		c.s.countConn(c)
	}
}
