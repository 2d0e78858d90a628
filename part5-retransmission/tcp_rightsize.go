package main

import "time"

// Buffers that fit. A window bounds the speed: no more than one window gets through in
// a round trip. One that is large enough for any path would cost too much memory for the
// many connections that need little. So buffers grow with what passes through them in a
// round trip: if the user takes as much as there is, there may be more to have.
const (
	maxBuffer = 8 << 20 // about the largest window that can be said with ourWindowShift

	// nearBuffer is enough if a round trip can be shorter than nearRTT. More would only
	// make the kernel lose frames, which keeps no more than 1000 for a TAP device.
	nearBuffer = 1 << 20
	nearRTT    = 2 * time.Millisecond
)

// rightSize counts what the user takes.
type rightSize struct {
	since time.Duration // when counting began
	taken int           // bytes since then

	rtt    minRTT        // the shortest round trip, by what the peer sends
	edge   seqNum        // what has this number is sent when the peer has had an answer
	edgeAt time.Duration // to what had come by then
}

// Whoever only receives has nothing on its way that would be acknowledged. What it sees of a
// round trip is the time from an ACK to the data that the peer sends when it has that. The
// peer may have been waiting for something else, so it is no less, and often more: as for
// the sender, the shortest counts.

// echoed is told of new data with a timestamp that the peer has from our ACK.
func (c *Conn) echoed(echo uint32, now time.Duration) {
	if took := int32(c.ts.value(now) - echo); took >= 0 {
		c.rcv.size.rtt.add(time.Duration(took)*timestampTick, now, c.rto.timeout())
	}
}

// watchEdge does without timestamps: what is behind the edge of the window that the peer
// knows now can come in a round trip, and no sooner.
func (c *Conn) watchEdge() {
	size := &c.rcv.size
	if c.ts.on || size.edgeAt > 0 && c.rcv.nxt.leq(size.edge) {
		return
	}
	now := c.s.clock()
	if size.edgeAt > 0 {
		size.rtt.add(now-size.edgeAt, now, c.rto.timeout())
	}
	size.edge, size.edgeAt = c.rcv.told, now
}

// receiverRTT returns the round trip that counts for the receive buffer: that of the
// handshake as long as nothing has come.
func (c *Conn) receiverRTT() *minRTT {
	if c.rcv.size.rtt.rtt == 0 {
		return &c.rto.minRTT
	}
	return &c.rcv.size.rtt
}

// growReceiveBuffer is told that the user has taken n bytes. Once in each round trip it
// makes the buffer twice as large as what was taken in that time, so that a sender which
// doubles its speed, as all do at first, is not held up.
func (c *Conn) growReceiveBuffer(n int) {
	size := &c.rcv.size
	size.taken += n
	c.watchEdge()
	if 2*size.taken <= c.rcv.buff {
		return
	}
	now := c.s.clock()
	if elapsed := now - size.since; elapsed > max(c.receiverRTT().rtt, nearRTT) {
		size.since, size.taken = now, n
		return
	}
	if c.scaling {
		c.rcv.buff = max(c.rcv.buff, min(2*size.taken, c.maxBuffer(c.receiverRTT())))
	}
}

// growBehindGap is told that something has come behind a gap. The user cannot take that
// yet, so it does not count above. But where always something is missing, one round trip's
// data wait for the next one's repairs, and a peer that knows better than to stop for each
// loss would be stopped by our window. A repair may be lost, too, and there are more round
// trips to wait, so the buffer is made four times as large as what waits.
// Without SACK it is not, as an ACK that changes the window is no duplicate (RFC 5681 2).
func (c *Conn) growBehindGap() {
	if !c.scaling || !c.sackOK || c.readable() > 0 { // or the user has not taken what he can
		return
	}
	waiting := 0
	for _, piece := range c.rcv.spans {
		waiting += int(piece.to - piece.from)
	}
	if 4*waiting > c.rcv.buff {
		c.rcv.buff = max(c.rcv.buff, min(4*waiting, c.maxBuffer(c.receiverRTT())))
		c.openWindow()
	}
}

// maxBuffer is how large a buffer of this connection may get, on a path with this round
// trip. Nobody may have more than an eighth of the memory that is left, so that there is
// always some.
func (c *Conn) maxBuffer(path *minRTT) int {
	limit := maxBuffer
	if path.near() {
		limit = nearBuffer
	}
	return min(limit, c.s.tcp.chunks.left()/8)
}
