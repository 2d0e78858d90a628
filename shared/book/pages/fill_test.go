package pages

import (
	"bytes"
	"strings"
	"testing"
)

// filled is, for each kind of block, a directive and what it makes.
var filled = []struct{ name, directive, want string }{
	{"code", "<!-- code: part1-arp/stack/arp.go receive -->", "```go\nfunc receive() string {\n\treturn \"reply\"\n}\n```"},
	{"code of methods", "<!-- code: part1-arp/stack/arp.go table.len (*table).add table -->",
		"```go\nfunc (t table) len() int { return t.n }\n\n// add adds one.\nfunc (t *table) add() { t.n++ } // no more than that\n\n// A table holds\n// neighbours.\ntype table struct{ n int }\n```"},
	{"code of a group", "<!-- code: part1-arp/stack/arp.go reply -->",
		"```go\n// The operations.\nconst (\n\trequest op = 1 // asks\n\treply   op = 2 // answers\n)\n```"},
	{"diff of a file", "<!-- diff: part1-arp/stack part2-ip/stack stack.go -->",
		"```diff\n--- part1-arp/stack/stack.go\n+++ part2-ip/stack/stack.go\n@@ -1 +1,3 @@\n package stack\n+\n+var ip int\n```"},
	{"diff of all", "<!-- diff: part1-arp/stack part2-ip/stack -->",
		"```diff\n--- part1-arp/stack/arp.go\n+++ part2-ip/stack/arp.go\n@@ -14,7 +14,7 @@\n type table struct{ n int }\n \n // add adds one.\n" +
			"-func (t *table) add() { t.n++ } // no more than that\n+func (t *table) add() { t.n += 2 } // no more than that\n \n func (t table) len() int { return t.n }\n \n" +
			"--- part1-arp/stack/stack.go\n+++ part2-ip/stack/stack.go\n@@ -1 +1,3 @@\n package stack\n+\n+var ip int\n```"},
	{"lab", "<!-- lab: mask=usec 1 -q -- sh -c 'arping 10.0.0.4; ip neigh' -->",
		"```console\n$ go run ./shared/lab 1 -q -- sh -c 'arping 10.0.0.4; ip neigh'\n42 bytes from 02:00:00:00:00:04: time=… usec\n```"},
	{"lab with the options behind the part", "<!-- lab: 1 show=trace mask=clock -resolve 10.0.0.1 -->",
		"```console\n$ go run ./shared/lab 1 -resolve 10.0.0.1\n" + strings.NewReplacer("12:34:56.123456", "hh:mm:ss.uuuuuu", "12:34:56.123999", "hh:mm:ss.uuuuuu").Replace(trace) + "```"},
	{"lab with all", "<!-- lab: show=all mask=clock,usec LAB_PORTS='40000 40001' 1 -- arping -->",
		"```console\n$ LAB_PORTS='40000 40001' go run ./shared/lab 1 -- arping\n42 bytes from 02:00:00:00:00:04: time=… usec\n\n" +
			strings.NewReplacer("12:34:56.123456", "hh:mm:ss.uuuuuu", "12:34:56.123999", "hh:mm:ss.uuuuuu").Replace(trace) + "```"},
	{"run", "<!-- run: mask=usec cat docs/x | tail -1 -->", "```console\n$ cat docs/x | tail -1\n42 bytes from 02:00:00:00:00:04: time=… usec\n```"},
	{"gaps", "<!-- gaps: part1-arp -->",
		"\n| What you try | What happens here |\n| --- | --- |\n| `ping 10.0.0.4` | nothing \\| silence |\n| a long one | dropped |\n\n<!-- end -->"},
	{"changes", "<!-- changes: part1-arp part2-ip -->",
		"```text\npart1-arp -> part2-ip\n---------------------\n\nthe stack\n  the same: 1 files\n    +2 -0 in all\n```"},
	{"journey", "<!-- journey: part1-arp request -->", "```console\n$ go run ./shared/book journey 1 request\n42 bytes from 02:00:00:00:00:04: time=8.697 usec\n```"},
	{"text", "<!-- text: docs/changes.txt -->", "```text\n" + changesText + "```"},
}

