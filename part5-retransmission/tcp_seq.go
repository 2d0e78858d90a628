package main

// seqNum is a sequence number: the place of a byte in a connection's stream. It
// has 32 bits and starts anywhere, so it wraps: behind 4,294,967,295 comes 0.
//
// "It is essential to remember that the actual sequence number space is finite,
// though large." (RFC 9293 3.4) Which of two numbers comes first can only be said
// of two that are less than 2^31 apart: the difference, taken as a signed number,
// tells.
type seqNum uint32

// less reports whether a comes before b: a < b in the RFC.
func (a seqNum) less(b seqNum) bool { return int32(a-b) < 0 }

// leq reports whether a comes before b or is b: a =< b in the RFC.
func (a seqNum) leq(b seqNum) bool { return int32(a-b) <= 0 }

// add returns the number n places behind a.
func (a seqNum) add(n int) seqNum { return a + seqNum(n) }

// in reports whether a is one of the n numbers from start on.
func (a seqNum) in(start seqNum, n int) bool { return uint32(a-start) < uint32(n) }
