package script

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// SyntaxError says where a script cannot be read, and why.
type SyntaxError struct {
	Line, Column int // counted from 1; the line is 0 if only one was parsed
	Text         string
	Reason       string

	where func(line int) string // what a Config calls the line
}

func (e *SyntaxError) Error() string {
	where := fmt.Sprintf("column %d", e.Column)
	switch {
	case e.where != nil:
		where = fmt.Sprintf("%s, %s", e.where(e.Line), where)
	case e.Line > 0:
		where = fmt.Sprintf("%s, %s", lineNumber(e.Line), where)
	}
	// A tab stays a tab, so that the mark stands below what it means.
	margin := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, e.Text[:min(e.Column-1, len(e.Text))])
	return fmt.Sprintf("%s: %s\n    %s\n    %s^", where, e.Reason, e.Text, margin)
}

// scanner walks over one line.
type scanner struct {
	text string
	pos  int
}

func (s *scanner) fail(pos int, format string, args ...any) error {
	return &SyntaxError{Column: pos + 1, Text: s.text, Reason: fmt.Sprintf(format, args...)}
}

func (s *scanner) skipSpace() {
	for s.pos < len(s.text) && (s.text[s.pos] == ' ' || s.text[s.pos] == '\t') {
		s.pos++
	}
}

// next is the next byte that is no space, 0 at the end of the line.
func (s *scanner) next() byte {
	s.skipSpace()
	if s.pos == len(s.text) {
		return 0
	}
	return s.text[s.pos]
}

// until takes everything up to one of the given bytes or the end.
func (s *scanner) until(stops string) string {
	s.skipSpace()
	n := strings.IndexAny(s.text[s.pos:], stops)
	if n < 0 {
		n = len(s.text) - s.pos
	}
	word := s.text[s.pos : s.pos+n]
	s.pos += n
	return word
}

// word takes what stands up to the next space.
func (s *scanner) word() string { return s.until(" \t") }

// peekWord is the word that word would take.
func (s *scanner) peekWord() string {
	ahead := *s
	return ahead.word()
}

// accept takes the given word if it comes next.
func (s *scanner) accept(word string) bool {
	if s.peekWord() != word {
		return false
	}
	s.word()
	return true
}

// literal takes one byte that has to be there.
func (s *scanner) literal(c byte) error {
	if s.next() != c {
		return s.fail(s.pos, "%q is missing here", c)
	}
	s.pos++
	return nil
}

// number takes a number of at most so many bits. Sequence numbers count modulo
// 2^32 and may therefore be negative.
func (s *scanner) number(what string, bits int, negative bool) (uint32, error) {
	s.skipSpace()
	start := s.pos
	if negative && s.next() == '-' {
		s.pos++
	}
	for s.pos < len(s.text) && s.text[s.pos] >= '0' && s.text[s.pos] <= '9' {
		s.pos++
	}
	n, err := strconv.ParseInt(s.text[start:s.pos], 10, 64)
	if err != nil && s.pos == start {
		return 0, s.fail(start, "%s has to be a number", what)
	}
	if err != nil || n >= 1<<bits || n < -(1<<31) {
		return 0, s.fail(start, "%s does not fit %d bits", what, bits)
	}
	return uint32(n), nil
}

// hex takes hexadecimal digits up to one of the given bytes; spaces may stand
// between them.
func (s *scanner) hex(stops string) ([]byte, error) {
	s.skipSpace()
	start := s.pos
	digits := strings.Join(strings.Fields(s.until(stops)), "")
	b, err := hex.DecodeString(digits)
	if err != nil {
		return nil, s.fail(start, "these have to be bytes in hexadecimal digits, two for each")
	}
	return b, nil
}

// quoted takes a string in Go's quotes.
func (s *scanner) quoted() (string, error) {
	s.skipSpace()
	prefix, err := strconv.QuotedPrefix(s.text[s.pos:])
	if err != nil {
		return "", s.fail(s.pos, "this has to be a text in quotes")
	}
	text, err := strconv.Unquote(prefix)
	if err != nil {
		return "", s.fail(s.pos, "this has to be a text in quotes")
	}
	s.pos += len(prefix)
	return text, nil
}

// isName tells whether a word can be bound to a value: a letter, then letters,
// digits and _.
func isName(word string) bool {
	for i, c := range word {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return word != ""
}
