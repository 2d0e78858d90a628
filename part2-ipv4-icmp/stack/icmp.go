package stack

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Types of ICMP messages (RFC 792; IANA, ICMP Parameters).
const (
	icmpEchoReply        = 0
	icmpUnreachable      = 3
	icmpEcho             = 8
	icmpTimeExceeded     = 11
	icmpParameterProblem = 12
	icmpTimestamp        = 13
)

// Codes, which say more than the type.
const (
	codeNetUnreachable      = 0 // with icmpUnreachable
	codeHostUnreachable     = 1
	codeProtocolUnreachable = 2
	codePortUnreachable     = 3
	codeFragmentationNeeded = 4
	codeReassemblyTime      = 1 // with icmpTimeExceeded
)

// icmpHeaderLen is the length of an ICMP header, in bytes.
const icmpHeaderLen = 8

// Reasons why an ICMP message is dropped before its type is looked at.
var (
	errICMPShort    = newDropReason("ICMP: message is shorter than 8 bytes")
	errICMPChecksum = newDropReason("ICMP: checksum is wrong")
)

// icmpMessage is an ICMP message (RFC 792).
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|     Type      |     Code      |          Checksum             |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|            rest of the header, whose use depends on the type  |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|     Data: in an echo anything, in an error the beginning of
//	|     the datagram that it is about
//	+-+-+-+-+-
//
// The checksum covers all of it.
type icmpMessage struct {
	typ, code uint8
	rest      [4]byte
	data      []byte
}

// id returns the Identifier of an echo: which program's echoes these are.
func (m *icmpMessage) id() uint16 { return binary.BigEndian.Uint16(m.rest[0:2]) }

// seq returns the Sequence Number of an echo: which one of them this is.
func (m *icmpMessage) seq() uint16 { return binary.BigEndian.Uint16(m.rest[2:4]) }

// parseICMP reads an ICMP message.
func parseICMP(b []byte) (icmpMessage, error) {
	m, err := parseICMPHeader(b)
	if err == nil && checksum(b) != 0 {
		err = errICMPChecksum
	}
	return m, err
}

// parseICMPHeader reads a message of which only the beginning may be there, as
// where it is quoted in another one: its checksum cannot be checked.
func parseICMPHeader(b []byte) (icmpMessage, error) {
	if len(b) < icmpHeaderLen {
		return icmpMessage{}, errICMPShort
	}
	return icmpMessage{typ: b[0], code: b[1], rest: [4]byte(b[4:8]), data: b[icmpHeaderLen:]}, nil
}

// put writes the header to the first 8 bytes of b, which has the data after it.
func (m *icmpMessage) put(b []byte) {
	b[0], b[1] = m.typ, m.code
	b[2], b[3] = 0, 0 // the checksum counts as zero while it is computed
	copy(b[4:8], m.rest[:])
	binary.BigEndian.PutUint16(b[2:4], checksum(b))
}

// echoRest returns the rest of the header of an echo.
func echoRest(id, seq uint16) (rest [4]byte) {
	binary.BigEndian.PutUint16(rest[0:2], id)
	binary.BigEndian.PutUint16(rest[2:4], seq)
	return rest
}

// Reasons why an ICMP message is dropped.
var (
	// "If an ICMP message of unknown type is received, it MUST be silently discarded." (RFC
	// 1122 3.2.2) So is source quench, as RFC 6633 wants; and redirects, against RFC 1122
	// 3.2.2.2 ("a host receiving a Redirect message MUST update its routing information
	// accordingly"): we have one gateway only, and any host on the link could send us to
	// another one.
	errICMPType      = newDropReason("ICMP: nothing here handles this type")
	errICMPUnasked   = newDropReason("ICMP: echo reply to what we did not ask")
	errICMPQuote     = newDropReason("ICMP: error quotes no datagram of ours")
	errICMPRateLimit = newDropReason("ICMP: error not sent, there were too many")
)

// icmpState is what the ICMP layer keeps.
type icmpState struct {
	errors tokenBucket // for the errors that we send
	echoes echoTable   // what we wait for
}

func (s *Stack) initICMP()  { s.initEcho() }
func (s *Stack) closeICMP() { s.closeEcho() }

// receiveICMP handles an ICMP message. It returns the reason if it is dropped.
func (s *Stack) receiveICMP(h *ipv4Header, b []byte) error {
	m, err := parseICMP(b)
	if err != nil {
		return err
	}
	switch m.typ {
	case icmpEcho:
		return s.answerEcho(h, m)
	case icmpEchoReply:
		return s.receiveEchoReply(h, m)
	case icmpUnreachable, icmpTimeExceeded, icmpParameterProblem:
		return s.receiveICMPError(h, m)
	}
	return errICMPType
}

// answerEcho sends back what came. "Data received in an ICMP Echo Request MUST be
// entirely included in the resulting Echo Reply." (RFC 1122 3.2.2.6)
func (s *Stack) answerEcho(h *ipv4Header, m icmpMessage) error {
	options := echoOptions(h.options, s.ip.Addr(), millisOfDay(time.Now()))
	reply := icmpMessage{typ: icmpEchoReply, rest: m.rest}
	err := s.sendICMP(ipv4Header{dst: h.src, tos: h.tos, options: options}, reply, m.data)
	if err != nil {
		return errIPv4NoRouteOut
	}
	return nil
}

