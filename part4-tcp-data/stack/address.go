package stack

import (
	"fmt"
	"net"
	"net/netip"
)

// MAC is the address of a network card, 48 bits that its manufacturer burned
// in or, as here, an administrator chose. It means something on one link only;
// no router ever passes it on.
type MAC [6]byte

// broadcastMAC is the address of every card on the link.
var broadcastMAC = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// ParseMAC reads an address such as "02:00:00:00:00:04".
func ParseMAC(text string) (MAC, error) {
	b, err := net.ParseMAC(text)
	if err != nil || len(b) != len(MAC{}) {
		return MAC{}, fmt.Errorf("%q is no MAC address: six bytes in hex, such as 02:00:00:00:00:04", text)
	}
	return MAC(b), nil
}

// String returns the address as six bytes in hex with colons between them.
func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// isGroup reports whether m stands for several cards: the lowest bit of the
// first byte, which is the first bit on the cable, is 1 for a multicast address
// and for the broadcast address (IEEE 802-2014 8.2.2). Nobody may send from one.
func (m MAC) isGroup() bool { return m[0]&1 == 1 }

// isZero reports whether m is 00:00:00:00:00:00, which is no card's address.
func (m MAC) isZero() bool { return m == MAC{} }

// minMTU is what every IPv4 link must carry (RFC 791 3.2), in bytes.
const minMTU = 68

// isUnicast reports whether the IPv4 address ip is one that some host can have (RFC 1122
// 3.2.1.3): none of the blocks 0 ("this network"), 127 (each host itself), 224 (multicast)
// and from 240 on (reserved).
func isUnicast(ip netip.Addr) bool {
	first := ip.As4()[0]
	return first != 0 && first != 127 && first < 224
}

// isNeighbour reports whether ip can be another host's address on the link of a
// host that has the given address. In every link's block of addresses the first
// one, all host bits 0, and the last, all host bits 1, are no host's (RFC 1122
// 3.2.1.3), unless the block has only one or two (RFC 3021).
func isNeighbour(us netip.Prefix, ip netip.Addr) bool {
	if !us.Contains(ip) || ip == us.Addr() {
		return false
	}
	return us.Bits() >= 31 || us.Contains(ip.Prev()) && us.Contains(ip.Next())
}
