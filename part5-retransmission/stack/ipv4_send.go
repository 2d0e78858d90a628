package stack

import (
	"fmt"
	"net/netip"
	"syscall"
)

// sendIPv4 puts an IPv4 header in front of p and sends it on its way. Of h, the
// caller sets dst and protocol and whatever is not to be zero; source, TTL and
// Identification are filled in here. What does not fit into a frame is cut into
// fragments. p is given back in any case. The error tells why nothing was sent:
// it wraps syscall.ENETUNREACH or syscall.EMSGSIZE. It is for the sender; to count
// a drop, errIPv4NoRouteOut is there.
func (s *Stack) sendIPv4(h ipv4Header, p *packet) error {
	nextHop, err := s.nextHop(h.dst)
	if err != nil {
		s.freePacket(p)
		return err
	}
	h.src = s.ip.Addr()
	if h.ttl == 0 {
		h.ttl = ipv4DefaultTTL
	}
	if !h.dontFragment {
		h.id = s.nextID()
	}
	mtu := s.mtuTo(h.dst)
	if h.headerLen()+len(p.bytes()) > mtu {
		return s.sendFragments(h, nextHop, p, mtu)
	}
	s.sendDatagram(&h, nextHop, p)
	return nil
}

// sendDatagram sends what fits into one frame.
func (s *Stack) sendDatagram(h *ipv4Header, nextHop netip.Addr, p *packet) {
	n := len(p.bytes())
	h.put(p.push(h.headerLen()), n)
	if nextHop == s.ip.Addr() {
		s.sendToSelf(p)
		return
	}
	s.resolve(nextHop, etherTypeIPv4, p)
}

// nextHop returns the neighbour that a datagram for dst has to be given to: dst
// itself if it is on our link, or ourselves, else the gateway (RFC 1122 3.3.1.1).
func (s *Stack) nextHop(dst netip.Addr) (netip.Addr, error) {
	switch {
	case isNeighbour(s.ip, dst), dst == s.ip.Addr():
		return dst, nil
	case !s.validSource(dst): // what nobody sends from, nobody can be sent to
		return dst, fmt.Errorf("%v is no other host's address: %w", dst, syscall.ENETUNREACH)
	case s.ipv4.gateway.IsValid():
		return s.ipv4.gateway, nil
	}
	return dst, fmt.Errorf("%v is not on this link, and there is no gateway: %w", dst, syscall.ENETUNREACH)
}

// nextID returns an Identification for a datagram that may be cut into fragments,
// which needs one that differs from those of the datagrams before it. One that
// must not be cut needs none (RFC 6864 4.1).
//
// One counter serves all destinations, so whoever pings us twice learns how many
// such datagrams we have sent in between. It also bends RFC 6864 4.3, by which no ID
// may come again while fragments of an old datagram can be on their way: with more
// than 65,536 in a minute it does. Datagrams that are not to be cut do not count.
func (s *Stack) nextID() uint16 {
	s.ipv4.id++
	return s.ipv4.id
}

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
