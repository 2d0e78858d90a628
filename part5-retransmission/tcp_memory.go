package main

// maxChunks is the memory for the data of all connections together: 128 MB. When it is
// used up, what arrives is dropped as if it had been lost, and writers get no more than
// one chunk each.
const maxChunks = 32768

// left returns how many bytes there are left.
func (pool *chunkPool) left() int { return max(0, maxChunks-pool.used) * chunkLen }

// hasRoom reports whether n bytes more can be kept.
func (pool *chunkPool) hasRoom(n int) bool { return pool.left() > n+chunkLen }
