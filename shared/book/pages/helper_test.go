package pages

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"framebyframe/shared/book/desk"
	"framebyframe/shared/book/parts"
)

// A paper is a small checkout, with a lab and a shell that only pretend.
type paper struct {
	*desk.Desk
	calls []string      // of the lab
	out   parts.Outcome // of the lab and the shell
	flags string        // what a part prints for -h
}

const arpSource = `package pages

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

const gapSource = "// What a part cannot do yet.\nuntil: 1\n\n-- one --\nfrom: 1\ntry: `ping 10.0.0.4`\nhere: nothing | silence\n+0 state LISTEN\n\n" +
	"-- two --\nfrom: 1\ntry: a long   one\nhere: dropped\n+0 state LISTEN\n"

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

// onDesk are the files of the checkout.
var onDesk = map[string]string{
	"part1-arp/stack/arp.go":         arpSource,
	"part2-ip/stack/arp.go":          strings.Replace(arpSource, "n++", "n += 2", 1),
	"part1-arp/stack/stack.go":       "package stack\n",
	"part2-ip/stack/stack.go":        "package stack\n\nvar ip int\n",
	"part1-arp/stack/same.go":        "package stack\n",
	"part2-ip/stack/same.go":         "package stack\n",
	"part2-ip/stack/ip.go":           "package stack\n",
	"shared/suite/scripts/gaps.txt":  gapSource,
	"shared/lab/main.go":             "package main\n",
	"docs/changes.txt":               changesText,
	"part1-arp/stack/testdata/x.cap": captureText,
}

func newPaper(t *testing.T) *paper {
	d := &paper{Desk: desk.New(t), flags: flagText, out: parts.Outcome{Stdout: "42 bytes from 02:00:00:00:00:04: time=8.697 usec\n", Stderr: "* the command's own\n" + trace + "lab: something\n"}}
	for _, part := range []string{"part1-arp", "part2-ip"} {
		d.Write(part+"/main.go", desk.Main)
	}
	for _, name := range slices.Sorted(maps.Keys(onDesk)) {
		d.Write(name, onDesk[name])
	}
	return d
}

func (d *paper) book() *book {
	b := newBook(d.Context(), d.Tree())
	b.lab = func(args, env []string) (parts.Outcome, error) {
		d.calls = append(d.calls, strings.Join(append(env, args...), "|"))
		return d.out, nil
	}
	b.shell = func(string) (parts.Outcome, error) { return d.out, nil }
	b.help = func(string) (parts.Outcome, error) { return parts.Outcome{Stderr: d.flags}, nil }
	return b
}

// fill writes docs/a.md, fills it and returns what it became.
func (d *paper) fill(text string) string {
	d.Helper()
	d.Write("docs/a.md", text)
	b := d.book()
	problems, err := b.each([]string{d.Path("docs/a.md")}, func(p *page) ([]problem, error) { return b.fill(p, Kinds, new(bytes.Buffer)) })
	if err != nil || len(problems) > 0 {
		d.Fatalf("fill: %v, %v", problems, err)
	}
	return d.Read("docs/a.md")
}

// check writes docs/a.md and returns what is wrong with it, as text.
func (d *paper) check(text string) string {
	d.Helper()
	d.Write("docs/a.md", text)
	b := d.book()
	problems, err := b.each([]string{d.Path("docs/a.md")}, func(p *page) ([]problem, error) { return b.check(p, Kinds), nil })
	if err != nil {
		d.Fatal(err)
	}
	return strings.Join(append(problems, ""), "\n")
}

// wantProblem checks that a page with this text has a problem that says so; "" stands for no problem.
func (d *paper) wantProblem(text, says string) {
	d.Helper()
	got := d.check(text)
	if got == "" != (says == "") || !strings.Contains(got, says) {
		d.Errorf("want %q, got %q for:\n%s", says, got, text)
	}
}
