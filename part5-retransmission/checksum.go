package main

import (
	"encoding/binary"
	"math/bits"
)

// The Internet checksum (RFC 1071) is the ones' complement of the ones'
// complement sum of all 16-bit words. In ones' complement a carry out of the top
// comes back in at the bottom, and therefore it does not matter how the words
// are grouped: four of them can be added at a time, as one 64-bit word, and the
// sum be folded to 16 bits at the end. The test file has the plain loop.

// checksum returns the checksum of b. Over bytes that contain their own right
// checksum it is 0.
func checksum(b []byte) uint16 { return ^foldSum(addSum(0, b)) }

// addSum adds the words of b to a sum, which may then be passed on to add more.
// Of several pieces only the last may have an odd length: its last byte counts
// as a word with a zero behind it. Numbers that are to be summed, too, go into the
// sum at the start: added later, their carry would be lost.
func addSum(sum uint64, b []byte) uint64 {
	var carry uint64
	for len(b) >= 32 {
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b), carry)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b[8:]), carry)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b[16:]), carry)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b[24:]), carry)
		b = b[32:]
	}
	for len(b) >= 8 {
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(b), carry)
		b = b[8:]
	}
	if len(b) > 0 {
		var rest [8]byte // what is left, with zeros behind it
		copy(rest[:], b)
		sum, carry = bits.Add64(sum, binary.BigEndian.Uint64(rest[:]), carry)
	}
	return sum + carry // which cannot overflow again: after a carry the sum is smaller
}

// foldSum folds a sum to 16 bits.
func foldSum(sum uint64) uint16 {
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	return uint16(sum)
}
