package stack

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"syscall"
)

// Reasons why a datagram is dropped because of its addresses, or its protocol.
var (
	errIPv4Source     = newDropReason("IPv4: source address is not a single host's, or our own")
	errIPv4OtherHost  = newDropReason("IPv4: datagram is for another host, and we are no router")
	errIPv4Multicast  = newDropReason("IPv4: for a multicast group, and we are in none")
	errIPv4Broadcast  = newDropReason("IPv4: broadcast, and only UDP's are taken")
	errIPv4LinkCast   = newDropReason("IPv4: for one host, but sent to all cards")
	errIPv4Protocol   = newDropReason("IPv4: no such protocol here")
	errIPv4NoRouteOut = newDropReason("IPv4: no way to send it")
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
	case s.isForAll(&h): // whether anybody here wants it, its port will show
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

// isForAll reports whether a datagram is for all hosts on our link, and may be. UDP alone has
// such: whoever cannot know yet whom to ask, asks all.
func (s *Stack) isForAll(h *ipv4Header) bool {
	return h.protocol == protocolUDP && s.isBroadcast(h.dst)
}

// isUnicast reports whether the IPv4 address ip is one that some host can have (RFC 1122
// 3.2.1.3): none of the blocks 0 ("this network"), 127 (each host itself), 224 (multicast)
// and from 240 on (reserved).
func isUnicast(ip netip.Addr) bool {
	first := ip.As4()[0]
	return first != 0 && first != 127 && first < 224
}

// validSource reports whether ip can be the address of another host (RFC 1122 3.2.1.3): no
// broadcast, no multicast or reserved one, and not our own.
func (s *Stack) validSource(ip netip.Addr) bool {
	return ip.Is4() && isUnicast(ip) && ip != s.ip.Addr() && !s.isBroadcast(ip)
}

// sendIPv4 puts an IPv4 header in front of p and sends it on its way. Of h, the
// caller sets dst and protocol and whatever is not to be zero; source, TTL and
// Identification are filled in here. What does not fit into a frame is cut into
// fragments. p is given back in any case. The error tells why nothing was sent:
// it wraps syscall.ENETUNREACH or syscall.EMSGSIZE. It is for the sender; to count
// a drop, errIPv4NoRouteOut is there.
func (s *Stack) sendIPv4(h ipv4Header, p *packet) error {
	nextHop, err := s.nextHop(h.dst)
	if s.isForAll(&h) {
		nextHop, err = h.dst, nil // all are neighbours, and each is the last
	}
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
	if h.headerLen()+len(p.bytes()) > s.mtu {
		return s.sendFragments(h, nextHop, p, s.mtu)
	}
	s.sendDatagram(&h, nextHop, p)
	return nil
}

// sendDatagram sends what fits into one frame.
func (s *Stack) sendDatagram(h *ipv4Header, nextHop netip.Addr, p *packet) {
	n := len(p.bytes())
	h.put(p.push(h.headerLen()), n)
	switch {
	case nextHop == s.ip.Addr():
		s.sendToSelf(p)
	case s.isForAll(h):
		s.sendFrame(broadcastMAC, etherTypeIPv4, p)
	default:
		s.resolve(nextHop, etherTypeIPv4, p)
	}
}

// nextHop returns the neighbour that a datagram for dst has to be given to: dst itself if
// it is on our link, or ourselves, otherwise the gateway (RFC 1122 3.3.1.1).
func (s *Stack) nextHop(dst netip.Addr) (netip.Addr, error) {
	switch {
	case isNeighbour(s.ip, dst), dst == s.ip.Addr():
		return dst, nil
	case !s.validSource(dst): // no host has such an address
		return dst, fmt.Errorf("%v is not another host's address: %w", dst, syscall.ENETUNREACH)
	case s.ipv4.gateway.IsValid():
		return s.ipv4.gateway, nil
	}
	return dst, fmt.Errorf("%v is not on this link, and there is no gateway: %w", dst, syscall.ENETUNREACH)
}

// nextID returns an Identification for a datagram that may be cut into fragments, and
// therefore needs one that differs from those before it. A datagram that must not be cut
// needs none (RFC 6864 4.1).
//
// One counter serves all destinations, so a host that pings us twice learns how many such
// datagrams we have sent in between. It also bends RFC 6864 4.3, by which no ID may come
// again while fragments of an old datagram can be on their way: with more than 65,536 in a
// minute it does. Datagrams that are not to be cut do not count.
func (s *Stack) nextID() uint16 {
	s.ipv4.id++
	return s.ipv4.id
}

// What we send to our own address comes back in without having been on the cable. It waits
// until the sender has released the lock. Handled at once, it would change things in the
// middle of the call that sent it, and a ping of ourselves, whose answer we send, and
// receive, would go deeper and deeper.
//
// Only that one address leads here. The block 127, "Internal host loopback address.
// Addresses of this form MUST NOT appear outside a host" (RFC 1122 3.2.1.3), belongs to an
// interface that we do not have: as on Linux when lo is down, it cannot be reached.

// maxLooped bounds the datagrams that wait. Linux lets as many wait
// (net.core.netdev_max_backlog), and drops what is more, too.
const maxLooped = 1000

var errLoopFull = newDropReason("IPv4: too many datagrams to ourselves wait")

// loopQueue holds datagrams that we have sent to ourselves.
type loopQueue struct {
	waiting []*packet
	timer   *timer // runs while any wait, without delay: what it calls has the lock for itself
}

func (s *Stack) initLoop() { s.ipv4.loop.timer = newTimer(&s.mu, s.receiveLooped) }

func (s *Stack) closeLoop() {
	s.ipv4.loop.timer.stop()
	s.ipv4.loop.waiting = nil
}

// sendToSelf sends a datagram to ourselves. p is given back when it has arrived.
func (s *Stack) sendToSelf(p *packet) {
	q := &s.ipv4.loop
	if s.closed || len(q.waiting) >= maxLooped {
		s.freePacket(p)
		s.drop(errLoopFull)
		return
	}
	s.traceLooped(p.bytes())
	q.waiting = append(q.waiting, p)
	q.timer.start(0)
}

// takeLooped returns up to max datagrams that wait. The rest is for another time.
func (s *Stack) takeLooped(max int) []*packet {
	q := &s.ipv4.loop
	n := min(max, len(q.waiting))
	batch := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	if len(q.waiting) > 0 {
		q.timer.start(0)
	}
	return batch
}

// arrivesFromSelf is receiveIPv4 for what never left: of its addresses we are sure.
func (s *Stack) arrivesFromSelf(b []byte) error {
	var h ipv4Header
	payload, err := h.parse(b)
	if err != nil {
		return err
	}
	return s.takeDatagram(&h, payload)
}
