package main

import (
	"errors"
	"fmt"
	"net/netip"
)

// The MTU may be anything from what every IPv4 link must carry (RFC 791 3.2) to
// what fits into Linux's TAP device.
const (
	minMTU = 68
	maxMTU = 65521
)

// parseIP reads an IPv4 address.
func parseIP(text string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(text)
	if err != nil || !ip.Is4() {
		return netip.Addr{}, fmt.Errorf("%q is no IPv4 address, such as 10.0.0.1", text)
	}
	return ip, nil
}

// parsePrefix reads a host's address with the length of the part that all hosts
// on its link share, such as 10.0.0.4/24. An empty text is the zero Prefix if
// that is allowed.
func parsePrefix(text string, mayBeEmpty bool) (netip.Prefix, error) {
	if text == "" && mayBeEmpty {
		return netip.Prefix{}, nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || !p.Addr().Is4() {
		return netip.Prefix{}, fmt.Errorf("%q is no address with prefix length, such as 10.0.0.4/24", text)
	}
	ip := p.Addr()
	switch {
	case p.Bits() == 0, !isUnicast(ip):
		return netip.Prefix{}, fmt.Errorf("%v cannot be a host's address on a link", p)
	case p.Bits() < 31 && (!p.Contains(ip.Prev()) || !p.Contains(ip.Next())):
		return netip.Prefix{}, fmt.Errorf("%v is the first or last address of its block, which no host may have", p)
	}
	return p, nil
}

// isUnicast reports whether the IPv4 address ip is one that some host can have (RFC 1122
// 3.2.1.3): none of the blocks 0 ("this network"), 127 (each host itself), 224 (multicast)
// and from 240 on (reserved).
func isUnicast(ip netip.Addr) bool {
	first := ip.As4()[0]
	return first != 0 && first != 127 && first < 224
}

// parseCardMAC reads the MAC address of a single card.
func parseCardMAC(text string) (MAC, error) {
	mac, err := ParseMAC(text)
	switch {
	case err != nil:
		return MAC{}, err
	case mac.isZero():
		return MAC{}, errors.New("all zeros is no card's address")
	case mac.isGroup():
		return MAC{}, errors.New("a single card's address begins with an even byte: this one stands for several cards")
	}
	return mac, nil
}

// checkLink checks that the two ends of the cable can talk to each other.
func checkLink(host, ip netip.Prefix) error {
	switch {
	case !ip.IsValid():
		return errors.New("-ip: this stack needs an address")
	case ip.Bits() == 32:
		return fmt.Errorf("-ip %v: there is no other host in a block of one address", ip)
	case !host.IsValid():
		return nil
	case host.Addr() == ip.Addr():
		return fmt.Errorf("-host and -ip are both %v: each end of the cable needs an address of its own", ip.Addr())
	case !isNeighbour(host, ip.Addr()) || !isNeighbour(ip, host.Addr()):
		return fmt.Errorf("-host %v and -ip %v are not on the same link: neither would ask for the other", host, ip)
	}
	return nil
}

// checkNeighbour checks that the address ip, which the flag name asks for if it is valid, can
// be another host's on our link.
func checkNeighbour(name string, ip netip.Addr, us netip.Prefix) error {
	if !ip.IsValid() || isNeighbour(us, ip) {
		return nil
	}
	return fmt.Errorf("-%s %v is no other host on our link %v", name, ip, us.Masked())
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
