package main

// minBuffer is how large the buffers of a connection are, in bytes: for RCV.BUFF, "the
// total receive buffer space", as much as a window without a scale can say.
const minBuffer = 65535

// sendBuffer returns how much a user can write before the peer has acknowledged
// anything, in bytes.
func (c *Conn) sendBuffer() int {
	size := minBuffer
	size = max(chunkLen, min(max(size, 2*c.cc.cwnd), c.maxBuffer(&c.rto.minRTT))) // one window on its way, one to follow it
	return size
}

// openWindow lets the peer send more when the user has taken something, unless that
// would be too little to be worth it, which is the receiver's side of the silly
// window syndrome: without this, a user who reads byte by byte would make the peer
// send byte by byte (RFC 9293 3.8.6.2.2, MUST-39).
//
//	     |<----------- RCV.BUFF ------------>|
//	         1             2            3
//	 ----|---------|------------------|------|----
//	            RCV.NXT               ^
//	                               (fixed)
//
//	1 - RCV.USER: received, and not consumed yet
//	2 - RCV.WND: space that the peer may use
//	3 - space that is not worth telling the peer about
func (c *Conn) openWindow() {
	if !c.receiving() {
		return
	}
	known := max(0, int(int32(c.rcv.told-c.rcv.nxt)))
	free := c.rcv.buff - c.readable()
	// "The suggested SWS avoidance algorithm for the receiver is to keep
	// RCV.NXT+RCV.WND fixed until the reduction satisfies: RCV.BUFF - RCV.USER - RCV.WND
	// >= min( Fr * RCV.BUFF, Eff.snd.MSS )", with Fr = 1/2.
	if free-c.rcv.wnd < min(c.rcv.buff/2, c.effSndMSS()) {
		return
	}
	c.rcv.wnd = free
	// It goes with the next ACK. Only a peer that may be waiting is told at once.
	if free >= 2*known {
		c.sendACK()
	}
}

// maxOverrun is how far, in bytes, a peer may be beyond a closed window: as far as any
// window of ours reaches.
const maxOverrun = 8 << 20

// validACK reports whether a segment does not fit into a window that the peer takes for
// closed, but acknowledges something: "If the RCV.WND is zero, no segments will be
// acceptable, but special allowance should be made to accept valid ACKs" (RFC 9293
// 3.10.7.4). A peer who has sent more than the window had room for, or who asks with an
// old byte whether it has opened, sends nothing else, and we would wait for ever.
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
