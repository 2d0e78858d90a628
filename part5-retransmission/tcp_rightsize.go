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
}

// growReceiveBuffer is told that the user has taken n bytes. Once in each round trip it
// makes the buffer twice as large as what was taken in that time, so that a sender which
// doubles its speed, as all do at first, is not held up.
func (c *Conn) growReceiveBuffer(n int) {
	size := &c.rcv.size
	size.taken += n
	if 2*size.taken <= c.rcv.buff {
		return
	}
	now := c.s.clock()
	if elapsed := now - size.since; elapsed > max(c.rto.srtt, nearRTT) {
		size.since, size.taken = now, n
		return
	}
	if c.scaling {
		c.rcv.buff = max(c.rcv.buff, min(2*size.taken, c.maxBuffer()))
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
		c.rcv.buff = max(c.rcv.buff, min(4*waiting, c.maxBuffer()))
		c.openWindow()
	}
}

// near reports whether the peer is so close that nothing need ever be on its way for long.
func (c *Conn) near() bool { return c.rto.minRTT < nearRTT }

// maxBuffer is how large the buffers of this connection may get. Nobody may have more
// than an eighth of the memory that is left, so that there is always some.
func (c *Conn) maxBuffer() int {
	limit := maxBuffer
	if c.near() {
		limit = nearBuffer
	}
	return min(limit, c.s.tcp.chunks.left()/8)
}
