package main

import (
	"encoding/binary"
	"errors"
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
	errICMPShort    = errors.New("ICMP: message is shorter than 8 bytes")
	errICMPChecksum = errors.New("ICMP: checksum is wrong")
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

// put writes the header to the first 8 bytes of b, which has the data behind it.
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
