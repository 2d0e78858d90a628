package main

import (
	"fmt"
	"io"
	"strings"

	"framebyframe/part5-retransmission/stack"
)

// byteRange is some bytes of a frame: from, up to and without to.
type byteRange struct{ from, to int }

func (r *byteRange) String() string { return fmt.Sprintf("%d:%d", r.from, r.to) }

// Set reads FROM:TO.
func (r *byteRange) Set(text string) error {
	if _, err := fmt.Sscanf(text, "%d:%d", &r.from, &r.to); err != nil || r.from < 0 || r.to <= r.from {
		return fmt.Errorf("%q is not FROM:TO, such as 14:34", text)
	}
	return nil
}

// bytesPerLine is how many bytes stand in a line, at most.
const bytesPerLine = 16

// print prints the fields that lie in r, a line each: the bytes, and what they mean. Fields that share a byte share a line.
func (r byteRange) print(out io.Writer, frame []byte) error {
	if r.to > len(frame) {
		return fmt.Errorf("the frame has %d bytes", len(frame))
	}
	var hex, notes []string
	end := 0 // of the line so far
	for _, f := range stack.Fields(frame) {
		note := noteOn(f)
		switch behind := f.Offset + f.Length; {
		case f.Offset < r.from || behind > r.to:
		case f.Offset < end:
			hex[len(hex)-1] += strings.TrimSuffix(fmt.Sprintf(" % x", frame[end:behind]), " ")
			notes[len(notes)-1] += "; " + note
			end = behind
		default:
			for ; f.Offset+bytesPerLine < behind; f.Offset += bytesPerLine {
				hex, notes, note = append(hex, fmt.Sprintf("% x", frame[f.Offset:f.Offset+bytesPerLine])), append(notes, note), ""
			}
			hex, notes, end = append(hex, fmt.Sprintf("% x", frame[f.Offset:behind])), append(notes, note), behind
		}
	}
	width := 0
	for _, line := range hex {
		width = max(width, len(line))
	}
	for i := range hex {
		if _, err := fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("%-*s   %s", width, hex[i], notes[i]), " ")); err != nil {
			return err
		}
	}
	return nil
}

// noteOn says what a field is, in a line.
func noteOn(f stack.Field) string {
	note := f.Name
	if f.Value != "" {
		note += ": " + f.Value
	}
	if f.Meaning != "" {
		note += ", " + f.Meaning
	}
	if f.Wrong != "" {
		note += "  WRONG: " + f.Wrong
	}
	return note
}
