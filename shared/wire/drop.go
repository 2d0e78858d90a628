package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// drops are the -drop flags of one command line.
type drops struct {
	describe func(frame []byte) string
	topmost  string
	rules    []*dropRule
}

// dropRule loses one frame: the one that brings left to 0.
type dropRule struct {
	left int // how many frames have still to match
	text string
}

// add reads N or N:TEXT.
func (d *drops) add(s string) error {
	number, text, given := strings.Cut(s, ":")
	if !given {
		text = d.topmost
	}
	n, err := strconv.ParseUint(number, 10, 31)
	if err != nil || n < 1 || given && text == "" {
		return fmt.Errorf("want N:TEXT or N with N from 1 on, such as 2:%s or 2", d.topmost)
	}
	d.rules = append(d.rules, &dropRule{left: int(n), text: text})
	return nil
}

// match tells whether a rule loses this frame. Every rule sees every frame, so
// that each counts on its own.
func (d *drops) match(frame []byte) bool {
	if len(d.rules) == 0 {
		return false
	}
	line := d.describe(frame)
	hit := false
	pending := d.rules[:0]
	for _, r := range d.rules {
		if strings.Contains(line, r.text) {
			r.left--
		}
		if r.left == 0 {
			hit = true
			continue // this rule has done its work
		}
		pending = append(pending, r)
	}
	d.rules = pending
	return hit
}
