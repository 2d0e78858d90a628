package main

import (
	"fmt"
	"net/netip"
	"syscall"
)

// sendFragments cuts a datagram that is longer than the MTU into pieces that fit
// (RFC 791 2.3 and 3.2). Each becomes a datagram of its own with the same
// Identification, the offset of its piece, and, but for the last, the flag MF.
func (s *Stack) sendFragments(h ipv4Header, nextHop netip.Addr, p *packet, mtu int) error {
	defer s.freePacket(p)
	rest := p.bytes()
	switch {
	case h.dontFragment:
		return fmt.Errorf("%d bytes do not fit into an MTU of %d: %w", h.headerLen()+len(rest), mtu, syscall.EMSGSIZE)
	case h.headerLen()+len(rest) > ipv4MaxLen:
		return fmt.Errorf("%d bytes do not fit into a datagram: %w", h.headerLen()+len(rest), syscall.EMSGSIZE)
	}
	for len(rest) > 0 {
		// "The data of the long datagram is divided into two portions on a 8 octet
		// (64 bit) boundary" (RFC 791 2.3): all but the last are multiples of 8. An
		// MTU below minMTU, in which that might come to nothing, is not believed.
		n := max(mtu, minMTU) - h.headerLen()
		n -= n % fragmentUnit
		h.moreFragments = n < len(rest)
		n = min(n, len(rest))
		piece := s.newPacket(n)
		copy(piece.bytes(), rest)
		s.sendDatagram(&h, nextHop, piece)
		rest = rest[n:]
		h.offset += n
		h.options = copiedOptions(h.options)
	}
	return nil
}
