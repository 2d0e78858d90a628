package script

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// packet is a frame with a TCP segment, taken apart by gopacket.
type packet struct {
	frame []byte
	eth   layers.Ethernet
	ip    layers.IPv4
	tcp   layers.TCP
}

// dissect takes a frame apart. The error names what keeps it from being a TCP
// segment.
func dissect(frame []byte) (*packet, error) {
	p := &packet{frame: frame}
	if err := p.eth.DecodeFromBytes(frame, gopacket.NilDecodeFeedback); err != nil {
		return nil, fmt.Errorf("no Ethernet header: %w", err)
	}
	if p.eth.EthernetType != layers.EthernetTypeIPv4 {
		return nil, fmt.Errorf("the EtherType is %#04x, want 0x0800 (IPv4)", int(p.eth.EthernetType))
	}
	if err := p.ip.DecodeFromBytes(p.eth.Payload, gopacket.NilDecodeFeedback); err != nil {
		return nil, fmt.Errorf("IPv4 header: %w", err)
	}
	if p.ip.Protocol != layers.IPProtocolTCP {
		return nil, fmt.Errorf("IPv4 protocol is %d, want 6 (TCP)", int(p.ip.Protocol))
	}
	if err := p.tcp.DecodeFromBytes(p.ip.Payload, gopacket.NilDecodeFeedback); err != nil {
		return nil, fmt.Errorf("TCP header: %w", err)
	}
	return p, nil
}

// Decode takes a frame apart with gopacket and gives its segment in the
// notation's terms. It checks what holds for every segment: the flow's MACs, IPs
// and, if they are not 0, ports, lengths, checksums, reserved bits. It returns the
// segment, as far as there is one, also with an error.
func Decode(frame []byte, f Flow) (Segment, error) {
	p, err := dissect(frame)
	if err != nil {
		return Segment{}, err
	}
	s := p.segment(f.SrcISS, f.DstISS)
	errs := p.check(f)
	if f.SrcPort != 0 {
		errs = append(errs, differ("source port", p.tcp.SrcPort, layers.TCPPort(f.SrcPort)))
	}
	if f.DstPort != 0 {
		errs = append(errs, differ("destination port", p.tcp.DstPort, layers.TCPPort(f.DstPort)))
	}
	return s, errors.Join(errs...)
}

// segment puts the TCP header into the notation's terms.
func (p *packet) segment(srcISS, dstISS uint32) Segment {
	tcp := &p.tcp
	s := Segment{
		Flags: Flags(p.ip.Payload[tcpOffsetAt+1]),
		Seq:   tcp.Seq - srcISS, Len: len(tcp.Payload),
		Win: tcp.Window, Urg: tcp.Urgent, Data: tcp.Payload,
		Has: HasWin,
	}
	if s.Flags&ACK != 0 {
		s.Ack = tcp.Ack - dstISS
		s.Has |= HasAck
	}
	if s.Flags&URG != 0 || s.Urg != 0 {
		s.Has |= HasUrg
	}
	if n := p.reserved(); n != 0 {
		s.Reserved = n
		s.Has |= HasReserved
	}
	for _, o := range tcp.Options {
		s.Options = append(s.Options, decodeOption(o, dstISS))
		s.Has |= HasOptions
	}
	return s
}

// reserved gives the four bits behind the data offset, RFC 9293 3.1. gopacket
// knows one of them, as the NS flag of the historic RFC 3540.
func (p *packet) reserved() uint8 { return p.ip.Payload[tcpOffsetAt] & 0x0f }

func decodeOption(o layers.TCPOption, dstISS uint32) Option {
	kind, data := uint8(o.OptionType), o.OptionData
	if !named(kind, len(data)) {
		return Option{Kind: kind, Data: append([]byte{}, data...)}
	}
	out := Option{Kind: kind}
	switch kind {
	case kindMSS:
		out.Number = binary.BigEndian.Uint16(data)
	case kindWScale:
		out.Number = uint16(data[0])
	case kindTimestamp:
		out.Val.N = binary.BigEndian.Uint32(data)
		out.Ecr.N = binary.BigEndian.Uint32(data[4:])
	case kindSACK:
		for ; len(data) > 0; data = data[8:] {
			left, right := binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:])
			out.Blocks = append(out.Blocks, Block{left - dstISS, right - dstISS})
		}
	}
	return out
}