// sendICMP puts an ICMP header in front of a copy of data and sends it.
func (s *Stack) sendICMP(h ipv4Header, m icmpMessage, data []byte) error {
	p := s.newPacket(len(data))
	copy(p.bytes(), data)
	p.push(icmpHeaderLen)
	m.put(p.bytes())
	h.protocol = protocolICMP
	return s.sendIPv4(h, p)
}

// millisOfDay returns the milliseconds since midnight UTC (RFC 791, timestamp
// option).
func millisOfDay(t time.Time) uint32 {
	return uint32(t.Sub(t.UTC().Truncate(24*time.Hour)) / time.Millisecond)
}

// describeICMP says what an ICMP message is, in tcpdump's words.
func describeICMP(b []byte) string {
	m, err := parseICMPHeader(b)
	if err != nil {
		return fmt.Sprintf("ICMP [%v], length %d", err, len(b))
	}
	what := ""
	switch m.typ {
	case icmpEcho:
		what = fmt.Sprintf("echo request, id %d, seq %d", m.id(), m.seq())
	case icmpEchoReply:
		what = fmt.Sprintf("echo reply, id %d, seq %d", m.id(), m.seq())
	case icmpUnreachable:
		what = describeUnreachable(m)
	case icmpTimeExceeded:
		what = "time exceeded in-transit"
		if m.code == codeReassemblyTime {
			what = "ip reassembly time exceeded"
		}
	case icmpParameterProblem:
		what = fmt.Sprintf("parameter problem - octet %d", m.rest[0])
	case icmpTimestamp:
		what = fmt.Sprintf("time stamp query id %d seq %d", m.id(), m.seq())
	default:
		what = fmt.Sprintf("type-#%d", m.typ)
	}
	return fmt.Sprintf("ICMP %s, length %d", what, len(b))
}

// describeUnreachable says what could not be reached.
func describeUnreachable(m icmpMessage) string {
	var quoted ipv4Header
	if quoted.parseHeader(m.data) != nil {
		return fmt.Sprintf("unreachable, code %d", m.code)
	}
	switch m.code {
	case codeNetUnreachable:
		return fmt.Sprintf("net %v unreachable", quoted.dst)
	case codeHostUnreachable:
		return fmt.Sprintf("host %v unreachable", quoted.dst)
	case codeProtocolUnreachable:
		return fmt.Sprintf("%v protocol %d unreachable", quoted.dst, quoted.protocol)
	case codePortUnreachable:
		port := uint16(0)
		if at := quoted.headerLen() + 2; at+2 <= len(m.data) {
			port = binary.BigEndian.Uint16(m.data[at:])
		}
		if quoted.protocol == protocolUDP {
			return fmt.Sprintf("%v udp port %d unreachable", quoted.dst, port)
		}
		return fmt.Sprintf("%v protocol %d port %d unreachable", quoted.dst, quoted.protocol, port)
	case codeFragmentationNeeded:
		return fmt.Sprintf("%v unreachable - need to frag (mtu %d)", quoted.dst, binary.BigEndian.Uint16(m.rest[2:4]))
	}
	return fmt.Sprintf("%v unreachable, code %d", quoted.dst, m.code)
}

// addICMP adds the fields of an ICMP message that came in a datagram.
func (l *fieldList) addICMP(h *ipv4Header) {
	l.enter("ICMP")
	m, err := parseICMP(l.rest())
	if err == errICMPShort {
		l.addBroken("message", err)
		return
	}
	l.addNumber(8, "Type", icmpTypeNames[m.typ])
	code := ""
	if isICMPError(m.typ) {
		code = icmpWords(m.typ, m.code)
	}
	l.addNumber(8, "Code", code)
	l.addHex(16, "Checksum", "")
	if err != nil && !l.quoted && !h.isFragment() { // there is not all of it that it covers
		l.blame("Checksum", err)
	}
	switch m.typ {
	case icmpEcho, icmpEchoReply, icmpTimestamp:
		l.addNumber(16, "Identifier", "")
		l.addNumber(16, "Sequence Number", "")
	case icmpParameterProblem:
		l.addNumber(8, "Pointer", "the byte of the header that is wrong")
		l.addHex(24, "unused", "")
	case icmpUnreachable:
		l.addHex(16, "unused", "")
		l.addNumber(16, "Next-Hop MTU", "") // RFC 1191; unused but for one code
	default:
		l.addHex(32, "unused", "")
	}
	if isICMPError(m.typ) && !l.quoted {
		l.addQuote()
		return
	}
	l.addRest("Data", "")
}

// isICMPError reports whether a type is that of an error, which quotes a datagram.
func isICMPError(typ uint8) bool {
	return typ == icmpUnreachable || typ == icmpTimeExceeded || typ == icmpParameterProblem
}

var icmpTypeNames = map[uint8]string{
	icmpEchoReply:        "echo reply",
	icmpUnreachable:      "destination unreachable",
	icmpEcho:             "echo request",
	icmpTimeExceeded:     "time exceeded",
	icmpParameterProblem: "parameter problem",
	icmpTimestamp:        "timestamp",
}
