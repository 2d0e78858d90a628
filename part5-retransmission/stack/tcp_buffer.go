package stack

import (
	"slices"
	"time"
)

// chunkLen is the length of a chunk, in bytes: a page of memory.
const chunkLen = 4096

// minFreeChunks is how many chunks are kept for later, at least: 4 MB. As long as more are
// in use, as many as these are kept: what a thousand connections give back they take again
// a moment later.
const minFreeChunks = 1024

// chunkPool has chunks for all buffers of a stack. A chunk is used again and again, so
// that moving data costs no allocation, and an idle connection holds none.
type chunkPool struct {
	free []*[chunkLen]byte
	used int // how many are in buffers

	prunedAt time.Duration // when room was last made, see Conn.prune
}

func (pool *chunkPool) take() *[chunkLen]byte {
	pool.used++
	last := len(pool.free) - 1
	if last < 0 {
		return new([chunkLen]byte)
	}
	chunk := pool.free[last]
	pool.free = pool.free[:last]
	return chunk
}

func (pool *chunkPool) give(chunks []*[chunkLen]byte) (n int) {
	for _, chunk := range chunks {
		if chunk != nil {
			pool.free = append(pool.free, chunk)
			n++
		}
	}
	pool.used -= n
	keep := max(minFreeChunks, pool.used)
	if len(pool.free) > keep {
		clear(pool.free[keep:])
		pool.free = pool.free[:keep]
	}
	return n
}

// buffer holds a piece of a stream. A place in it is counted from its first byte,
// which is the first one that is still needed:
//
//	chunks[0]      chunks[1]      chunks[2]
//	+--------------+--------------+--------------+
//	|  gone  |     |              |       |      |
//	+--------------+--------------+--------------+
//	         ^ head               ^ at    ^
//	         |<------------- size ------->|
//
// It takes as many chunks as it needs, and none while it is empty, nor for a gap in which
// nothing was written. How many it may take is for its user to see to.
type buffer struct {
	pool   *chunkPool
	chunks []*[chunkLen]byte // nil: in a gap
	held   int               // how many are not nil
	head   int               // where the first byte is in chunks[0]
	size   int               // how far data have been written, in bytes
}

// writeAt copies data into the buffer.
func (b *buffer) writeAt(at int, data []byte) {
	b.size = max(b.size, at+len(data))
	for b.head+b.size > len(b.chunks)*chunkLen {
		b.chunks = append(b.chunks, nil)
	}
	for at += b.head; len(data) > 0; {
		chunk := &b.chunks[at/chunkLen]
		if *chunk == nil {
			*chunk = b.pool.take()
			b.held++
		}
		n := copy((*chunk)[at%chunkLen:], data)
		data, at = data[n:], at+n
	}
}

// readAt copies from the buffer into data, all of which must have been written.
func (b *buffer) readAt(at int, data []byte) {
	for at += b.head; len(data) > 0; {
		n := copy(data, b.chunks[at/chunkLen][at%chunkLen:])
		data, at = data[n:], at+n
	}
}

// discard forgets the first n bytes.
func (b *buffer) discard(n int) {
	if n >= b.size {
		b.release()
		return
	}
	b.head, b.size = b.head+n, b.size-n
	gone := b.head / chunkLen
	b.held -= b.pool.give(b.chunks[:gone])
	b.chunks = slices.Delete(b.chunks, 0, gone)
	b.head %= chunkLen
}

// release forgets everything.
func (b *buffer) release() {
	b.pool.give(b.chunks)
	clear(b.chunks)
	b.chunks, b.held, b.head, b.size = b.chunks[:0], 0, 0, 0
}
