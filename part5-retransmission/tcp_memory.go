package main

import "errors"

var errTCPMemory = errors.New("TCP: there is no memory left for data")

// maxChunks is the memory for the data of all connections together: 128 MB. When it is
// used up, what arrives is dropped as if it had been lost, but for one chunk of each
// connection, and writers get no more than that, either. Peers that close their windows
// can keep all of the memory for as long as they like (RFC 9293 3.8.6.1, MUST-37): with one
// chunk each way, everybody else is still served.
const maxChunks = 32768

// reservedChunks are not for what comes behind a gap: there must be room for what fills
// the gap, or nobody could ever go on.
const reservedChunks = maxChunks / 4

// admit decides whether a segment is looked at, before its sequence number is. Without
// memory its data are lost, but not its acknowledgment, which may free some.
func (c *Conn) admit(seg *segment) error {
	size := int(int32(seg.seq.add(len(seg.data)) - c.rcv.read)) // of the buffer, with these data
	grows := min(size-c.rcv.text.size, len(seg.data))
	if grows > 0 && size > chunkLen && !c.s.tcp.chunks.hasRoom(grows) {
		c.s.drop(errTCPMemory)
		seg.data, seg.flags = nil, seg.flags&^flagFIN
	}
	return c.checkTimestamp(seg)
}

// hasRoomBehindGap reports whether there is room for data that would make the buffer n
// bytes longer, gap and all.
func (pool *chunkPool) hasRoomBehindGap(n int) bool {
	return n <= 0 || pool.hasRoom(n+reservedChunks*chunkLen)
}

// left returns how many bytes there are left.
func (pool *chunkPool) left() int { return max(0, maxChunks-pool.used) * chunkLen }

// hasRoom reports whether n bytes more can be kept.
func (pool *chunkPool) hasRoom(n int) bool { return pool.left() > n+chunkLen }
