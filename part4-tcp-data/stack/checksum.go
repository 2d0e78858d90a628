package stack

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// The Internet checksum (RFC 1071) is the ones' complement of the ones' complement sum of
// all 16-bit words. In ones' complement a carry out of the top comes back in at the bottom.

// checksum returns the checksum of b. Over bytes that contain their own right
// checksum it is 0.
func checksum(b []byte) uint16 { return ^foldSum(addSum(0, b)) }

// transportChecksum returns the checksum of b, header and data of a transport protocol, and of
// the pseudo-header in front of it. That one is never sent: each end puts it together from the
// datagram's IP header, and so notices what has ended up with the wrong host. "This information
// gives protection against misrouted datagrams." (RFC 768)
//
//	0      7 8     15 16    23 24    31
//	+--------+--------+--------+--------+
//	|          source address           |
//	+--------+--------+--------+--------+
//	|        destination address        |
//	+--------+--------+--------+--------+
//	|  zero  |protocol|     length      |
//	+--------+--------+--------+--------+
//
// The length is that of b.
func transportChecksum(protocol uint8, src, dst netip.Addr, b []byte) uint16 {
	from, to := src.As4(), dst.As4()
	pseudo := uint64(binary.BigEndian.Uint32(from[:])) + uint64(binary.BigEndian.Uint32(to[:])) +
		uint64(protocol) + uint64(len(b))
	return ^foldSum(addSum(pseudo, b))
}

// addSum adds the words of b to a sum, which may then be passed on to add more.
// Of several pieces only the last may have an odd length. Numbers that are to be summed,
// too, go into the sum at the start.
func addSum(sum uint64, b []byte) uint64 {
	if len(b) >= 8 {
		sum, b = addLongWords(sum, b)
	}
	return addWords(sum, b)
}

// addWords is the plain loop. The carries gather in the upper 48 bits, which have room for
// those of any packet. An odd byte at the end counts as a word with a zero after it.
func addWords(sum uint64, b []byte) uint64 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint64(b[0]) << 8
	}
	return sum
}

// foldSum brings the carries back in, which leaves 16 bits. Adding them may make new ones.
func foldSum(sum uint64) uint16 {
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	return uint16(sum)
}

// addLongWords does what addWords does, but four words at a time, as one number of 64 bits:
// a full segment has hundreds of words, and a carry comes back in wherever it comes from. It
// returns the rest of b, fewer than 8 bytes. Two sums do not wait for each other's carries,
// so a processor works on both at once. Nor does it matter in which order a machine has the
// bytes of a number: if they are swapped in all words, they are swapped in the sum (RFC 1071
// 2 (B)). Most machines have the lowest byte first, so that is how the words are read here,
// and the sum is swapped once.
func addLongWords(sum uint64, b []byte) (uint64, []byte) {
	var one, two, carry1, carry2 uint64
	for ; len(b) >= 64; b = b[64:] {
		one, carry1 = bits.Add64(one, binary.LittleEndian.Uint64(b), carry1)
		one, carry1 = bits.Add64(one, binary.LittleEndian.Uint64(b[8:]), carry1)
		one, carry1 = bits.Add64(one, binary.LittleEndian.Uint64(b[16:]), carry1)
		one, carry1 = bits.Add64(one, binary.LittleEndian.Uint64(b[24:]), carry1)
		two, carry2 = bits.Add64(two, binary.LittleEndian.Uint64(b[32:]), carry2)
		two, carry2 = bits.Add64(two, binary.LittleEndian.Uint64(b[40:]), carry2)
		two, carry2 = bits.Add64(two, binary.LittleEndian.Uint64(b[48:]), carry2)
		two, carry2 = bits.Add64(two, binary.LittleEndian.Uint64(b[56:]), carry2)
	}
	for ; len(b) >= 8; b = b[8:] {
		one, carry1 = bits.Add64(one, binary.LittleEndian.Uint64(b), carry1)
	}
	swapped := foldSum(uint64(foldSum(one)) + uint64(foldSum(two)) + carry1 + carry2)
	return sum + uint64(bits.ReverseBytes16(swapped)), b
}
