package stack

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

const (
	ipv4MinHeaderLen  = 20    // bytes, without options
	ipv4MaxOptionsLen = 40    // bytes: IHL says no more than 15 words
	ipv4MaxLen        = 65535 // bytes of a datagram: what 16 bits can say
	ipv4DefaultTTL    = 64    // hops (RFC 1122 3.2.1.7; IANA, IP TTL)

	flagDontFragment  = 0x4000
	flagMoreFragments = 0x2000
	fragmentUnit      = 8 // bytes: offsets are counted in these
)

// Protocols: what the payload of a datagram is (IANA, Protocol Numbers).
const (
	protocolICMP = 1
	protocolUDP  = 17
)

// Reasons why a datagram is dropped before its addresses are looked at.
var (
	errIPv4Short     = newDropReason("IPv4: datagram is shorter than a header")
	errIPv4Version   = newDropReason("IPv4: version is not 4")
	errIPv4IHL       = newDropReason("IPv4: IHL is less than 5")
	errIPv4Header    = newDropReason("IPv4: header is longer than the datagram")
	errIPv4Length    = newDropReason("IPv4: total length is less than the header's")
	errIPv4Truncated = newDropReason("IPv4: total length is more than the frame holds")
	errIPv4Checksum  = newDropReason("IPv4: header checksum is wrong")
)

// ipv4Header is the header of an IPv4 datagram (RFC 791 3.1).
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|Version|  IHL  |Type of Service|          Total Length         |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|         Identification        |Flags|      Fragment Offset    |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  Time to Live |    Protocol   |         Header Checksum       |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                       Source Address                          |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                    Destination Address                        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                    Options                    |    Padding    |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// Version, IHL (the header's length in 32-bit words) and the checksum are not
// kept: parse checks them and put computes them.
type ipv4Header struct {
	tos           uint8  // how urgent; since RFC 2474 and 3168 DSCP and ECN
	length        int    // of the whole datagram, as it came; put computes its own
	id            uint16 // which fragments belong together
	dontFragment  bool   // DF: rather lose it than cut it
	moreFragments bool   // MF: this is not the last fragment
	offset        int    // where the payload belongs in the whole one, in bytes
	ttl           uint8  // how many hops are left to it
	protocol      uint8  // what the payload is
	src, dst      netip.Addr
	options       []byte // with padding, a multiple of 4 bytes

	datagram []byte // the whole datagram as it came, to be quoted in ICMP errors
}

// isFragment reports whether h is the header of a part of a datagram only.
func (h *ipv4Header) isFragment() bool { return h.moreFragments || h.offset > 0 }

// headerLen returns the length of the header, in bytes.
func (h *ipv4Header) headerLen() int { return ipv4MinHeaderLen + len(h.options) }

// parse takes the header off a datagram and returns the payload. What follows the
// total length in b is the frame's padding. It fills h, rather than return a new one,
// because so much would be copied at each return.
func (h *ipv4Header) parse(b []byte) ([]byte, error) {
	if err := h.parseHeader(b); err != nil {
		return nil, err
	}
	switch {
	case h.length < h.headerLen():
		return nil, errIPv4Length
	case h.length > len(b):
		return nil, errIPv4Truncated
	case checksum(b[:h.headerLen()]) != 0:
		return nil, errIPv4Checksum
	}
	h.datagram = b[:h.length]
	return b[h.headerLen():h.length], nil
}

// parseHeader reads the header at the beginning of b, which need not hold the whole
// datagram: an ICMP error quotes only its beginning.
func (h *ipv4Header) parseHeader(b []byte) error {
	if len(b) < ipv4MinHeaderLen {
		return errIPv4Short
	}
	headerLen := int(b[0]&0x0f) * 4
	switch {
	case b[0]>>4 != 4:
		return errIPv4Version
	case headerLen < ipv4MinHeaderLen:
		return errIPv4IHL
	case headerLen > len(b):
		return errIPv4Header
	}
	h.tos = b[1]
	h.length = int(binary.BigEndian.Uint16(b[2:4]))
	h.id = binary.BigEndian.Uint16(b[4:6])
	fragment := binary.BigEndian.Uint16(b[6:8])
	h.dontFragment = fragment&flagDontFragment != 0
	h.moreFragments = fragment&flagMoreFragments != 0
	h.offset = int(fragment&0x1fff) * fragmentUnit
	h.ttl, h.protocol = b[8], b[9]
	h.src = netip.AddrFrom4([4]byte(b[12:16]))
	h.dst = netip.AddrFrom4([4]byte(b[16:20]))
	h.options = b[ipv4MinHeaderLen:headerLen]
	return nil
}

