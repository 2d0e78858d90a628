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
