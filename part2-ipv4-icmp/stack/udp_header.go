package stack

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

const (
	udpHeaderLen = 8                                            // bytes
	udpMaxData   = ipv4MaxLen - ipv4MinHeaderLen - udpHeaderLen // bytes, if there are no IP options
)

// Reasons why a UDP datagram is dropped before its port is looked at.
var (
	errUDPShort     = newDropReason("UDP: datagram is shorter than a header")
	errUDPLength    = newDropReason("UDP: length is less than the header's")
	errUDPTruncated = newDropReason("UDP: length is more than the IP datagram holds")
	errUDPChecksum  = newDropReason("UDP: checksum is wrong")
)

// udpHeader is the header of a UDP datagram (RFC 768).
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|          Source Port          |       Destination Port        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|            Length             |           Checksum            |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                             data
//	+-+-+-+-+-
//
// The length counts header and data, in bytes. The checksum covers both, and a
// pseudo-header: see transportChecksum.
type udpHeader struct {
	srcPort uint16 // where an answer is to go; 0: none is wanted
	dstPort uint16
	length  int // as it came; put computes its own
}

// parse takes the header off a UDP datagram that went from src to dst, and returns the data.
func (h *udpHeader) parse(b []byte, src, dst netip.Addr) ([]byte, error) {
	if err := h.parseHeader(b); err != nil {
		return nil, err
	}
	switch {
	case h.length < udpHeaderLen:
		return nil, errUDPLength
	case h.length > len(b):
		return nil, errUDPTruncated
	}
	b = b[:h.length]
	// "An all zero transmitted checksum value means that the transmitter generated no
	// checksum" (RFC 768). Every other one has to be right: "If a UDP datagram is received
	// with a checksum that is non-zero and invalid, UDP MUST silently discard the datagram."
	// (RFC 1122 4.1.3.4)
	if sum := binary.BigEndian.Uint16(b[6:8]); sum != 0 && transportChecksum(protocolUDP, src, dst, b) != 0 {
		return nil, errUDPChecksum
	}
	return b[udpHeaderLen:], nil
}

// parseHeader reads the header at the beginning of b, which need not hold the whole
// datagram: an ICMP error quotes no more than this for certain.
func (h *udpHeader) parseHeader(b []byte) error {
	if len(b) < udpHeaderLen {
		return errUDPShort
	}
	h.srcPort = binary.BigEndian.Uint16(b[0:2])
	h.dstPort = binary.BigEndian.Uint16(b[2:4])
	h.length = int(binary.BigEndian.Uint16(b[4:6]))
	return nil
}

// put writes the header to the first 8 bytes of b, which has the data behind it, for a
// datagram that goes from src to dst.
func (h *udpHeader) put(b []byte, src, dst netip.Addr) {
	binary.BigEndian.PutUint16(b[0:2], h.srcPort)
	binary.BigEndian.PutUint16(b[2:4], h.dstPort)
	binary.BigEndian.PutUint16(b[4:6], uint16(len(b)))
	b[6], b[7] = 0, 0 // the checksum counts as zero while it is computed
	sum := transportChecksum(protocolUDP, src, dst, b)
	if sum == 0 {
		// "If the computed checksum is zero, it is transmitted as all ones (the equivalent
		// in one's complement arithmetic)." (RFC 768) Zero would mean that there is none.
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(b[6:8], sum)
}

// describeUDP says what a UDP datagram is, or the first fragment of one, in tcpdump's words.
func describeUDP(h ipv4Header, payload []byte) string {
	var u udpHeader
	if err := u.parseHeader(payload); err != nil {
		return fmt.Sprintf("%s[%v], length %d", describeIPv4(h), err, len(payload))
	}
	text := fmt.Sprintf("IP %v.%d > %v.%d: %sUDP, length %d",
		h.src, u.srcPort, h.dst, u.dstPort, describeFragment(h), u.length-udpHeaderLen)
	if h.isFragment() {
		return text // the checksum is that of the whole
	}
	if _, err := u.parse(payload, h.src, h.dst); err != nil {
		return fmt.Sprintf("%s [%v]", text, err)
	}
	return text
}

// addUDP adds the fields of a UDP datagram, or of its first fragment.
func (l *fieldList) addUDP(h *ipv4Header) {
	l.enter("UDP")
	b := l.rest()
	var u udpHeader
	if err := u.parseHeader(b); err != nil {
		l.addBroken("datagram", err)
		return
	}
	l.addNumber(16, "Source Port", "")
	l.addNumber(16, "Destination Port", "")
	l.addNumber(16, "Length", "of header and data, in bytes")
	l.addHex(16, "Checksum", "")
	if !l.quoted && !h.isFragment() { // else not all is there that they speak of
		switch _, err := u.parse(b, h.src, h.dst); err {
		case errUDPLength, errUDPTruncated:
			l.blame("Length", err)
			return
		case errUDPChecksum:
			l.blame("Checksum", err)
		}
	}
	end := l.end
	l.limit(u.length - udpHeaderLen)
	l.addRest("Data", "")
	l.end = end
	l.addRest("surplus", "behind the length, so it is no data")
}
