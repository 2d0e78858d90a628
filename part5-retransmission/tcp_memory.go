package main

import (
	"errors"
	"time"
)

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
	end := int(int32(seg.seq.add(len(seg.data)) - c.rcv.read)) // of these data in the buffer
	at := max(0, end-len(seg.data))
	if lacks := c.rcv.text.lacks(at, end-at); lacks > 0 && end > chunkLen && !c.findRoom(lacks) {
		c.s.drop(errTCPMemory)
		seg.data, seg.flags = nil, seg.flags&^flagFIN
	}
	return c.checkTimestamp(seg)
}

// findRoom reports whether there is memory for n bytes, if need be at others' cost.
func (c *Conn) findRoom(n int) bool {
	return c.s.tcp.chunks.hasRoom(n) || c.prune() && c.s.tcp.chunks.hasRoom(n)
}

// findRoomBehindGap is findRoom for data behind a gap.
func (c *Conn) findRoomBehindGap(n int) bool {
	return n == 0 || c.findRoom(n+reservedChunks*chunkLen)
}

// pruneInterval bounds the work of pruning, for which all connections are looked at.
const pruneInterval = 10 * time.Millisecond

// prune throws away what waits behind another connection's gap. That is not acknowledged, so
// it will come again: "the data receiver is permitted to discard data in its queue that has
// not been acknowledged to the data sender, even if the data has already been reported in a
// SACK option" (RFC 2018 8). It is taken from whoever has kept the most for the longest: who
// is honest fills a gap soon, and who only hoards has to send it all again.
func (c *Conn) prune() bool {
	now := c.s.clock()
	if now-c.s.tcp.chunks.prunedAt < pruneInterval {
		return false
	}
	c.s.tcp.chunks.prunedAt = now
	var victim *Conn
	most := 0.0
	for _, other := range c.s.tcp.conns {
		if len(other.rcv.spans) == 0 || other == c {
			continue
		}
		hoards := float64(other.rcv.text.held) * (now - other.rcv.gapAt).Seconds()
		if hoards > most {
			victim, most = other, hoards
		}
	}
	if victim != nil {
		victim.forgetBehindGap()
	}
	return victim != nil
}

// left returns how many bytes there are left.
func (pool *chunkPool) left() int { return max(0, maxChunks-pool.used) * chunkLen }

// hasRoom reports whether n bytes more can be kept.
func (pool *chunkPool) hasRoom(n int) bool { return pool.left() > n+chunkLen }
