package stack

import (
	"encoding/binary"
	"net/netip"
)

// seqNum is a sequence number: the place of a byte in a connection's stream. It has 32 bits
// and starts anywhere, so it wraps: after 4,294,967,295 comes 0.
//
// "It is essential to remember that the actual sequence number space is finite,
// though large." (RFC 9293 3.4) Which of two numbers comes first can only be said
// of two that are less than 2^31 apart: the difference, taken as a signed number,
// tells.
type seqNum uint32

// less reports whether a comes before b: a < b in the RFC.
func (a seqNum) less(b seqNum) bool { return int32(a-b) < 0 }

// leq reports whether a comes before b or is b: a =< b in the RFC.
func (a seqNum) leq(b seqNum) bool { return int32(a-b) <= 0 }

// add returns the number n places after a.
func (a seqNum) add(n int) seqNum { return a + seqNum(n) }

// in reports whether a is one of the n numbers from start on.
func (a seqNum) in(start seqNum, n int) bool { return uint32(a-start) < uint32(n) }

const (
	tcpMinHeaderLen = 20 // bytes, without options
	protocolTCP     = 6
)

// Control bits (RFC 9293 3.1).
const (
	flagFIN = 1 << iota // no more data from the sender
	flagSYN             // synchronize sequence numbers
	flagRST             // reset the connection
	flagPSH             // push: hand what is there to the application
	flagACK             // the acknowledgment field counts
	flagURG             // the urgent pointer counts
	flagECE             // RFC 3168: congestion was experienced
	flagCWR             // RFC 3168: the congestion window was reduced
)

// Reasons why a segment is dropped before its connection is looked for.
var (
	errTCPShort    = newDropReason("TCP: segment is shorter than a header")
	errTCPOffset   = newDropReason("TCP: data offset is less than 5")
	errTCPHeader   = newDropReason("TCP: header is longer than the segment")
	errTCPChecksum = newDropReason("TCP: checksum is wrong")
)

// segment is a TCP segment: the header (RFC 9293 3.1) and the data.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|          Source Port          |       Destination Port        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                        Sequence Number                        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                    Acknowledgment Number                      |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  Data |       |C|E|U|A|P|R|S|F|                               |
//	| Offset| Rsrvd |W|C|R|C|S|S|Y|I|            Window             |
//	|       |       |R|E|G|K|H|T|N|N|                               |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|           Checksum            |         Urgent Pointer        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                           [Options]                           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                             Data                              |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// Data offset is the header's length in 32-bit words. The names are the RFC's:
// seg.seq is SEG.SEQ.
type segment struct {
	srcPort, dstPort uint16
	seq              seqNum // of the first byte of data, or of SYN or FIN
	ack              seqNum // the next one that the sender expects
	flags            uint8
	wnd              uint16 // how many more the sender takes; scaled, but for SYNs
	up               uint16 // urgent pointer, counted from seq
	options          []byte // as they are written
	opt              tcpOptions
	data             []byte
}

// has reports whether all these control bits are set.
func (seg *segment) has(flags uint8) bool { return seg.flags&flags == flags }

// len is SEG.LEN: how much sequence space the segment takes. SYN and FIN count as
// one each, so that they can be acknowledged like data.
func (seg *segment) len() int {
	n := len(seg.data)
	if seg.has(flagSYN) {
		n++
	}
	if seg.has(flagFIN) {
		n++
	}
	return n
}

// parse reads a segment that went from src to dst.
func (seg *segment) parse(b []byte, src, dst netip.Addr) error {
	if err := seg.parseHeader(b); err != nil {
		return err
	}
	if transportChecksum(protocolTCP, src, dst, b) != 0 {
		return errTCPChecksum
	}
	return nil
}

// parseHeader reads a segment without a look at its checksum.
func (seg *segment) parseHeader(b []byte) error {
	if len(b) < tcpMinHeaderLen {
		return errTCPShort
	}
	headerLen := int(b[12]>>4) * 4
	switch {
	case headerLen < tcpMinHeaderLen:
		return errTCPOffset
	case headerLen > len(b):
		return errTCPHeader
	}
	seg.srcPort = binary.BigEndian.Uint16(b[0:2])
	seg.dstPort = binary.BigEndian.Uint16(b[2:4])
	seg.seq = seqNum(binary.BigEndian.Uint32(b[4:8]))
	seg.ack = seqNum(binary.BigEndian.Uint32(b[8:12]))
	seg.flags = b[13]
	seg.wnd = binary.BigEndian.Uint16(b[14:16])
	seg.up = binary.BigEndian.Uint16(b[18:20])
	seg.options = b[tcpMinHeaderLen:headerLen]
	seg.opt.parse(seg.options)
	seg.data = b[headerLen:]
	return nil
}

// headerLen returns the length of the header, in bytes. The options are a
// multiple of four bytes long.
func (seg *segment) headerLen() int { return tcpMinHeaderLen + len(seg.options) }

// put writes the header to the first headerLen bytes of b, which has the data after it, for
// a segment that goes from src to dst.
func (seg *segment) put(b []byte, src, dst netip.Addr) {
	binary.BigEndian.PutUint16(b[0:2], seg.srcPort)
	binary.BigEndian.PutUint16(b[2:4], seg.dstPort)
	binary.BigEndian.PutUint32(b[4:8], uint32(seg.seq))
	binary.BigEndian.PutUint32(b[8:12], uint32(seg.ack))
	b[12] = uint8(seg.headerLen()/4) << 4
	b[13] = seg.flags
	binary.BigEndian.PutUint16(b[14:16], seg.wnd)
	b[16], b[17] = 0, 0 // the checksum counts as zero while it is computed
	binary.BigEndian.PutUint16(b[18:20], seg.up)
	copy(b[tcpMinHeaderLen:], seg.options)
	binary.BigEndian.PutUint16(b[16:18], transportChecksum(protocolTCP, src, dst, b))
}

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

	sackPermitted bool // it understands SACK
	sack          sackBlocks
	timestamp     bool   // there is one:
	tsVal, tsEcr  uint32 // TSval and TSecr
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
	case kind == tcpOptionSACKPermitted && len(contents) == 0:
		o.sackPermitted = true
	case kind == tcpOptionSACK && o.sack.n == 0:
		o.sack.parse(contents)
	case kind == tcpOptionTimestamps && len(contents) == 8 && !o.timestamp:
		o.timestamp = true
		o.tsVal, o.tsEcr = binary.BigEndian.Uint32(contents[0:4]), binary.BigEndian.Uint32(contents[4:8])
	}
}

func appendMSS(list []byte, mss int) []byte {
	return binary.BigEndian.AppendUint16(append(list, tcpOptionMSS, 4), uint16(mss))
}

// appendWindowScale appends the option with a NOP, which makes four bytes of it.
func appendWindowScale(list []byte, shift uint8) []byte {
	return append(list, tcpOptionNOP, tcpOptionWindowScale, 3, shift)
}
