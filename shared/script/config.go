package script

import (
	"fmt"
	"net/netip"
	"time"

	"framebyframe/shared/wire"
)

// Wrap is an initial sequence number ten before 2^32: the SYN takes one number,
// and the tenth byte of the stream is the first one behind the wrap.
const Wrap uint32 = 1<<32 - 10

const (
	defaultPort      = 8000
	defaultISS       = 0x10000000
	defaultTTL       = 64 // RFC 1700, and what this repository's stack sends
	defaultMTU       = 1500
	defaultTolerance = time.Millisecond
)

// DF says what a stack's segments must have in IPv4's "don't fragment" bit.
type DF int

const (
	DFAny   DF = iota // not checked
	DFSet             // path MTU discovery, RFC 1191
	DFClear           // no path MTU discovery
)

// Config says who the two hosts are. Device, the MACs and the IPs are needed; all
// else has a default.
type Config struct {
	Device            wire.Device // the end that the peer plays on; Close closes it
	PeerMAC, StackMAC [6]byte
	PeerIP, StackIP   netip.Addr
	Others            []netip.Addr // more addresses that the peer has, at the same MAC

	PeerPort  uint16 // 8000 if 0
	StackPort uint16 // if 0, learnt from the first SYN that the stack sends to PeerPort

	PeerISS  uint32  // the peer's initial sequence number; 0 stands for 0x10000000
	StackISS *uint32 // what the stack's must be; nil: any

	// Payload gives the byte at an offset of a stream, the same for both ways.
	// Pattern if nil.
	Payload func(offset uint32) byte

	Tolerance time.Duration // how much a segment may be early or late; 1 ms if 0
	TTL       uint8         // of the stack's datagrams; 64 if 0
	DF        DF
	MTU       int  // the longest datagram that the stack may send; 1500 if 0
	NoARP     bool // the peer leaves the stack's questions unanswered

	Link    func(up bool) // what `link up` and `link down` call
	Outside *Outside      // the stack is a program of which only the frames can be seen; nil: it is part of the test

	Errors map[string]error // more names for errors, beside those in the package comment

	Where func(line int) string // what a line is called in a report; "line 3" if nil, and 0 is the end
}

func (c Config) withDefaults() Config {
	if c.PeerPort == 0 {
		c.PeerPort = defaultPort
	}
	if c.PeerISS == 0 {
		c.PeerISS = defaultISS
	}
	if c.Payload == nil {
		c.Payload = Pattern
	}
	if c.Tolerance == 0 {
		c.Tolerance = defaultTolerance
	}
	if c.TTL == 0 {
		c.TTL = defaultTTL
	}
	if c.MTU == 0 {
		c.MTU = defaultMTU
	}
	if c.Where == nil {
		c.Where = lineNumber
	}
	return c
}

func lineNumber(line int) string {
	if line == 0 {
		return "the end of the script"
	}
	return fmt.Sprintf("line %d", line)
}

// Pattern is the default payload. It repeats after 2^16 bytes and more, so that a
// segment from a wrong place of the stream does not pass.
func Pattern(offset uint32) byte {
	return byte(offset + offset>>8*3 + offset>>16*5)
}

// Bytes returns n bytes of a payload, from an offset of the stream on.
func Bytes(payload func(uint32) byte, offset uint32, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = payload(offset + uint32(i))
	}
	return b
}
