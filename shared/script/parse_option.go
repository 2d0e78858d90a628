package script

import (
	"strconv"
	"strings"
)

// parseOptions reads <mss 1460,nop,wscale 7>.
func parseOptions(s *scanner, seg *Segment) error {
	start := s.pos
	if seg.Has&HasOptions != 0 {
		return s.fail(start, "options are here for the second time")
	}
	seg.Has |= HasOptions
	s.pos++
	if s.next() == '>' {
		s.pos++
		return nil
	}
	size := 0
	for {
		if s.next() == '.' {
			if strings.HasPrefix(s.text[s.pos:], "...>") {
				s.pos += len("...>")
				seg.Has |= MoreOptions
				return nil
			}
			return s.fail(s.pos, "... stands at the end of the options")
		}
		o, err := parseOption(s)
		if err != nil {
			return err
		}
		seg.Options = append(seg.Options, o)
		if size += o.length(); size > maxOptions {
			return s.fail(start, "the options take more than %d bytes", maxOptions)
		}
		if s.next() == '>' {
			s.pos++
			return nil
		}
		if err := s.literal(','); err != nil {
			return s.fail(s.pos, "options are separated by , and end with >")
		}
	}
}

func parseOption(s *scanner) (o Option, err error) {
	s.skipSpace()
	start := s.pos
	var n uint32
	switch word := s.until(" \t,>"); word {
	case "eol":
		o.Kind = kindEOL
	case "nop":
		o.Kind = kindNOP
	case "sackOK":
		o.Kind = kindSACKOK
	case "mss":
		o.Kind = kindMSS
		n, err = s.number("mss", 16, false)
		o.Number = uint16(n)
	case "wscale":
		o.Kind = kindWScale
		n, err = s.number("wscale", 8, false)
		o.Number = uint16(n)
	case "TS":
		o.Kind = kindTimestamp
		err = parseTimestamps(s, &o)
	case "sack":
		o.Kind = kindSACK
		err = parseBlocks(s, &o)
	case "raw":
		o.Raw = true
		o.Data, err = s.hex(",>")
	case "unknown":
		err = parseUnknown(s, &o)
	default:
		err = s.fail(start, "%q is no option: eol, nop, mss, wscale, sackOK, sack, TS, unknown, raw or ...", word)
	}
	return o, err
}

func parseTimestamps(s *scanner, o *Option) (err error) {
	s.skipSpace()
	if !s.accept("val") {
		return s.fail(s.pos, "TS is followed by val X ecr Y")
	}
	if o.Val, err = parseValue(s); err != nil {
		return err
	}
	s.skipSpace()
	if !s.accept("ecr") {
		return s.fail(s.pos, "TS val X is followed by ecr Y")
	}
	o.Ecr, err = parseValue(s)
	return err
}

// parseValue reads a number, a name, a name+number or *.
func parseValue(s *scanner) (v Value, err error) {
	s.skipSpace()
	start := s.pos
	word := s.until(" \t,>")
	if word == "*" {
		return Value{Any: true}, nil
	}
	number := word
	if name, plus, added := strings.Cut(word, "+"); isName(name) {
		v.Name, number = name, plus
		if !added {
			return v, nil
		}
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return v, s.fail(start, "%q is no timestamp: a number of 32 bits, a name, a name+number or *", word)
	}
	v.N = uint32(n)
	return v, nil
}

func parseBlocks(s *scanner, o *Option) error {
	for s.next() != ',' && s.next() != '>' {
		left, err := s.number("a block's left edge", 32, true)
		if err != nil {
			return err
		}
		if err := s.literal(':'); err != nil {
			return err
		}
		right, err := s.number("a block's right edge", 32, true)
		if err != nil {
			return err
		}
		o.Blocks = append(o.Blocks, Block{left, right})
	}
	if o.Blocks == nil {
		return s.fail(s.pos, "sack needs blocks, LEFT:RIGHT")
	}
	return nil
}

func parseUnknown(s *scanner, o *Option) error {
	s.skipSpace()
	start := s.pos
	kind, err := s.number("an option's kind", 8, false)
	if err != nil {
		return err
	}
	o.Kind = uint8(kind)
	o.Data, err = s.hex(",>")
	if err == nil && (kind <= kindNOP || named(o.Kind, len(o.Data))) {
		err = s.fail(start, "an option of kind %d and this length has a name of its own", kind)
	}
	return err
}
