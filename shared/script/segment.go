package script

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Flags are the control bits of a TCP header, at their places in it.
type Flags uint8

const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// flagLetters stand in the order of the bits, which is tcpdump's order too.
const flagLetters = "FSRP.UEW"

func (f Flags) String() string {
	if f == 0 {
		return "-"
	}
	var b strings.Builder
	for i := range len(flagLetters) {
		if f&(1<<i) != 0 {
			b.WriteByte(flagLetters[i])
		}
	}
	return b.String()
}

// Fields tells what a segment's line mentions.
type Fields uint16

const (
	HasAck      Fields = 1 << iota // ack N
	HasWin                         // win N
	HasUrg                         // urg N
	HasOptions                     // <…>
	MoreOptions                    // … ending with ..., so that others may stand beside them
	HasData                        // data "…"
	AnyData                        // data *
	BadChecksum                    // badsum
	HasOffset                      // doff N
	HasReserved                    // reserved N
)

// Segment is one segment in the notation's terms: its sequence numbers are
// relative to the sender's initial one, its acknowledgement and SACK blocks to
// the receiver's, all modulo 2^32.
type Segment struct {
	From, To Endpoint
	Flags    Flags
	Seq      uint32
	Len      int // bytes of payload
	Ack      uint32
	Win      uint16 // the header's field, not scaled
	Urg      uint16
	Options  []Option
	Data     []byte // the payload, if the line says it or the segment was received
	Offset   uint8  // data offset in words, for HasOffset
	Reserved uint8  // the reserved bits, 0 to 15
	Has      Fields
}

// Endpoint is where a segment comes from or goes to. What is zero in it is the
// Config's.
type Endpoint struct {
	IP   netip.Addr
	Port uint16
	Name string // instead of Port: a name, bound at its first use
}

func (e Endpoint) String() string {
	port := e.Name
	if port == "" {
		port = strconv.Itoa(int(e.Port))
	}
	if e.IP.IsValid() {
		return e.IP.String() + ":" + port
	}
	return port
}

// isZero tells whether everything is left to the Config.
func (e Endpoint) isZero() bool { return e == Endpoint{} }

// String gives the segment in the notation. Numbers in the upper half of the
// circle are shown as negative ones: just before the initial sequence number.
func (s Segment) String() string {
	var b strings.Builder
	if !s.From.isZero() || !s.To.isZero() {
		fmt.Fprintf(&b, "%s>%s ", s.From, s.To)
	}
	fmt.Fprintf(&b, "%s %d:%d(%d)", s.Flags, int32(s.Seq), int32(s.Seq+uint32(s.Len)), s.Len)
	if s.Has&HasAck != 0 {
		fmt.Fprintf(&b, " ack %d", int32(s.Ack))
	}
	if s.Has&HasWin != 0 {
		fmt.Fprintf(&b, " win %d", s.Win)
	}
	if s.Has&HasUrg != 0 {
		fmt.Fprintf(&b, " urg %d", s.Urg)
	}
	if s.Has&HasOptions != 0 {
		b.WriteString(" " + formatOptions(s.Options, s.Has&MoreOptions != 0))
	}
	s.formatRest(&b)
	return b.String()
}

func (s Segment) formatRest(b *strings.Builder) {
	switch {
	case s.Has&HasData != 0:
		fmt.Fprintf(b, " data %q", s.Data)
	case s.Has&AnyData != 0:
		b.WriteString(" data *")
	}
	if s.Has&BadChecksum != 0 {
		b.WriteString(" badsum")
	}
	if s.Has&HasOffset != 0 {
		fmt.Fprintf(b, " doff %d", s.Offset)
	}
	if s.Has&HasReserved != 0 {
		fmt.Fprintf(b, " reserved %d", s.Reserved)
	}
}

// streamOffset is where in its stream the payload begins: behind the SYN, which
// takes the first sequence number.
func (s Segment) streamOffset() uint32 {
	if s.Flags&SYN != 0 {
		return s.Seq
	}
	return s.Seq - 1
}
