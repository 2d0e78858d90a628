package pages

import (
	"strings"
	"testing"
)

const bytesDirective = "<!-- bytes: part1-arp/stack/testdata/x.cap 2 -->\n"

// annotated is what an author makes of a frame.
var annotated = []string{
	"02 00 00 00 00 04      destination",
	"020000000001           source",
	"08 06                  ARP,",
	"                       a note that goes on: ff ff",
	"00 01 0a 00 00 04",
	"ff ee",
}

func bytesPage(lines []string) string {
	return bytesDirective + "```text\n" + strings.Join(lines, "\n") + "\n```\n"
}

// TestBytes lays out a frame, leaves alone what the author makes of it, and finds each byte that is changed, lost or added.
func TestBytes(t *testing.T) {
	d := newPaper(t)
	laidOut := bytesDirective + "```text\n02 00 00 00 00 04 02 00 00 00 00 01 08 06 00 01\n0a 00 00 04 ff ee\n```\n"
	if got := d.fill(bytesDirective); got != laidOut {
		t.Errorf("got\n%s\nwant\n%s", got, laidOut)
	}
	text := bytesPage(annotated)
	if got := d.fill(text); got != text {
		t.Errorf("the author's block became\n%s", got)
	}
	d.wantProblem(text, "")
	for i, line := range annotated {
		digits, _, _ := strings.Cut(line, "  ")
		for at := range digits {
			if line[at] == ' ' {
				continue
			}
			changed := append([]string(nil), annotated...)
			digit := "0"
			if line[at] == '0' {
				digit = "f"
			}
			changed[i] = line[:at] + digit + line[at+1:]
			d.wantProblem(bytesPage(changed), "in the capture, and")
			changed[i] = line[:at] + line[at+1:]
			d.wantProblem(bytesPage(changed), "is no pair of hex digits")
		}
	}
}

// TestBytesSay checks that a mistake is named with its line and the place in the frame.
func TestBytesSay(t *testing.T) {
	d := newPaper(t)
	changed := func(line int, text string) string {
		lines := append([]string(nil), annotated...)
		lines[line] = text
		return bytesPage(lines)
	}
	for _, test := range []struct{ page, says string }{
		{changed(1, "02 00 00 00 10 01  source"), "docs/a.md:1: line 4: byte 10 is 00 in the capture, and 10 here"},
		{changed(2, "08 06 ARP"), `docs/a.md:1: line 5: "ARP" is no pair of hex digits; two spaces`},
		{changed(5, ""), "docs/a.md:1: byte 20, ff, is missing, and what follows it: 20 bytes stand here of 22"},
		{changed(5, "ff ee 00  more"), "docs/a.md:1: line 8: 00 is one byte too many; the bytes of bytes: part1-arp/stack/testdata/x.cap 2 end at byte 21"},
		{changed(1, "  02 00 00 00 00 01  indented: a note"), "line 5: byte 6 is 02 in the capture, and 08 here"},
		{"<!-- bytes: part1-arp/stack/testdata/x.cap 2 12:14 -->\n```text\n08 06  type\n```\n", ""},
		{"<!-- bytes: part1-arp/stack/testdata/x.cap 2 12:14 -->\n```text\n08 05  type\n```\n", "line 3: byte 13 is 06"},
		{"<!-- bytes: part1-arp/stack/testdata/x.cap 1 -->\n```\n07\n```\n", ""},
		{"> <!-- bytes: part1-arp/stack/testdata/x.cap 1 -->\n> ```text\n> 07  quoted\n> ```\n", ""},
		{"- x\n\n  <!-- bytes: part1-arp/stack/testdata/x.cap 1 -->\n  ```text\n  07  indented\n  ```\n", ""},
		{"<!-- bytes: part1-arp/stack/testdata/x.cap 1 -->\n```text", "does not end"},
	} {
		d.wantProblem(test.page, test.says)
	}
}
