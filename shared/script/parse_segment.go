package script

import (
	"net/netip"
	"strconv"
	"strings"
)

// ParseSegment reads one segment in the notation, without time and direction:
//
//	S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 7>
func ParseSegment(text string) (Segment, error) {
	return parseSegment(&scanner{text: text})
}

func parseSegment(s *scanner) (seg Segment, err error) {
	if seg.From, seg.To, err = parsePorts(s); err != nil {
		return seg, err
	}
	if seg.Flags, err = parseFlags(s); err != nil {
		return seg, err
	}
	if err = parseSequence(s, &seg); err != nil {
		return seg, err
	}
	for s.next() != 0 {
		if err = parseField(s, &seg); err != nil {
			return seg, err
		}
	}
	if seg.Flags&ACK != 0 && seg.Has&HasAck == 0 {
		return seg, s.fail(s.pos, "the flag . (ACK) needs ack N")
	}
	return seg, nil
}

// parsePorts reads FROM>TO if it is there.
func parsePorts(s *scanner) (from, to Endpoint, err error) {
	ahead := *s
	if word := ahead.word(); strings.HasPrefix(word, "<") || !strings.Contains(word, ">") {
		return from, to, nil
	}
	if from, err = parseEndpoint(s, ">"); err != nil {
		return from, to, err
	}
	if err = s.literal('>'); err != nil {
		return from, to, err
	}
	to, err = parseEndpoint(s, " \t")
	return from, to, err
}

func parseEndpoint(s *scanner, stops string) (e Endpoint, err error) {
	s.skipSpace()
	start := s.pos
	word := s.until(stops)
	if ip, port, ok := strings.Cut(word, ":"); ok {
		if e.IP, err = netip.ParseAddr(ip); err != nil || !e.IP.Is4() {
			return e, s.fail(start, "invalid IPv4 address %q", ip)
		}
		word = port
	}
	port, err := strconv.ParseUint(word, 10, 16)
	switch {
	case err == nil:
		e.Port = uint16(port)
	case isName(word):
		e.Name = word
	default:
		return e, s.fail(start, "%q is neither a port nor a name", word)
	}
	return e, nil
}

func parseFlags(s *scanner) (f Flags, err error) {
	s.skipSpace()
	start := s.pos
	word := s.word()
	if word == "-" {
		return 0, nil
	}
	for i := range len(word) {
		bit := strings.IndexByte(flagLetters, word[i])
		if bit < 0 || f&(1<<bit) != 0 {
			return f, s.fail(start+i, "flags are letters of %s, each at most once, or - for none", flagLetters)
		}
		f |= 1 << bit
	}
	if word == "" {
		return f, s.fail(start, "the flags are missing: letters of %s, or - for none", flagLetters)
	}
	return f, nil
}

// parseSequence reads SEQ:END(LEN).
func parseSequence(s *scanner, seg *Segment) (err error) {
	s.skipSpace()
	start := s.pos
	if seg.Seq, err = s.number("the sequence number", 32, true); err != nil {
		return err
	}
	if err = s.literal(':'); err != nil {
		return err
	}
	end, err := s.number("the end", 32, true)
	if err != nil {
		return err
	}
	if err = s.literal('('); err != nil {
		return err
	}
	n, err := s.number("the length", 16, false)
	if err != nil {
		return err
	}
	if err = s.literal(')'); err != nil {
		return err
	}
	if end != seg.Seq+n {
		return s.fail(start, "%d and %d bytes end at %d, not at %d", int32(seg.Seq), n, int32(seg.Seq+n), int32(end))
	}
	seg.Len = int(n)
	return nil
}

// parseField reads one of the words that may follow, in any order.
func parseField(s *scanner, seg *Segment) error {
	if s.next() == '<' {
		return parseOptions(s, seg)
	}
	start := s.pos
	word := s.word()
	var has Fields
	var n uint32
	var err error
	switch word {
	case "ack":
		has = HasAck
		seg.Ack, err = s.number("ack", 32, true)
	case "win":
		has = HasWin
		n, err = s.number("win", 16, false)
		seg.Win = uint16(n)
	case "urg":
		has = HasUrg
		n, err = s.number("urg", 16, false)
		seg.Urg = uint16(n)
	case "data":
		has, err = parseData(s, seg)
	case "badsum":
		has = BadChecksum
	case "doff":
		has = HasOffset
		n, err = s.number("doff", 4, false)
		seg.Offset = uint8(n)
	case "reserved":
		has = HasReserved
		n, err = s.number("reserved", 4, false)
		seg.Reserved = uint8(n)
	default:
		return s.fail(start, "%q is not known here: ack, win, urg, <options>, data, badsum, doff or reserved", word)
	}
	if err == nil && seg.Has&has != 0 {
		err = s.fail(start, "%s is here for the second time", word)
	}
	seg.Has |= has
	return err
}

// parseData reads what follows the word data.
func parseData(s *scanner, seg *Segment) (Fields, error) {
	if seg.Has&(HasData|AnyData) != 0 {
		return HasData | AnyData, nil // which parseField refuses
	}
	if s.accept("*") {
		return AnyData, nil
	}
	s.skipSpace()
	start := s.pos
	text, err := s.quoted()
	if err == nil && len(text) != seg.Len {
		err = s.fail(start, "the data has %d bytes, the segment %d", len(text), seg.Len)
	}
	seg.Data = []byte(text)
	return HasData, err
}
