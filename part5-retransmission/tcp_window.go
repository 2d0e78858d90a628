package main

// minBuffer is how large the buffers of a connection are, in bytes: for RCV.BUFF, "the
// total receive buffer space", as much as a window without a scale can say.
const minBuffer = 65535

// sendBuffer returns how much a user can write before the peer has acknowledged
// anything, in bytes.
func (c *Conn) sendBuffer() int {
	size := minBuffer
	size = max(chunkLen, min(max(size, 2*c.cc.cwnd), c.maxBuffer())) // one window on its way, one to follow it
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
