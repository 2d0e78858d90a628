package main

import "errors"

var errTCPMemory = errors.New("TCP: there is no memory left for data")

// maxChunks is the memory for the data of all connections together: 128 MB. When it is
// used up, what arrives is dropped as if it had been lost, and writers get no more than
// one chunk each.
const maxChunks = 32768

// admit decides whether a segment is looked at, before its sequence number is.
func (c *Conn) admit(seg *segment) error {
	if len(seg.data) > 0 && !c.s.tcp.chunks.hasRoom(len(seg.data)) {
		return errTCPMemory
	}
	return c.checkTimestamp(seg)
}

// left returns how many bytes there are left.
func (pool *chunkPool) left() int { return max(0, maxChunks-pool.used) * chunkLen }

// hasRoom reports whether n bytes more can be kept.
func (pool *chunkPool) hasRoom(n int) bool { return pool.left() > n+chunkLen }