// TestFill fills each kind of block where none is, over an old one, and once more, and checks it, whole and then with one
// byte of it changed, here and there.
func TestFill(t *testing.T) {
	for _, test := range filled {
		t.Run(test.name, func(t *testing.T) {
			d := newPaper(t)
			before, after := "# Title\n\ntext\n\n"+test.directive+"\n", "\n\nmore `text`\n"
			want := before + test.want + after
			if got := d.fill(before + after[1:]); got != want {
				t.Fatalf("got\n%s\nwant\n%s", got, want)
			}
			if got := d.fill(want); got != want {
				t.Errorf("filled twice:\n%s", got)
			}
			d.wantProblem(want, "")
			for i := 0; i < len(test.want); i += 7 { // each takes a run of diff
				changed := []byte(want)
				changed[len(before)+i] ^= 1
				if d.check(string(changed)) == "" {
					t.Errorf("a changed byte %d was not noticed:\n%s", i, changed)
				}
			}
			lines := strings.Split(test.want, "\n")
			stale := strings.Join(append(lines[:1:1], append([]string{"old"}, lines[3:]...)...), "\n")
			d.wantProblem(before+stale+after, "docs/a.md:5: stale: "+test.directive)
			d.wantProblem(before+stale+after, "\n-old")
			if got := d.fill(before + stale + after); got != want {
				t.Errorf("from an old block:\n%s", got)
			}
		})
	}
}

// TestFillInPlaces fills blocks in a list, in a quotation, one that holds a fence itself, and one at the end of the file.
func TestFillInPlaces(t *testing.T) {
	d := newPaper(t)
	d.out.Stdout = "a\r\n\n```\nb \n\n"
	d.out.Stderr = ""
	text := "- item\n\n  <!-- run: x -->\n\n> <!-- run: y -->\n\n<!-- run: z -->"
	want := "- item\n\n  <!-- run: x -->\n  ````console\n  $ x\n  a\n\n  ```\n  b\n  ````\n\n" +
		"> <!-- run: y -->\n> ````console\n> $ y\n> a\n>\n> ```\n> b\n> ````\n\n" +
		"<!-- run: z -->\n````console\n$ z\na\n\n```\nb\n````"
	if got := d.fill(text); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := d.fill(want); got != want {
		t.Errorf("filled twice:\n%s", got)
	}
	d.wantProblem(want, "")
}

// TestOneRunForTwoBlocks checks what the lab is called with, and that two blocks of one command line are of one run.
func TestOneRunForTwoBlocks(t *testing.T) {
	d := newPaper(t)
	d.fill("<!-- lab: 1 -drop '1:[S.]' -- sh -c \"a 'b'\" -->\n\n<!-- lab: show=trace 1 -drop '1:[S.]' -- sh -c \"a 'b'\" -->\n\n<!-- lab: A=1 demo -->\n")
	if got := strings.Join(d.calls, "\n"); got != "A=1|demo\n1|-drop|1:[S.]|--|sh|-c|a 'b'" {
		t.Errorf("the lab was called like this:\n%s", got)
	}
}

// TestOnly fills one kind of block and leaves the other.
func TestOnly(t *testing.T) {
	d := newPaper(t)
	d.Write("docs/a.md", "<!-- lab: 1 -- x -->\n\n<!-- code: part1-arp/stack/arp.go receive -->\n")
	var out bytes.Buffer
	if problems, err := Fill(t.Context(), d.Tree(), []string{kindCode}, []string{d.Path("docs/a.md")}, &out); err != nil || problems != nil {
		t.Fatal(problems, err)
	}
	if got := d.Read("docs/a.md"); strings.Contains(got, "console") || !strings.Contains(got, "func receive") {
		t.Errorf("got\n%s", got)
	}
	if got := out.String(); got != "docs/a.md: filled 1 of 2 blocks anew\n" {
		t.Errorf("it said %q", got)
	}
}

// TestAuthorGoesOn changes a page while its blocks are made, which must not be lost.
func TestAuthorGoesOn(t *testing.T) {
	d := newPaper(t)
	d.Write("docs/a.md", "<!-- run: x -->\n")
	b := d.book()
	p, err := readPage(b.tree, d.Path("docs/a.md"))
	if err != nil {
		t.Fatal(err)
	}
	d.Write("docs/a.md", "new\n")
	if _, err := b.fill(p, Kinds, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "was changed while") {
		t.Errorf("error %v", err)
	}
	if got := d.Read("docs/a.md"); got != "new\n" {
		t.Errorf("the page is now %q", got)
	}
}
