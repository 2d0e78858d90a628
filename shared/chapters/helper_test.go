package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A desk is a small module in a temporary directory, with a lab and a shell that only pretend.
type desk struct {
	t     *testing.T
	root  string
	book  *book
	calls []string // of the lab
	out   outcome  // of the lab and the shell
	flags string   // what a part prints for -h
}

const arpSource = `package main

// op says what an ARP packet is for.
type op uint16

// The operations.
const (
	request op = 1 // asks
	reply   op = 2 // answers
)

// A table holds
// neighbours.
type table struct{ n int }

// add adds one.
func (t *table) add() { t.n++ } // no more than that

func (t table) len() int { return t.n }

func receive() string {
	return "reply"
}
`

const gapSource = `package main

type gap struct{ try, here string; n int }

var gaps = []gap{
	{"` + "`ping 10.0.0.4`" + `", "nothing | " + "silence", 1},
	{try: "a\nlong   one", here: "dropped"},
}
`

const trace = `ready: 10.0.0.4 is this program
12:34:56.123456 -> ARP, Request who-has 10.0.0.4 tell 10.0.0.4, length 28
12:34:56.123999    ARP: 10.0.0.1: NONE -> REACHABLE, 02:00:0a:00:00:01
     3 frames received
`

// changesText is a docs/changes.txt.
const changesText = `What each part changes
======================

part1-arp -> part2-ip
---------------------

the stack
  the same: 1 files
    +2 -0 in all

its tests
  the same: 9 files

part2-ip -> part3-tcp
---------------------

the stack
  new

its tests
  none
`

// captureText is a capture of two frames, 24 and 16 bytes of headers before them.
var captureText = "\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + strings.Repeat("\x00", 8) + "\x00\x00\x04\x00\x01\x00\x00\x00" +
	strings.Repeat("\x00", 8) + "\x01\x00\x00\x00\x01\x00\x00\x00\x07" +
	strings.Repeat("\x00", 8) + "\x16\x00\x00\x00\x16\x00\x00\x00\x02\x00\x00\x00\x00\x04\x02\x00\x00\x00\x00\x01\x08\x06\x00\x01\x0a\x00\x00\x04\xff\xee"

// flagText is what package flag prints.
const flagText = "usage: part [flags]\n  -loss 5%\n    \tlose 5% of the frames\n  -q\tno trace\n  -tap string\n    \tdevice\n  -verbose\n    \tmore\n"

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, flags: flagText, root: t.TempDir(), out: outcome{stdout: "42 bytes from 02:00:00:00:00:04: time=8.697 usec\n", stderr: "* the command's own\n" + trace + "lab: something\n"}}
	d.write("go.mod", "module framebyframe\n")
	d.write("part1-arp/arp.go", arpSource)
	d.write("part2-ip/arp.go", strings.Replace(arpSource, "n++", "n += 2", 1))
	d.write("part1-arp/stack.go", "package main\n")
	d.write("part2-ip/stack.go", "package main\n\nvar ip int\n")
	d.write("part1-arp/same.go", "package main\n")
	d.write("part2-ip/same.go", "package main\n")
	d.write("part2-ip/ip.go", "package main\n")
	d.write("part1-arp/gap_test.go", gapSource)
	d.write("part2-ip/gap_test.go", "package main\n")
	d.write("shared/lab/main.go", "package main\n")
	d.write("docs/changes.txt", changesText)
	d.write("part1-arp/testdata/x.cap", captureText)
	d.book = d.newBook()
	return d
}

func (d *desk) newBook() *book {
	b := newBook(d.t.Context(), d.root)
	b.lab = func(args, env []string) (outcome, error) {
		d.calls = append(d.calls, strings.Join(append(env, args...), "|"))
		return d.out, nil
	}
	b.shell = func(string) (outcome, error) { return d.out, nil }
	b.help = func(string) (outcome, error) {
		return outcome{stderr: d.flags}, nil
	}
	return b
}

func (d *desk) write(name, text string) {
	d.t.Helper()
	file := filepath.Join(d.root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) read(name string) string {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(d.root, name))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}

// page takes apart docs/a.md as it is now.
func (d *desk) page() *page {
	d.t.Helper()
	p, err := readPage(d.root, filepath.Join(d.root, "docs", "a.md"))
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

// fill writes docs/a.md, fills it and returns what it became.
func (d *desk) fill(text string) string {
	d.t.Helper()
	d.write("docs/a.md", text)
	p := d.page()
	problems, err := d.newBook().fill(p, kinds, new(bytes.Buffer))
	if err != nil {
		d.t.Fatal(err)
	}
	if problems = append(p.problems, problems...); len(problems) > 0 {
		d.t.Fatalf("fill: %v", problems)
	}
	return d.read("docs/a.md")
}

// check writes docs/a.md and returns what is wrong with it, as text.
func (d *desk) check(text string) string {
	d.t.Helper()
	d.write("docs/a.md", text)
	p := d.page()
	var all strings.Builder
	for _, problem := range append(p.problems, d.newBook().check(p, kinds)...) {
		all.WriteString(problem.String() + "\n")
	}
	return all.String()
}

// wantProblem checks that a page with this text has a problem that says so; "" stands for no problem.
func (d *desk) wantProblem(text, says string) {
	d.t.Helper()
	got := d.check(text)
	if got == "" != (says == "") || !strings.Contains(got, says) {
		d.t.Errorf("want %q, got %q for:\n%s", says, got, text)
	}
}
