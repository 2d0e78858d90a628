package stack

import "errors"

// This file belongs to stack.go: it knows all protocols above IPv4.

// errICMPUnwanted is the reason to drop an ICMP error that is of interest to nobody.
var errICMPUnwanted = errors.New("ICMP: error about something that nobody waits for")

// receiveDatagram hands a datagram that is for us, and whole, to its protocol. The
// payload, and the options in h, are good until it returns: who wants to keep some
// must copy them.
func (s *Stack) receiveDatagram(h *ipv4Header, payload []byte) error {
	switch h.protocol {
	case protocolICMP:
		return s.receiveICMP(h, payload)
	case protocolTCP:
		return s.receiveTCP(h, payload)
	}
	s.sendProtocolUnreachable(h)
	return errIPv4Protocol
}

// datagramFailed tells the protocol that sent a datagram what became of it. h and
// payload are its beginning; how much of it there is, nobody promises. reason is an
// icmpError if somebody on the way says so, else one of those that dropPacket
// knows: it never left. The error is nil if that was of interest to anybody.
func (s *Stack) datagramFailed(h ipv4Header, payload []byte, reason error) error {
	switch h.protocol {
	case protocolICMP:
		return s.echoFailed(h, payload, reason)
	case protocolTCP:
		return s.segmentFailed(h, payload, reason)
	}
	return errICMPUnwanted
}

// unsent is told of a packet that dropPacket drops.
func (s *Stack) unsent(etherType uint16, packet []byte, reason error) {
	if etherType != etherTypeIPv4 {
		return
	}
	var h ipv4Header
	if payload, err := h.parse(packet); err == nil && h.offset == 0 {
		_ = s.datagramFailed(h, payload, reason) // dropped already, if it is of no interest
	}
}

// describeDatagram says what an IPv4 datagram is, in tcpdump's words.
func describeDatagram(b []byte) string {
	var h ipv4Header
	payload, err := h.parse(b)
	switch {
	case err != nil && !errors.Is(err, errIPv4Checksum):
		return describeBadIPv4(b, err)
	case err != nil:
		return describeIPv4(h) + " [" + err.Error() + "]"
	case h.offset > 0:
		return describeIPv4(h) + describeProtocol(h, payload)
	case h.protocol == protocolICMP:
		return describeIPv4(h) + describeICMP(payload)
	case h.protocol == protocolTCP:
		return describeTCP(h, payload)
	}
	return describeIPv4(h) + describeProtocol(h, payload)
}
