package world

import (
	"encoding/binary"
	"fmt"
)

// summary is what a picture has to know of a frame: what sort it is, and for a segment which bytes of the stream it
// carries, counted from the beginning of the connection.
type summary struct {
	Kind  string `json:"kind"`            // arp, icmp, part (a fragment), syn, data, ack, fin, rst, udp, other
	Label string `json:"label"`           // a word or two for the picture
	Flow  string `json:"flow,omitempty"`  // the ports, the sender's first
	Seq   int    `json:"seq,omitempty"`   // of the first byte
	Bytes int    `json:"bytes,omitempty"` // of data
	Ack   int    `json:"ack,omitempty"`
	Wnd   int    `json:"wnd"`
	Again bool   `json:"again,omitempty"` // it carries nothing that had not been sent before
}

// A flow is one direction of a connection.
type flow struct {
	from             int
	srcPort, dstPort uint16
}

// A stretch is where the sequence numbers of a flow began, and how far they were sent.
type stretch struct {
	first, next uint32
	offered     int // by how many bits its sender scales windows, -1: not at all
}

const (
	flagFIN = 1
	flagSYN = 2
	flagRST = 4
	flagACK = 16
)

// summarise looks into a frame. It trusts no length.
func (w *World) summarise(f *Frame, b []byte) summary {
	if len(b) < 14 {
		return summary{Kind: "other", Label: "runt"}
	}
	payload := b[14:]
	switch binary.BigEndian.Uint16(b[12:]) {
	case 0x0806:
		s := summary{Kind: "arp", Label: "ARP"}
		if len(payload) >= 8 {
			s.Label = map[uint16]string{1: "ARP who has?", 2: "ARP is at"}[binary.BigEndian.Uint16(payload[6:])]
		}
		return s
	case 0x0800:
		return w.summariseIPv4(f, payload)
	}
	return summary{Kind: "other", Label: fmt.Sprintf("0x%04x", binary.BigEndian.Uint16(b[12:]))}
}

func (w *World) summariseIPv4(f *Frame, b []byte) summary {
	if len(b) < 20 {
		return summary{Kind: "other", Label: "IP?"}
	}
	header, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if header < 20 || total < header || total > len(b) {
		return summary{Kind: "other", Label: "IP?"}
	}
	if fragment := binary.BigEndian.Uint16(b[6:]); fragment&0x3fff != 0 {
		return summary{Kind: "part", Label: fmt.Sprintf("fragment at %d", int(fragment&0x1fff)*8)}
	}
	protocol, b := b[9], b[header:total]
	switch {
	case protocol == 1 && len(b) >= 8:
		word := map[byte]string{0: "echo reply", 8: "echo request", 3: "unreachable", 11: "time exceeded", 12: "bad parameter"}[b[0]]
		return summary{Kind: "icmp", Label: word}
	case protocol == 6 && len(b) >= 20:
		return w.summariseTCP(f, b)
	case protocol == 17:
		return summary{Kind: "udp", Label: "UDP"}
	}
	return summary{Kind: "other", Label: fmt.Sprintf("protocol %d", protocol)}
}

func (w *World) summariseTCP(f *Frame, b []byte) summary {
	flags, seq, ack := b[13], binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	options := min(max(int(b[12]>>4)*4, 20), len(b))
	key := flow{f.From, binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])}
	back := w.flows[flow{1 - f.From, key.dstPort, key.srcPort}]
	s := summary{Flow: fmt.Sprintf("%d-%d", key.srcPort, key.dstPort), Bytes: len(b) - options, Wnd: int(binary.BigEndian.Uint16(b[14:]))}
	known := w.flows[key]
	honest := !f.Forged && f.CopyOf < 0 && len(f.Marks) == 0
	if flags&flagSYN != 0 && honest && (known == nil || known.first != seq) {
		known = &stretch{first: seq, next: seq, offered: windowScale(b[20:options])}
		w.flows[key] = known
	}
	if known != nil {
		s.Seq = int(int32(seq - known.first))
		if flags&flagSYN == 0 && known.offered >= 0 && back != nil && back.offered >= 0 {
			s.Wnd <<= known.offered
		}
	}
	if back != nil && flags&flagACK != 0 {
		s.Ack = int(int32(ack - back.first))
	}
	length := s.Bytes
	if flags&(flagSYN|flagFIN) != 0 {
		length++
	}
	if known != nil && length > 0 && honest {
		s.Again = int32(seq+uint32(length)-known.next) <= 0
		if !s.Again {
			known.next = seq + uint32(length)
		}
	}
	s.Kind, s.Label = tcpWords(flags, s)
	return s
}

// tcpWords names a segment by the bit that matters most.
func tcpWords(flags byte, s summary) (kind, label string) {
	switch {
	case flags&flagRST != 0:
		return "rst", "RST"
	case flags&flagSYN != 0 && flags&flagACK != 0:
		return "syn", "SYN,ACK"
	case flags&flagSYN != 0:
		return "syn", "SYN"
	case flags&flagFIN != 0:
		return "fin", "FIN"
	case s.Bytes > 0:
		return "data", fmt.Sprintf("%d bytes from %d", s.Bytes, s.Seq)
	}
	return "ack", fmt.Sprintf("ACK %d", s.Ack)
}

// windowScale finds the option of RFC 7323, or returns -1.
func windowScale(options []byte) int {
	for len(options) > 1 {
		n := int(options[1])
		switch {
		case options[0] == 0:
			return -1
		case options[0] == 1:
			options = options[1:]
			continue
		case n < 2 || n > len(options):
			return -1
		case options[0] == 3 && n == 3:
			return min(int(options[2]), 14)
		}
		options = options[n:]
	}
	return -1
}
