package main

import (
	"encoding/binary"
	"fmt"
)

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
		return fmt.Sprintf("%v protocol %d port %d unreachable", quoted.dst, quoted.protocol, port)
	case codeFragmentationNeeded:
		return fmt.Sprintf("%v unreachable - need to frag (mtu %d)", quoted.dst, binary.BigEndian.Uint16(m.rest[2:4]))
	}
	return fmt.Sprintf("%v unreachable, code %d", quoted.dst, m.code)
}
