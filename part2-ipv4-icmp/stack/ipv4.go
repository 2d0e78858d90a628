package stack

import (
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
)

// Reasons why a datagram is dropped because of its addresses, or its protocol.
var (
	errIPv4Source     = errors.New("IPv4: source address is no single host's, or our own")
	errIPv4OtherHost  = errors.New("IPv4: datagram is for another host, and we are no router")
	errIPv4Multicast  = errors.New("IPv4: for a multicast group, and we are in none")
	errIPv4Broadcast  = errors.New("IPv4: nobody here wants broadcasts")
	errIPv4LinkCast   = errors.New("IPv4: for one host, but sent to all cards")
	errIPv4Protocol   = errors.New("IPv4: no such protocol here")
	errIPv4NoRouteOut = errors.New("IPv4: no way to send it")
)

// ipv4State is what the IPv4 layer keeps.
type ipv4State struct {
	gateway netip.Addr // next hop for what is off the link; not valid: there is none
	id      uint16     // Identification of the last datagram that may be fragmented

	loop loopQueue // from us to us

	reassemblies map[fragmentKey]*reassembly
	begun        uint64 // reassemblies begun, to know the oldest
}

// initIPv4 takes the first Identification at random, so that a host that starts
// again does not reuse those of a moment ago.
func (s *Stack) initIPv4(gateway netip.Addr) {
	s.ipv4.gateway = gateway
	s.ipv4.reassemblies = make(map[fragmentKey]*reassembly)
	s.ipv4.id = uint16(s.random32())
	s.initLoop()
}

func (s *Stack) closeIPv4() {
	s.closeLoop()
	for _, r := range s.ipv4.reassemblies {
		r.timer.stop()
	}
	clear(s.ipv4.reassemblies)
}

// random32 returns 32 bits from the stack's source of randomness. It has no error to
// return: without randomness a host had better not go on.
func (s *Stack) random32() uint32 {
	var b [4]byte
	if _, err := io.ReadFull(s.rand, b[:]); err != nil {
		panic("no randomness: " + err.Error()) // crypto/rand ends the program itself
	}
	return binary.BigEndian.Uint32(b[:])
}

// receiveIPv4 handles the payload of an IPv4 frame. It returns the reason if the
// datagram is dropped.
func (s *Stack) receiveIPv4(eth etherHeader, b []byte) error {
	var h ipv4Header
	payload, err := h.parse(b)
	if err != nil {
		return err
	}
	switch {
	case !s.validSource(h.src):
		// "A host MUST silently discard an incoming datagram containing an IP
		// source address that is invalid by the rules of this section."
		// (RFC 1122 3.2.1.3)
		return errIPv4Source
	case s.isBroadcast(h.dst):
		return errIPv4Broadcast
	case h.dst.IsMulticast():
		return errIPv4Multicast
	case h.dst != s.ip.Addr():
		// "A host MUST silently discard an incoming datagram that is not destined
		// for the host." (RFC 1122 3.2.1.3)
		return errIPv4OtherHost
	case eth.dst == broadcastMAC:
		// "A host SHOULD silently discard a datagram that is received via a
		// link-layer broadcast ... but does not specify an IP multicast or broadcast
		// destination address." (RFC 1122 3.3.6)
		return errIPv4LinkCast
	}
	return s.takeDatagram(&h, payload)
}

// takeDatagram handles a datagram that is for us.
func (s *Stack) takeDatagram(h *ipv4Header, payload []byte) error {
	if err := s.checkOptions(h); err != nil {
		return err
	}
	if h.isFragment() {
		return s.receiveFragment(h, payload)
	}
	return s.receiveDatagram(h, payload)
}

// isBroadcast reports whether ip stands for all hosts on our link: all ones, or
// our block with all ones; and the same with zeros, which 4.2BSD used and which
// "all hosts SHOULD recognize and accept" (RFC 1122 3.3.6).
func (s *Stack) isBroadcast(ip netip.Addr) bool {
	if ip == netip.IPv4Unspecified() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return true
	}
	return s.ip.Contains(ip) && ip != s.ip.Addr() && !isNeighbour(s.ip, ip)
}

// validSource reports whether ip can be the address of another host (RFC 1122
// 3.2.1.3): no broadcast, no multicast or reserved one, and not our own: nobody but us
// may send from it.
func (s *Stack) validSource(ip netip.Addr) bool {
	return ip.Is4() && isUnicast(ip) && ip != s.ip.Addr() && !s.isBroadcast(ip)
}
