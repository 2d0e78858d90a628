package stack

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

// tcpOptions is what the options of a segment say.
type tcpOptions struct {
	mss     int   // the largest segment that the sender takes, in bytes of data
	scaling bool  // it has said by how much it scales its windows
	shift   uint8 // by how many bits it shifts them to the right
}

// parse reads a list of options. Unknown ones are skipped by their length (RFC 9293 3.1,
// MUST-6); a malformed one ends the list (MUST-7: "MUST be prepared to handle an illegal
// option length").
func (o *tcpOptions) parse(list []byte) {
	*o = tcpOptions{}
	for len(list) > 0 && list[0] != tcpOptionEnd {
		if list[0] == tcpOptionNOP {
			list = list[1:]
			continue
		}
		if len(list) < 2 || list[1] < 2 || int(list[1]) > len(list) {
			break
		}
		o.parseOption(list[0], list[2:list[1]])
		list = list[list[1]:]
	}
	if o.mss == 0 {
		o.mss = defaultMSS
	}
}

// parseOption reads one option: its contents are what follows kind and length. One that
// is longer or shorter than it has to be says nothing, and of two the first counts.
func (o *tcpOptions) parseOption(kind byte, contents []byte) {
	switch {
	case kind == tcpOptionMSS && len(contents) == 2 && o.mss == 0:
		o.mss = max(minMSS, int(binary.BigEndian.Uint16(contents)))
	case kind == tcpOptionWindowScale && len(contents) == 1 && !o.scaling:
		// "If a Window Scale option is received with a shift.cnt value larger than 14, the
		// TCP SHOULD log the error but MUST use 14" (RFC 7323 2.3).
		o.scaling, o.shift = true, min(contents[0], maxWindowShift)
	}
}

func appendMSS(list []byte, mss int) []byte {
	return binary.BigEndian.AppendUint16(append(list, tcpOptionMSS, 4), uint16(mss))
}

// appendWindowScale appends the option with a NOP, which makes four bytes of it.
func appendWindowScale(list []byte, shift uint8) []byte {
	return append(list, tcpOptionNOP, tcpOptionWindowScale, 3, shift)
}
