package script

import (
	"errors"
	"strings"
)

// statement is one line of a script.
type statement struct {
	line int // counted from 1
	text string
	when moment
	act  action
}

// action is what a line does. It leaves in the peer's anchor the moment at which
// that happened, from which the next line counts.
type action interface {
	play(p *Peer, when moment) error
}

// parseScript reads a whole script.
func parseScript(text string) (all []statement, err error) {
	for i, line := range strings.Split(text, "\n") {
		code := strings.TrimRight(withoutComment(line), " \t\r")
		if strings.TrimSpace(code) == "" {
			continue
		}
		st := statement{line: i + 1, text: strings.TrimSpace(code)}
		s := &scanner{text: code}
		if st.when, err = parseMoment(s); err == nil {
			st.act, err = parseAction(s, st.when)
		}
		if err == nil && s.next() != 0 {
			err = s.fail(s.pos, "nothing may follow here")
		}
		if err != nil {
			return nil, atLine(err, i+1)
		}
		all = append(all, st)
	}
	return all, nil
}

func atLine(err error, line int) error {
	var e *SyntaxError
	if errors.As(err, &e) {
		e.Line = line
	}
	return err
}

// withoutComment cuts what stands behind // or #, but not in quotes.
func withoutComment(line string) string {
	quoted := false
	for i := range len(line) {
		first := i == 0 || line[i-1] == ' ' || line[i-1] == '\t'
		switch {
		case line[i] == '"' && (i == 0 || line[i-1] != '\\'):
			quoted = !quoted
		case quoted || !first:
		case line[i] == '#' || strings.HasPrefix(line[i:], "//"):
			return line[:i]
		}
	}
	return line
}

func parseAction(s *scanner, when moment) (action, error) {
	s.skipSpace()
	start := s.pos
	word := s.word()
	if when.span && word != ">" && word != "done" {
		return nil, s.fail(0, "only > and done take a range or *: all else happens at one moment")
	}
	switch word {
	case "<":
		return parseInput(s)
	case ">":
		return parseOutput(s, when)
	case "do", "do!":
		return parseCall(s, word == "do!")
	case "state":
		return parseState(s)
	case "done":
		return parseDone(s)
	case "link":
		return parseLink(s)
	case "forget":
		from, to, err := parsePorts(s)
		return forget{from, to}, err
	}
	return nil, s.fail(start, "%q is not known here: <, >, do, do!, done, state, link or forget", word)
}

// parseInput reads what the peer sends.
func parseInput(s *scanner) (action, error) {
	if s.accept("raw") {
		frame, err := s.hex("")
		if err == nil && len(frame) == 0 {
			err = s.fail(s.pos, "a frame has at least one byte")
		}
		return sendRaw{frame}, err
	}
	ahead := *s
	if from, to, err := parsePorts(&ahead); err == nil && ahead.accept("icmp") {
		*s = ahead
		return parseICMP(s, from, to)
	}
	s.skipSpace()
	start := s.pos
	seg, err := parseSegment(s)
	if err != nil {
		return nil, err
	}
	if seg.Has&(MoreOptions|AnyData) != 0 {
		return nil, s.fail(start, "a segment that is sent has to say it all: no ... and no *")
	}
	for _, o := range seg.Options {
		if o.Val.Any || o.Ecr.Any {
			return nil, s.fail(start, "a timestamp that is sent cannot be *")
		}
	}
	return sendSegment{seg}, nil
}

// parseOutput reads what the stack has to send.
func parseOutput(s *scanner, when moment) (action, error) {
	if s.accept("nothing") {
		if when.span {
			return nil, s.fail(0, "silence lasts up to one moment: a range or * has no meaning here")
		}
		return expectNothing{}, nil
	}
	s.skipSpace()
	start := s.pos
	seg, err := parseSegment(s)
	if err != nil {
		return nil, err
	}
	if seg.Has&(BadChecksum|HasOffset|HasReserved) != 0 {
		return nil, s.fail(start, "badsum, doff and reserved are faults for the peer to make; the stack's headers are checked always")
	}
	for _, o := range seg.Options {
		if o.Raw {
			return nil, s.fail(start, "raw options are for the peer to send; expect `unknown KIND HEX`")
		}
	}
	return expectSegment{seg}, nil
}

func parseLink(s *scanner) (action, error) {
	s.skipSpace()
	switch {
	case s.accept("up"):
		return setLink{true}, nil
	case s.accept("down"):
		return setLink{false}, nil
	}
	return nil, s.fail(s.pos, "link is followed by up or down")
}
