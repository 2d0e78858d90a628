package pages

import (
	"strings"
	"testing"
)

const partsText = "<!-- parts: -->\n\n" +
	"**[1 ARP](docs/1-arp.md)**, in [part1-arp](part1-arp), can\n\n- answer: `arping`\n- learn\n\n" +
	"and cannot yet:\n\n- `ping 10.0.0.4`: nothing | silence\n- a long one: dropped\n\n" +
	"**[2 IP](docs/2-ip.md)**, in [part2-ip](part2-ip), can\n\n- answer `ping`\n- wait\n\n" +
	"and cannot yet:\n\n- `nc`: silence\n\n<!-- end -->\n"

// noNC is what the second part cannot do.
const noNC = "\n-- three --\nfrom: 2\nuntil: 2\ntry: `nc`\nhere: silence\n+0 state LISTEN\n"

// partsPaper is a desk with two parts that have all that the lists are made of.
func partsPaper(t *testing.T) *paper {
	const one = "package stack\n\n// It asks.\n//\n// Can: answer: `arping`\n// Can: learn\nfunc TestA() {}\n\n// Can: no test says this\nfunc helper() {}\n"
	d := newPaper(t)
	d.Write("part1-arp/stack/a_test.go", one)
	d.Write("part2-ip/stack/a_test.go", one)
	d.Write("part2-ip/stack/b_test.go", "package stack\n\n// Can: answer `ping`\nfunc TestB() {}\n")
	d.Write("shared/suite/scripts/gaps.txt", gapSource+noNC)
	d.Write("shared/suite/stack.go", "package suite\n\nvar goTests = []goTest{{\"a week\", 2, 0, testWeek}}\n\n// Can: wait\nfunc testWeek() {}\n")
	d.Write("docs/1-arp.md", "# 1 ARP\n")
	d.Write("docs/2-ip.md", "# 2 IP\n")
	return d
}

func TestParts(t *testing.T) {
	d := partsPaper(t)
	if got := d.fill("<!-- parts: -->\n"); got != partsText {
		t.Errorf("got\n%s\nwant\n%s", got, partsText)
	}
}

func TestPartsStale(t *testing.T) {
	for _, test := range []struct{ file, text, says string }{
		{"part2-ip/stack/b_test.go", "package stack\n\n// Can: answer `pong`\nfunc TestB() {}\n", "+- answer `pong`"},
		{"part2-ip/stack/b_test.go", "package stack\n", "-- answer `ping`"},
		{"shared/suite/stack.go", "package suite\n\nvar goTests = []goTest{{\"a week\", 2, testWeek}}\n", "a row is not name, from, until, function"},
		{"shared/suite/scripts/gaps.txt", gapSource + strings.Replace(noNC, "silence", "a reset", 1), "+- `nc`: a reset"},
		{"docs/2-ip.md", "# 2 IPv4\n", "[2 IPv4]"},
		{"docs/2-ip.md", "IP\n", "does not begin with a title"},
		{"docs/2-ipv4.md", "# 2 IP\n", "has 2 chapters"},
	} {
		d := partsPaper(t)
		for part := range strings.SplitSeq("part1-arp part2-ip", " ") { // the links are those of a page in the root
			d.Write("docs/"+part+"/x", "")
			d.Write("docs/docs/"+part[4:5]+"-"+part[6:]+".md", "")
		}
		d.wantProblem(partsText, "")
		d.Write(test.file, test.text)
		d.wantProblem(partsText, test.says)
	}
}
