package stack

import "net/netip"

// A port says which program on a host a packet is for. A server has one that everybody knows; a
// client takes any that is free, an ephemeral port. Those that IANA has set aside for that begin at 49152
// (RFC 6335 6), but "selection algorithms should use the whole range 1024-65535" (RFC 6056 3.2):
// the more there are, the harder they are to guess.
const (
	firstEphemeralPort = 1024
	ephemeralPorts     = 65536 - firstEphemeralPort
)

// Reasons why a UDP datagram is dropped.
var (
	errUDPPort      = newDropReason("UDP: nobody has opened this port")
	errUDPBroadcast = newDropReason("UDP: broadcast, and whoever has this port takes none")
	errUDPQueue     = newDropReason("UDP: too much waits to be read at this port")
)

// udpState is what the UDP layer keeps.
type udpState struct {
	sockets map[uint16]*UDPSocket // by their ports
}

func (s *Stack) initUDP() { s.udp.sockets = make(map[uint16]*UDPSocket) }

func (s *Stack) closeUDP() {
	for _, u := range s.udp.sockets {
		u.close(errClosed)
	}
}

// receiveUDP puts a datagram into the queue of the socket that has its port. It returns
// the reason if the datagram is dropped.
func (s *Stack) receiveUDP(h *ipv4Header, b []byte) error {
	var header udpHeader
	data, err := header.parse(b, h.src, h.dst)
	if err != nil {
		return err
	}
	u := s.udp.sockets[header.dstPort]
	switch {
	case u == nil:
		// "If a datagram arrives addressed to a UDP port for which there is no pending
		// LISTEN call, UDP SHOULD send an ICMP Port Unreachable message." (RFC 1122 4.1.3.1)
		// Nobody is told of one that was for all: mayComplain sees to that.
		s.sendPortUnreachable(h)
		return errUDPPort
	case s.isBroadcast(h.dst) && !u.broadcast:
		return errUDPBroadcast
	}
	return u.arrives(h, netip.AddrPortFrom(h.src, header.srcPort), data)
}

// udpFailed tells the socket that has sent a datagram what became of it. payload is the
// datagram's beginning. "UDP MUST pass to the application layer all ICMP error messages that it
// receives from the IP layer." (RFC 1122 4.1.3.3)
func (s *Stack) udpFailed(h ipv4Header, payload []byte, reason error) error {
	var header udpHeader
	if err := header.parseHeader(payload); err != nil {
		return errICMPUnwanted
	}
	u := s.udp.sockets[header.srcPort]
	if u == nil {
		return errICMPUnwanted
	}
	u.failed(&UDPError{netip.AddrPortFrom(h.dst, header.dstPort), reason})
	return nil
}
