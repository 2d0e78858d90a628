package stack

import (
	"encoding/binary"
	"math/bits"
)

// The Internet checksum (RFC 1071) is the ones' complement of the ones'
// complement sum of all 16-bit words. In ones' complement a carry out of the top
// comes back in at the bottom, and therefore it does not matter how the words
// are grouped: four of them can be added at a time, as one 64-bit word, and the
// sum be folded to 16 bits at the end. Nor does it matter in which order a machine has
// the bytes of a number: if they are swapped in all words, they are swapped in the sum
// (RFC 1071 2 (B)). Most machines have the lowest byte first, so that is how the words
// are read here, and the sum is swapped once. The test file has the plain loop.

// checksum returns the checksum of b. Over bytes that contain their own right
// checksum it is 0.
func checksum(b []byte) uint16 { return ^foldSum(addSum(0, b)) }

// addSum adds the words of b to a sum, which may then be passed on to add more.
// Of several pieces only the last may have an odd length: its last byte counts
// as a word with a zero behind it. Numbers that are to be summed, too, go into the
// sum at the start: added later, their carry would be lost.
func addSum(sum uint64, b []byte) uint64 {
	// Each addition waits for the carry of the one before. Two sums do not wait for each
	// other, and a processor works on both at once.
	var swapped, carry, second, carry2 uint64
	for len(b) >= 64 {
		swapped, carry = bits.Add64(swapped, binary.LittleEndian.Uint64(b), carry)
		swapped, carry = bits.Add64(swapped, binary.LittleEndian.Uint64(b[8:]), carry)
		swapped, carry = bits.Add64(swapped, binary.LittleEndian.Uint64(b[16:]), carry)
		swapped, carry = bits.Add64(swapped, binary.LittleEndian.Uint64(b[24:]), carry)
		second, carry2 = bits.Add64(second, binary.LittleEndian.Uint64(b[32:]), carry2)
		second, carry2 = bits.Add64(second, binary.LittleEndian.Uint64(b[40:]), carry2)
		second, carry2 = bits.Add64(second, binary.LittleEndian.Uint64(b[48:]), carry2)
		second, carry2 = bits.Add64(second, binary.LittleEndian.Uint64(b[56:]), carry2)
		b = b[64:]
	}
	swapped, carry = bits.Add64(swapped, second+carry2, carry)
	for len(b) >= 8 {
		swapped, carry = bits.Add64(swapped, binary.LittleEndian.Uint64(b), carry)
		b = b[8:]
	}
	if len(b) >= 4 {
		swapped, carry = bits.Add64(swapped, uint64(binary.LittleEndian.Uint32(b)), carry)
		b = b[4:]
	}
	if len(b) > 0 {
		var rest [8]byte // what is left, with zeros behind it
		copy(rest[:], b)
		swapped, carry = bits.Add64(swapped, binary.LittleEndian.Uint64(rest[:]), carry)
	}
	swapped += carry // which cannot overflow again: after a carry the sum is smaller
	sum, carry = bits.Add64(sum, uint64(bits.ReverseBytes16(foldSum(swapped))), 0)
	return sum + carry
}

// foldSum folds a sum to 16 bits.
func foldSum(sum uint64) uint16 {
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	return uint16(sum)
}
