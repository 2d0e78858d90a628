package main

import "encoding/binary"

// Kinds of TCP options (RFC 9293 3.1, RFC 7323 2.2).
const (
	tcpOptionEnd         = 0
	tcpOptionNOP         = 1
	tcpOptionMSS         = 2
	tcpOptionWindowScale = 3
)

const (
	// defaultMSS is what a peer that does not say can take: "If an MSS Option is
	// not received at connection setup, TCP implementations MUST assume a default
	// send MSS of 536" (RFC 9293 3.7.1, MUST-15).
	defaultMSS = 536

	// minMSS is the least that we believe: a peer that asked for less would have us
	// send a packet for every few bytes (CVE-2019-11479; Linux takes the same number).
	minMSS = 48

	// maxWindowShift is the largest window scale (RFC 7323 2.3).
	maxWindowShift = 14
)

// findOption returns the contents of the first option of a kind, without kind and
// length. Unknown options are skipped by their length (RFC 9293 3.1, MUST-6); a
// malformed one ends the search (MUST-7: "MUST be prepared to handle an illegal
// option length").
func findOption(list []byte, kind byte) (contents []byte, found bool) {
	for len(list) > 0 && list[0] != tcpOptionEnd {
		if list[0] == tcpOptionNOP {
			list = list[1:]
			continue
		}
		if len(list) < 2 || list[1] < 2 || int(list[1]) > len(list) {
			return nil, false
		}
		if list[0] == kind {
			return list[2:list[1]], true
		}
		list = list[list[1]:]
	}
	return nil, false
}

// findMSS returns the largest segment that the peer takes, in bytes of data.
func findMSS(list []byte) int {
	contents, found := findOption(list, tcpOptionMSS)
	if !found || len(contents) != 2 {
		return defaultMSS
	}
	return max(minMSS, int(binary.BigEndian.Uint16(contents)))
}

func appendMSS(list []byte, mss int) []byte {
	return binary.BigEndian.AppendUint16(append(list, tcpOptionMSS, 4), uint16(mss))
}

// findWindowScale returns by how many bits the peer shifts its windows to the
// right. "If a Window Scale option is received with a shift.cnt value larger than
// 14, the TCP SHOULD log the error but MUST use 14" (RFC 7323 2.3).
func findWindowScale(list []byte) (shift uint8, found bool) {
	contents, found := findOption(list, tcpOptionWindowScale)
	if !found || len(contents) != 1 {
		return 0, false
	}
	return min(contents[0], maxWindowShift), true
}

// appendWindowScale appends the option with a NOP, which makes four bytes of it.
func appendWindowScale(list []byte, shift uint8) []byte {
	return append(list, tcpOptionNOP, tcpOptionWindowScale, 3, shift)
}