// put writes the header to the first headerLen bytes of b, for a payload of n
// bytes.
func (h *ipv4Header) put(b []byte, n int) {
	b[0] = 4<<4 | uint8(h.headerLen()/4)
	b[1] = h.tos
	binary.BigEndian.PutUint16(b[2:4], uint16(h.headerLen()+n))
	binary.BigEndian.PutUint16(b[4:6], h.id)
	fragment := uint16(h.offset / fragmentUnit)
	if h.dontFragment {
		fragment |= flagDontFragment
	}
	if h.moreFragments {
		fragment |= flagMoreFragments
	}
	binary.BigEndian.PutUint16(b[6:8], fragment)
	b[8], b[9] = h.ttl, h.protocol
	b[10], b[11] = 0, 0 // the checksum counts as zero while it is computed
	src, dst := h.src.As4(), h.dst.As4()
	copy(b[12:16], src[:])
	copy(b[16:20], dst[:])
	copy(b[ipv4MinHeaderLen:], h.options)
	binary.BigEndian.PutUint16(b[10:12], checksum(b[:h.headerLen()]))
}

// describeIPv4 says between whom a datagram goes, in tcpdump's words, and if it
// is a fragment, which one.
func describeIPv4(h ipv4Header) string {
	return fmt.Sprintf("IP %v > %v: %s", h.src, h.dst, describeFragment(h))
}

// describeFragment says which fragment a datagram is, if it is one.
func describeFragment(h ipv4Header) string {
	if !h.isFragment() {
		return ""
	}
	more := ""
	if h.moreFragments {
		more = "+" // tcpdump -v writes the flag MF like this
	}
	return fmt.Sprintf("[fragment id %d, offset %d%s] ", h.id, h.offset, more)
}

// describeProtocol names the protocol of a payload that is not looked into.
func describeProtocol(h ipv4Header, payload []byte) string {
	return fmt.Sprintf("ip-proto-%d %d", h.protocol, len(payload))
}

// describeBadIPv4 describes what cannot be read as a datagram.
func describeBadIPv4(b []byte, err error) string {
	return fmt.Sprintf("IP [%v], length %d", err, len(b))
}

// minMTU is what every IPv4 link must carry (RFC 791 3.2), in bytes.
const minMTU = 68

// addIPv4 adds the fields of an IPv4 header that was read into h, and reports whether what is
// after it can be read, too. err is what was wrong.
func (l *fieldList) addIPv4(h *ipv4Header, err error) bool {
	l.enter("IPv4")
	if err == errIPv4Short {
		l.addBroken("header", err)
		return false
	}
	l.addNumber(4, "Version", "")
	l.addNumber(4, "IHL", fmt.Sprintf("a header of %d bytes", 4*l.peek(4)))
	switch err {
	case errIPv4Version:
		l.blame("Version", err)
		return false
	case errIPv4IHL, errIPv4Header:
		l.blame("IHL", err)
		return false
	}
	l.addNumber(6, "DSCP", "")
	l.addNumber(2, "ECN", "")
	l.addNumber(16, "Total Length", "of the datagram, in bytes")
	l.addNumber(16, "Identification", "")
	l.addNumber(3, "Flags", h.flagNames())
	l.addNumber(13, "Fragment Offset", fmt.Sprintf("byte %d of the payload", h.offset))
	l.addNumber(8, "Time to Live", "")
	l.addNumber(8, "Protocol", protocolNames[h.protocol])
	l.addHex(16, "Header Checksum", "")
	l.addIP("Source Address", "")
	l.addIP("Destination Address", "")
	l.addIPv4Options(h.options)
	switch err {
	case errIPv4Length, errIPv4Truncated:
		l.blame("Total Length", err)
		return false
	case errIPv4Checksum:
		l.blame("Header Checksum", err)
	}
	l.limit(h.length - h.headerLen())
	return true
}

// flagNames names the flags that are set.
func (h *ipv4Header) flagNames() string {
	switch {
	case h.dontFragment && h.moreFragments:
		return "DF, MF"
	case h.dontFragment:
		return "DF"
	case h.moreFragments:
		return "MF"
	}
	return ""
}
