package script

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// anyTime is how long a line with * waits.
const anyTime = time.Hour

// moment is the time at which a line wants something to happen.
type moment struct {
	relative   bool // counted from the line before, not from the script's start
	first, end time.Duration
	span       bool // a range, or any time
	any        bool
	times      bool // first and end are multiples, in billionths, of the time between the two segments before
}

// window is the time that a line means, counted from the script's start. anchor
// is when the line before it happened, gap the time from the stack's segment before the last to its last.
func (m moment) window(anchor, gap time.Duration) (first, last time.Duration) {
	switch {
	case m.times:
		return anchor + time.Duration(m.first.Seconds()*float64(gap)), anchor + time.Duration(m.end.Seconds()*float64(gap))
	case m.any:
		return anchor, anchor + anyTime
	case m.relative:
		return anchor + m.first, anchor + m.end
	}
	return m.first, m.end
}

// parseMoment reads +0, +.1, +2ms, 1.5, +.2~+.25 or *.
func parseMoment(s *scanner) (m moment, err error) {
	s.skipSpace()
	start := s.pos
	word := s.word()
	if word == "*" {
		return moment{relative: true, span: true, any: true}, nil
	}
	if multiples, ok := strings.CutPrefix(word, "x"); ok {
		m.times = true
		word = strings.ReplaceAll(multiples, "~x", "~")
	}
	first, last, span := strings.Cut(word, "~")
	if m.first, m.relative, err = parseTime(s, start, first); err != nil {
		return m, err
	}
	m.end = m.first
	if span {
		var relative bool
		if m.end, relative, err = parseTime(s, start+len(first)+1, last); err != nil {
			return m, err
		}
		if relative != m.relative {
			return m, s.fail(start, "both ends of a range are relative (+), or none")
		}
		if m.end < m.first {
			return m, s.fail(start, "the range ends before it begins")
		}
	}
	m.span = span
	return m, nil
}

// parseTime reads one time: seconds, or a number with a unit as Go has them.
func parseTime(s *scanner, at int, word string) (d time.Duration, relative bool, err error) {
	number, relative := strings.CutPrefix(word, "+")
	seconds, err := strconv.ParseFloat(number, 64)
	if err == nil && !strings.ContainsAny(number, "xXpPeE_iInN") {
		d = time.Duration(math.Round(seconds * 1e9))
	} else if d, err = time.ParseDuration(number); err != nil {
		return 0, false, s.fail(at, "%q is no time: +.1 or +100ms after the line before, 1.5 after the start, +.2~+.3, or *", word)
	}
	if d < 0 || seconds > 1e9 || strings.HasPrefix(number, "+") {
		return 0, false, s.fail(at, "%q is no time that can come", word)
	}
	return d, relative, nil
}
