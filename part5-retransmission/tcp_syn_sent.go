package main

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
	c.readOptions(seg.options)
	c.setSendWindow(seg)
	if seg.has(flagACK) {
		c.feedback(seg)
		c.snd.una = seg.ack
		c.establish()
		c.sendACK()
		return c.arrivesBehindSYN(seg)
	}
	// The peer's SYN has met ours on the way: a simultaneous open.
	c.setState(stateSynReceived)
	c.send(flagSYN|flagACK, c.snd.iss, c.s.newPacket(0))
	return nil
}
