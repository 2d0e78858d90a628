package main

import "errors"

// This file belongs to stack.go: it knows all protocols above IPv4.

// receiveDatagram hands a datagram that is for us, and whole, to its protocol.
func (s *Stack) receiveDatagram(h ipv4Header, payload []byte) error {
	switch h.protocol {
	case protocolICMP:
		return s.receiveICMP(h, payload)
	}
	s.sendProtocolUnreachable(&h)
	return errIPv4Protocol
}

// datagramFailed tells the protocol that sent a datagram what became of it: h and
// payload are its beginning, at least 8 bytes of it, and reason says who could
// not deliver it, and why.
func (s *Stack) datagramFailed(h ipv4Header, payload []byte, reason error) {
	switch h.protocol {
	case protocolICMP:
		s.echoFailed(h, payload, reason)
	}
}

// unsent is told of a packet that waited for a neighbour in vain.
func (s *Stack) unsent(etherType uint16, packet []byte, reason error) {
	if etherType != etherTypeIPv4 {
		return
	}
	if h, payload, err := parseIPv4(packet); err == nil && h.offset == 0 {
		s.datagramFailed(h, payload, reason)
	}
}

// describeDatagram says what an IPv4 datagram is, in tcpdump's words.
func describeDatagram(b []byte) string {
	h, payload, err := parseIPv4(b)
	switch {
	case err != nil && !errors.Is(err, errIPv4Checksum):
		return describeBadIPv4(b, err)
	case err != nil:
		return describeIPv4(h) + " [" + err.Error() + "]"
	case h.offset > 0:
		return describeIPv4(h) + describeProtocol(h, payload)
	case h.protocol == protocolICMP:
		return describeIPv4(h) + describeICMP(payload)
	}
	return describeIPv4(h) + describeProtocol(h, payload)
}
