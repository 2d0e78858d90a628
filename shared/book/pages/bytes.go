package pages

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"framebyframe/shared/pcap"
)

// bytesPerLine is how a frame is laid out where its author has not parted it into fields yet.
const bytesPerLine = 16

// capturedBytes returns the bytes of a frame that a bytes directive means.
func (b *book) capturedBytes(d directive) (part []byte, from int, err error) {
	name := d.args[0]
	frames, err := pcap.ReadFrames(b.tree.Path(name))
	if err != nil {
		return nil, 0, err
	}
	n, err := strconv.Atoi(d.args[1])
	if err != nil || n < 1 || n > len(frames) {
		return nil, 0, fmt.Errorf("%s has no frame %s; it has 1 to %d", name, d.args[1], len(frames))
	}
	frame := frames[n-1]
	if len(d.args) < 3 {
		return frame, 0, nil
	}
	first, last, _ := strings.Cut(d.args[2], ":")
	from, err = strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	if err != nil || err2 != nil || from < 0 || from >= to || to > len(frame) {
		return nil, 0, fmt.Errorf("%s: write FROM:TO for the bytes FROM to TO-1 of the frame's 0 to %d", d.args[2], len(frame)-1)
	}
	return frame[from:to], from, nil
}

// hexOf returns the bytes in lines, for the author to go on from.
func (b *book) hexOf(d directive) (string, error) {
	rest, _, err := b.capturedBytes(d)
	var lines []string
	for len(rest) > 0 {
		n := min(bytesPerLine, len(rest))
		lines = append(lines, fmt.Sprintf("% x", rest[:n]))
		rest = rest[n:]
	}
	return strings.Join(lines, "\n"), err
}

// checkBytes compares the bytes that an author has written with those of the capture.
func (b *book) checkBytes(d block, lines []string) error {
	want, from, err := b.capturedBytes(d.directive)
	if err != nil {
		return err
	}
	at := 0
	for i, line := range lines {
		got, err := leadingHex(strings.TrimPrefix(line, d.prefix))
		if err != nil {
			return fmt.Errorf("line %d: %w", d.first+2+i, err)
		}
		for _, c := range got {
			switch {
			case at == len(want):
				return fmt.Errorf("line %d: %02x is one byte too many; the bytes of %s end at byte %d", d.first+2+i, c, d.text, from+at-1)
			case c != want[at]:
				return fmt.Errorf("line %d: byte %d is %02x in the capture, and %02x here", d.first+2+i, from+at, want[at], c)
			}
			at++
		}
	}
	if at < len(want) {
		return fmt.Errorf("byte %d, %02x, is missing, and what follows it: %d bytes stand here of %d", from+at, want[at], at, len(want))
	}
	return nil
}

// leadingHex returns the bytes at the beginning of a line, up to two spaces or its end. A line that begins with two spaces
// has none: it goes on with the note of the line above.
func leadingHex(line string) ([]byte, error) {
	digits, _, _ := strings.Cut(line, "  ")
	var all []byte
	for _, word := range strings.Fields(digits) {
		some, err := hex.DecodeString(word)
		if err != nil {
			return nil, fmt.Errorf("%q is no pair of hex digits; two spaces must part the bytes from the note", word)
		}
		all = append(all, some...)
	}
	return all, nil
}
