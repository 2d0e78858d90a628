package script

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// icmpCodes are the messages that quote a datagram, by the words for them.
var icmpCodes = map[string]map[string]uint8{
	"unreachable":  {"net": 0, "host": 1, "proto": 2, "port": 3, "frag": 4, "srcroute": 5, "admin": 13},
	"timeexceeded": {"ttl": 0, "reassembly": 1},
	"quench":       nil,
	"param":        nil,
}

var icmpTypes = map[string]uint8{
	"unreachable":  layers.ICMPv4TypeDestinationUnreachable,
	"timeexceeded": layers.ICMPv4TypeTimeExceeded,
	"quench":       layers.ICMPv4TypeSourceQuench,
	"param":        layers.ICMPv4TypeParameterProblem,
}

// sendICMP sends an ICMP error that quotes a segment of the stack.
type sendICMP struct {
	from, to  Endpoint // the connection, as the peer's segments name it
	text      string
	typ, code uint8
	mtu       uint16     // of the next hop, RFC 1191
	router    netip.Addr // who sends it; not valid: the peer
	quote     *Segment   // sequence number and length to quote; nil: the last segment
}

// quoteLen is what RFC 792 has of the datagram: its header and 8 bytes.
const quoteLen = ipLen + 8

// parseICMP reads TYPE [CODE] [mtu N] [from IP] [[SEQ:END(LEN)]].
func parseICMP(s *scanner, from, to Endpoint) (action, error) {
	s.skipSpace()
	start := s.pos
	a := sendICMP{from: from, to: to}
	word := s.word()
	typ, ok := icmpTypes[word]
	if !ok {
		return nil, s.fail(start, "%q is no ICMP error: unreachable, timeexceeded, quench or param", word)
	}
	a.typ = typ
	if codes := icmpCodes[word]; codes != nil {
		s.skipSpace()
		at := s.pos
		if a.code, ok = codes[s.word()]; !ok {
			return nil, s.fail(at, "the code of %s is missing: net, host, proto, port, frag, srcroute, admin; ttl, reassembly", word)
		}
	}
	for s.next() != 0 {
		if err := a.parseRest(s); err != nil {
			return nil, err
		}
	}
	a.text = "icmp " + s.text[start:]
	return a, nil
}

func (a *sendICMP) parseRest(s *scanner) error {
	start := s.pos
	if s.next() == '[' {
		s.pos++
		a.quote = &Segment{Flags: ACK, Has: HasAck}
		if err := parseSequence(s, a.quote); err != nil {
			return err
		}
		return s.literal(']')
	}
	switch word := s.word(); word {
	case "mtu":
		n, err := s.number("mtu", 16, false)
		a.mtu = uint16(n)
		return err
	case "from":
		var err error
		s.skipSpace()
		at := s.pos
		if a.router, err = netip.ParseAddr(s.word()); err != nil || !a.router.Is4() {
			return s.fail(at, "from is followed by an IPv4 address")
		}
		return nil
	default:
		return s.fail(start, "%q is not known here: mtu N, from IP or [SEQ:END(LEN)]", word)
	}
}

func (a sendICMP) play(p *Peer, when moment) error {
	due, _ := when.window(p.anchor, p.gap)
	if err := p.wait(due, 0); err != nil {
		return err
	}
	k, err := p.key(a.from, a.to)
	if err != nil {
		return err
	}
	quoted, err := p.quoted(k, a.quote)
	if err != nil {
		return err
	}
	if c := p.conn(k); a.typ == layers.ICMPv4TypeDestinationUnreachable && a.mtu > ipLen+tcpLen && a.quote != nil && int32(a.quote.Seq-c.next) < 0 {
		c.mss = min(c.mss, int(a.mtu)-ipLen-tcpLen)
	}
	f := p.flow(k)
	if a.router.IsValid() {
		f.SrcIP = a.router
	}
	buf := gopacket.NewSerializeBuffer()
	icmp := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(a.typ, a.code), Seq: a.mtu}
	fix := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, fix, icmp, gopacket.Payload(quoted)); err != nil {
		return fmt.Errorf("gopacket: %w", err)
	}
	frame, err := encloseIPv4(buf, ipv4Header(f, layers.IPProtocolICMPv4), f)
	if err != nil {
		return err
	}
	return p.send(frame, a.text)
}

// quoted is the start of a datagram of the stack: the last one that it sent with
// the wanted sequence number and length, or, for an error that somebody has made
// up, one that it never sent.
func (p *Peer) quoted(k connKey, want *Segment) ([]byte, error) {
	c := p.conn(k)
	for i := len(c.sent) - 1; i >= 0; i-- {
		r := c.sent[i]
		if want == nil || r.seg.Seq == want.Seq && r.seg.Len == want.Len {
			return r.frame[etherLen:][:quoteLen], nil
		}
	}
	if want == nil {
		return nil, errors.New("the stack has sent nothing on this connection that an ICMP error could quote")
	}
	frame, err := want.Frame(p.flow(k).Reverse())
	if err != nil {
		return nil, err
	}
	return frame[etherLen:][:quoteLen], nil
}
