package stack

// addDatagram adds the fields of an IPv4 datagram.
func (l *fieldList) addDatagram() {
	var h ipv4Header
	_, err := h.parse(l.rest())
	if l.addIPv4(&h, err) && h.offset == 0 {
		l.addPayload(&h)
	}
}

// addQuote adds the fields of a datagram of which an ICMP error quotes the beginning.
func (l *fieldList) addQuote() {
	var h ipv4Header
	err := h.parseHeader(l.rest())
	l.quoted = true
	if l.addIPv4(&h, err) && h.offset == 0 {
		l.addPayload(&h)
	}
}

// addPayload adds the fields of what a datagram carries, or its first fragment.
func (l *fieldList) addPayload(h *ipv4Header) {
	switch h.protocol {
	case protocolICMP:
		l.addICMP(h)
	case protocolUDP:
		l.addUDP(h)
	case protocolTCP:
		l.addTCP(h)
	}
}

// protocolNames has the protocols above IPv4.
var protocolNames = map[uint8]string{protocolICMP: "ICMP", protocolUDP: "UDP", protocolTCP: "TCP"}
