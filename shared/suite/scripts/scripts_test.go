package scripts

import (
	"slices"
	"strings"
	"testing"
)

// Each file can be read, each script is for some part, and those that a part cannot pass yet say what a reader sees.
func TestScriptsAreThere(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	fit := make([]int, 6)
	for _, f := range files {
		if f.Comment == "" {
			t.Errorf("%s.txt does not say what it is about", f.Name)
		}
		for _, s := range f.Scripts {
			if s.From < 1 || s.Until != 0 && s.Until < s.From || s.From > 5 {
				t.Errorf("%s: from %d until %d", s.Where(0), s.From, s.Until)
			}
			if (s.Try == "") != (s.Here == "") || s.Try != "" && s.Until == 0 {
				t.Errorf("%s: try, here and until go together", s.Where(0))
			}
			for part := range fit {
				if s.Fits(part) {
					fit[part]++
				}
			}
		}
	}
	t.Logf("scripts that fit part 1 to 5: %v", fit[1:])
	if fit[3] < 90 || fit[4] < 280 || fit[5] < 480 {
		t.Errorf("scripts have been lost: %v", fit)
	}
}

func TestGapsOfAPart(t *testing.T) {
	for part, want := range map[int][]string{
		1: {"`ping 10.0.0.4`"},
		3: {"`echo hello | nc 10.0.0.4 80`", "closing the connection", "`-drop '1:[S.]'`"},
	} {
		gaps, err := Gaps(part)
		var got []string
		for _, g := range gaps {
			got = append(got, g.Try)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("part %d: %q, %v, want %q", part, got, err, want)
		}
	}
}

const sample = `// What it is about.
rfc: 9293 3.5
from: 3

-- define open --
// comments explain a definition
+0 < S 0:0(0) win $2 $1
+0 > S. 0:0(0) ack 1

-- first --
// Its own sentence.
@open <mss 1460,nop> 1000
@burst 1 2001 push
+0 state ESTABLISHED

== a section ==
// The section's sentence.
from: 4
until: 4

-- second --
iss: -2..0 0x10
peer-iss: iss+1
+0 state LISTEN
`

func TestFormat(t *testing.T) {
	f, err := parseFile("sample.txt", sample, nil)
	if err != nil {
		t.Fatal(err)
	}
	first, second := f.Scripts[0], f.Scripts[1]
	want := "+0 < S 0:0(0) win 1000 <mss 1460,nop>\n+0 > S. 0:0(0) ack 1\n" +
		"+0~+.02 > . 1:1001(1000) ack 1\n+0~+.02 > P. 1001:2001(1000) ack 1\n+0 state ESTABLISHED\n"
	if got := first.Text(); got != want {
		t.Errorf("it says\n%swant\n%s", got, want)
	}
	for n, where := range map[int]string{1: ":7", 4: ":13", 5: ":14", 0: ":10"} {
		if got := first.Where(n); !strings.HasSuffix(got, "sample.txt"+where) {
			t.Errorf("line %d is %s, want %s", n, got, where)
		}
	}
	if first.From != 3 || first.Until != 0 || second.From != 4 || second.Until != 4 {
		t.Errorf("from %d until %d, from %d until %d", first.From, first.Until, second.From, second.Until)
	}
	if about := first.About(); about != "RFC 9293 3.5: What it is about.\nIts own sentence.\n" {
		t.Errorf("the first is about %q", about)
	}
	if about := second.About(); !strings.Contains(about, "The section's sentence.") || strings.Contains(about, "Its own") {
		t.Errorf("the second is about %q", about)
	}
}

func TestFormatErrors(t *testing.T) {
	for text, want := range map[string]string{
		"from: 3\n+0 state LISTEN\n":                  "sample.txt:2: ",
		"from: 3\n-- a --\n+0 state X\n-- a --\n":     "sample.txt:4: there is another script",
		"from: 3\nthrough: 4\n":                       "sample.txt:2: there is no key",
		"-- a --\n+0 state X\n":                       `sample.txt:1: "from" has to say`,
		"from: 3\n-- a --\n@nothing\n":                `sample.txt:3: there is no definition of "nothing"`,
		"from: 3\n-- a --\n":                          "needs either lines or a function",
		"from: 3\n-- define x --\n@x\n-- a --\n@x\n":  "needs itself",
		"from: 3\n-- a --\n@burst 1\n":                "sample.txt:3: @burst FROM TO",
		"from: 3\nuntil: soon\n-- a --\n+0 state X\n": "soon",
	} {
		if _, err := parseFile("sample.txt", text, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
