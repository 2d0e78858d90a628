package stack

import "time"

var errTCPMemory = newDropReason("TCP: there is no memory left for data")

// maxChunks is the memory for the data of all connections together: 128 MB. When it is used
// up, what arrives is dropped as if it had been lost, but for one chunk of each connection,
// and writers get no more than that, either. Peers that close their windows can keep all of
// the memory for as long as they like (RFC 9293 3.8.6.1, MUST-37): with one chunk each way,
// all others are still served.
const maxChunks = 32768

// reservedChunks are not for what comes after a gap: there must be room for what fills the
// gap, or no connection could ever go on.
const reservedChunks = maxChunks / 4

// findRoomForText reports whether there is memory for the data of a segment. Without it they
// are lost, but not their acknowledgment, which may free some.
func (c *Conn) findRoomForText(seg *segment) bool {
	at := int(int32(seg.seq - c.rcv.read)) // of these data in the buffer
	lacks := c.rcv.text.lacks(at, len(seg.data))
	return lacks == 0 || at+len(seg.data) <= chunkLen || c.findRoom(lacks)
}

// findRoom reports whether there is memory for n bytes, taken from others if need be.
func (c *Conn) findRoom(n int) bool {
	return c.s.tcp.chunks.hasRoom(n) || c.prune() && c.s.tcp.chunks.hasRoom(n)
}

// findRoomAfterGap is findRoom for data after a gap.
func (c *Conn) findRoomAfterGap(n int) bool {
	return n == 0 || c.findRoom(n+reservedChunks*chunkLen)
}

// lacks returns how much memory it takes to write n bytes: that of the chunks that are not
// there yet.
func (b *buffer) lacks(at, n int) (memory int) {
	for i := (b.head + at) / chunkLen; i*chunkLen < b.head+at+n; i++ {
		if i >= len(b.chunks) || b.chunks[i] == nil {
			memory += chunkLen
		}
	}
	return memory
}

// pruneInterval bounds the work of pruning, for which all connections are looked at.
const pruneInterval = 10 * time.Millisecond

// prune throws away what waits after another connection's gap. That is not acknowledged, so
// it will come again: "the data receiver is permitted to discard data in its queue that has
// not been acknowledged to the data sender, even if the data has already been reported in a
// SACK option" (RFC 2018 8). It is taken from the peer that has had us keep the most for
// the longest: an honest one fills a gap soon, and one that only hoards has to send it all
// again.
func (c *Conn) prune() bool {
	now := c.s.clock()
	if now-c.s.tcp.chunks.prunedAt < pruneInterval {
		return false
	}
	c.s.tcp.chunks.prunedAt = now
	var victim *Conn
	most := 0.0
	for _, other := range c.s.tcp.conns {
		if len(other.rcv.outOfOrder) == 0 || other == c {
			continue
		}
		hoards := float64(other.rcv.text.held) * (now - other.rcv.gapAt).Seconds()
		if hoards > most {
			victim, most = other, hoards
		}
	}
	if victim != nil {
		victim.forgetAfterGap()
	}
	return victim != nil
}

// truncate forgets all but the first n bytes.
func (b *buffer) truncate(n int) {
	if n == 0 {
		b.release()
		return
	}
	keep := (b.head + n + chunkLen - 1) / chunkLen
	b.held -= b.pool.give(b.chunks[keep:])
	clear(b.chunks[keep:])
	b.chunks, b.size = b.chunks[:keep], n
}

// left returns how many bytes there are left.
func (pool *chunkPool) left() int { return max(0, maxChunks-pool.used) * chunkLen }

// hasRoom reports whether n bytes more can be kept.
func (pool *chunkPool) hasRoom(n int) bool { return pool.left() > n+chunkLen }

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

// An end that only receives has nothing on its way that would be acknowledged. What it sees
// of a round trip is the time from an ACK to the data that the peer sends when it has that.
// The peer may have been waiting for something else, so it is no less, and often more: as
// for the sender, the shortest counts.

// echoed measures the round trip by new data with a timestamp that the peer has from our
// ACK.
func (c *Conn) echoed(echo uint32, now time.Duration) {
	if took := int32(c.ts.value(now) - echo); took >= 0 {
		c.rcv.size.rtt.add(time.Duration(took)*timestampTick, now, c.rto.timeout())
	}
}

// watchEdge does without timestamps: what is beyond the edge of the window that the peer
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
	size.edge, size.edgeAt = c.rcv.adv, now
}

// receiverRTT returns the round trip that counts for the receive buffer: that of the
// handshake as long as nothing has come.
func (c *Conn) receiverRTT() *minRTT {
	if c.rcv.size.rtt.rtt == 0 {
		return &c.rto.minRTT
	}
	return &c.rcv.size.rtt
}

// growReceiveBuffer is called when the user has taken n bytes. Once in each round trip it
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

// growAfterGap is called when something has come after a gap. The user cannot take that
// yet, so it does not count above. But where something is always missing, one round trip's
// data wait for the next one's repairs, and a peer that does not stop for each loss would
// be stopped by our window. A repair may be lost, too, and there are more round trips to
// wait, so the buffer is made four times as large as what waits. Without SACK it is not, as
// an ACK that changes the window is no duplicate (RFC 5681 2).
func (c *Conn) growAfterGap() {
	if !c.scaling || !c.sackOK || c.readable() > 0 { // or the user has not taken what there is
		return
	}
	waiting := 0
	for _, piece := range c.rcv.outOfOrder {
		waiting += int(piece.to - piece.from)
	}
	if 4*waiting > c.rcv.buff {
		c.rcv.buff = max(c.rcv.buff, min(4*waiting, c.maxBuffer(c.receiverRTT())))
		c.openWindow()
	}
}

// maxBuffer is how large a buffer of this connection may get, on a path with this round
// trip. None may have more than an eighth of the memory that is left, so that there is
// always some.
func (c *Conn) maxBuffer(path *minRTT) int {
	limit := maxBuffer
	if path.near() {
		limit = nearBuffer
	}
	return min(limit, c.s.tcp.chunks.left()/8)
}
