package pages

import (
	"strings"
	"testing"
)

// TestStaleSource changes one byte in the code, in the list of gaps and in the part's reply.
func TestStaleSource(t *testing.T) {
	const text = "<!-- code: part1-arp/stack/arp.go receive -->\n\n<!-- gaps: part1-arp -->\n\n<!-- lab: show=all mask=usec,clock 1 -- x -->\n\n" +
		"<!-- bytes: part1-arp/stack/testdata/x.cap 2 -->\n\n<!-- changes: part1-arp part2-ip -->\n\n<!-- text: docs/changes.txt -->\n"
	for _, test := range []struct {
		name   string
		change func(d *paper)
		says   string
	}{
		{"nothing", func(*paper) {}, ""},
		{"code", func(d *paper) { d.Write("part1-arp/stack/arp.go", strings.Replace(arpSource, `"reply"`, `"rep1y"`, 1)) }, "docs/a.md:1: stale"},
		{"gaps", func(d *paper) {
			d.Write("shared/suite/scripts/gaps.txt", strings.Replace(gapSource, "dropped", "droped", 1))
		}, "docs/a.md:8: stale"},
		{"renamed", func(d *paper) {
			d.Write("part1-arp/stack/arp.go", strings.Replace(arpSource, "receive()", "accept()", 1))
		}, "docs/a.md:1: part1-arp/stack/arp.go has no receive; it has op, request, reply, table, table.add, table.len, accept"},
		{"capture", func(d *paper) {
			d.Write("part1-arp/stack/testdata/x.cap", strings.Replace(captureText, "\x08\x06", "\x08\x00", 1))
		}, "docs/a.md:28: line 30: byte 13 is 00 in the capture, and 06 here"},
		{"changes", func(d *paper) { d.Write("docs/changes.txt", strings.Replace(changesText, "+2", "+3", 1)) }, "docs/a.md:34: stale"},
		{"text", func(d *paper) { d.Write("docs/changes.txt", strings.Replace(changesText, "each", "each ", 1)) }, "docs/a.md:44: stale"},
		{"reply", func(d *paper) { d.out.Stdout = strings.Replace(d.out.Stdout, ":04", ":05", 1) }, "+42 bytes from 02:00:00:00:00:05"},
		{"trace", func(d *paper) { d.out.Stderr = strings.Replace(d.out.Stderr, "REACHABLE", "REACHABLY", 1) }, "REACHABLY"},
		{"summary", func(d *paper) { d.out.Stderr = strings.Replace(d.out.Stderr, "3 frames", "4 frames", 1) }, "4 frames"},
		{"times", func(d *paper) {
			d.out.Stdout = strings.Replace(d.out.Stdout, "8.697", "12.1", 1)
			d.out.Stderr = strings.Replace(d.out.Stderr, "12:34:56.123456", "23:59:59.000000", 1)
		}, ""},
		{"the command's stderr", func(d *paper) { d.out.Stderr = strings.Replace(d.out.Stderr, "own", "new", 1) }, ""},
		{"status", func(d *paper) { d.out.Status = 127 }, "ended with status 127"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newPaper(t)
			text := d.fill(text)
			test.change(d)
			d.wantProblem(text, test.says)
		})
	}
}

// TestRemovedFlag takes a flag from the part that a command of the page has.
func TestRemovedFlag(t *testing.T) {
	d := newPaper(t)
	const text = "```sh\ngo run ./shared/lab 1 -verbose -- x\n```\n"
	d.wantProblem(text, "")
	d.flags = strings.Replace(flagText, "-verbose", "-wordy", 1)
	d.wantProblem(text, "part1-arp has no flag -verbose")
}

// TestBadDirectives checks what is said about directives that are wrong.
func TestBadDirectives(t *testing.T) {
	for _, test := range []struct{ text, says string }{
		{"<!-- cdoe: part1-arp/stack/arp.go receive -->", `there is no directive "cdoe:"`},
		{"<!-- code: part1-arp/stack/arp.go -->", "write it like this: <!-- code: FILE DECL"},
		{"<!-- code: part1-arp/stack/arp.go receive", "end with --> on the same line"},
		{"<!-- code: part1-arp/stack/arp.go recieve -->", "has no recieve; it has op, request, reply, table, table.add, table.len, receive"},
		{"<!-- code: part1-arp/stack/arp.go request reply -->", "reply is declared together"},
		{"<!-- code: part1-arp/stack/no.go receive -->", "part1-arp/stack/no.go"},
		{"<!-- code: part1-arp/stack/arp.go receive -->\n```sh\n```", "put an empty line between"},
		{"<!-- diff: part1-arp -->", "write it like this"},
		{"<!-- diff: part1-arp part9-x -->", "there is no part9-x"},
		{"<!-- diff: part1-arp/stack part2-ip/stack ip.go -->", "part1-arp/stack has no ip.go"},
		{"<!-- diff: part1-arp/stack part2-ip/stack same.go -->", "nothing differs"},
		{"<!-- gaps: part2-ip -->", "no script in shared/suite/scripts says what part2-ip cannot do yet"},
		{"<!-- gaps: part1-arp -->\n| a |\n\n# Heading\n<!-- end -->", "the table has no end"},
		{"<!-- lab: -->", "a command must follow"},
		{"<!-- lab: mask=usec -->", "a command must follow"},
		{"<!-- lab: mask=uesc 1 -- x -->", `there is no mask "uesc"`},
		{"<!-- lab: mask=rtt 1 -- x -->", "nothing to mask for mask=rtt"},
		{"<!-- lab: show=half 1 -- x -->", "give stdout, trace or all"},
		{"<!-- run: show=trace x -->", "show= is no option of run:"},
		{"<!-- lab: status=x 1 -- x -->", "a number from 0 to 255"},
		{"<!-- lab: status=1 1 -- x -->", "ended with status 0"},
		{"<!-- lab: 1 -- x | y -->", "would not leave 1 -- x | y as it is"},
		{"<!-- lab: 1 -- x $y -->", "would not leave $y as it is"},
		{"<!-- lab: 1 -- x 'y -->", "without closing quote"},
		{"<!-- bytes: part1-arp/stack/testdata/x.cap -->", "write it like this: <!-- bytes: CAPTURE FRAME [FROM:TO]"},
		{"<!-- bytes: part1-arp/stack/testdata/x.cap 3 -->", "has no frame 3; it has 1 to 2"},
		{"<!-- bytes: part1-arp/stack/testdata/x.cap 0 -->", "has no frame 0"},
		{"<!-- bytes: part1-arp/stack/testdata/x.cap 2 14:23 -->", "write FROM:TO for the bytes FROM to TO-1 of the frame's 0 to 21"},
		{"<!-- bytes: part1-arp/stack/testdata/x.cap 2 14 -->", "write FROM:TO"},
		{"<!-- bytes: part1-arp/stack/testdata/no.cap 1 -->", "no.cap"},
		{"<!-- bytes: part1-arp/stack/arp.go 1 -->", "no capture: neither the classic format nor pcapng"},
		{"<!-- bytes: part1-arp/stack/testdata/x.cap 1 -->\n```go\n07\n```", "put an empty line between"},
		{"<!-- changes: part1-arp -->", "write it like this"},
		{"<!-- changes: part1-arp part3-tcp -->", "docs/changes.txt has no step part1-arp -> part3-tcp"},
		{"<!-- journey: part1-arp -->", "write it like this: <!-- journey: PART JOURNEY -->"},
		{"<!-- journey: part9-x request -->", "there is no part part9-x"},
		{"<!-- text: docs/no.txt -->", "docs/no.txt"},
		{"<!-- text: ../docs/no.txt -->", "is not in the repository"},
		{"<!-- text: part1-arp/stack/testdata/x.cap -->", "no text"},
		{"```go\nx", "does not end; close it with ```"},
	} {
		newPaper(t).wantProblem("\n"+test.text+"\n", test.says)
		if got := newPaper(t).check("\n" + test.text + "\n"); !strings.HasPrefix(got, "docs/a.md:2: ") {
			t.Errorf("the place is wrong: %s", got)
		}
	}
}

// TestUnowned checks that what no directive owns is of the languages that need no check.
func TestUnowned(t *testing.T) {
	for _, test := range []struct{ text, says string }{
		{"```go\nx\n```", "nothing keeps this go block true"},
		{"```Console\nx\n```", "nothing keeps this console block true"},
		{"~~~diff\nx\n~~~", "nothing keeps this diff block true"},
		{"> ```go title\n> x\n> ```", "nothing keeps this go block true"},
		{"1. ```go\n   x\n   ```", "nothing keeps this go block true"},
		{"<!-- code: part1-arp/stack/arp.go receive -->\n\n```go\nx\n```", "docs/a.md:3: nothing keeps"},
		{"```\nx\n```\n\n```text\nx\n```\n\n```mermaid\nx\n```\n\n```sh\nls\n```", ""},
		{"````text\n```go\nx\n```\n````", ""},
		{"<!-- an ordinary comment: -->\n\n<!-- TODO: x -->", ""},
	} {
		newPaper(t).wantProblem(test.text+"\n", test.says)
	}
}

// TestPaths checks links and names of files.
func TestPaths(t *testing.T) {
	d := newPaper(t)
	for _, test := range []struct{ text, says string }{
		{"[a](../part1-arp/stack/arp.go) [b](a.md#x) [c](#x) [d](https://example.com/no) [e](../part1-arp/) [f](/go.mod \"t\") ![g](<a.md>)", ""},
		{"[r]: ../part1-arp\n[s]: https://example.com\n<img src=\"a.md\"> `[x](no.md)`\n\n```text\n[x](no.md)\n```", ""},
		{"\n[a](../part1-arp/stack/no.go)", "docs/a.md:2: the link to ../part1-arp/stack/no.go"},
		{"[a](b.md#x)", "the link to b.md#x"},
		{"![a](<b.png>)", "the link to b.png"},
		{"[r]: b.md", "the link to b.md"},
		{"<a href=\"b.md\">", "the link to b.md"},
		{"[a](../../../etc/passwd)", "leads nowhere in the repository"},
		{"`part1-arp/stack/arp.go` `./shared/lab/` `shared/…` `shared/*` `part1-arp/...` `go run ./part2-ip` `docs/a.md:12` `arp.go`", ""},
		{"`part1-arp/stack/no.go`", "there is no part1-arp/stack/no.go in the repository"},
		{"see ``docs/no.md``", "there is no docs/no.md"},
		{"`go run ./part9-x -q`", "there is no part9-x"},
		{"`shared/no/...`", "there is no shared/no"},
	} {
		d.wantProblem(test.text+"\n", test.says)
	}
}

// TestNames checks what a page's text calls the code's things.
func TestNames(t *testing.T) {
	d := newPaper(t)
	d.Write("part1-arp/stack/arp_test.go", "package stack\n\nfunc TestReply(t *testing.T) {}\n\nvar long = flag.Bool(\"long\", false, \"\")\n")
	d.Write("docs/solutions/x.diff", "+\tflag.BoolVar(&cfg.Quiet, \"hush\", false, \"\")\n")
	for _, test := range []struct{ text, says string }{
		{"`receive` `table.add` `(*table).len()` `table` `main.go` `table.go` `io.Copy` `gapSource` `sackOK` `Test`", "nothing in the code is named gapSource"},
		{"`receive` `table.add` `(*table).len()` `table` `table.go` `io.Copy` `sackOK` `ip neigh`", ""},
		{"`table.remove`", "table has no remove"},
		{"`(*table).remove(x)`", "table has no remove"},
		{"`receiveARP`", "nothing in the code is named receiveARP"},
		{"text\n`receiveARP(b)`", "docs/a.md:2: nothing in the code is named receiveARP"},
		{"`TestReply` `TestReply/from_one` `TestRep`", ""},
		{"`TestRequest`", "there is no test TestRequest"},
		{"`TestReplies/from_one`", "there is no test TestReplies"},
		{"`-verbose` `-loss 5%` `-long` `-run` `-hush`", ""},
		{"`-quiet`", "no part has a flag -quiet; if it is a tool's"},
		{"`-sS`\n\n```sh\nnmap -sS 10.0.0.4\n```", ""},
		{"`-sX`\n\n```sh\nnmap -sS 10.0.0.4\n```", "no part has a flag -sX"},
		{"```text\n`receiveARP` -quiet\n```", ""},
	} {
		d.wantProblem(test.text+"\n", test.says)
	}
}

// TestCommands checks the commands that a reader is to type.
func TestCommands(t *testing.T) {
	d := newPaper(t)
	d.Write("part1-arp/stack/arp_test.go", "package stack\n\nfunc TestOne(t *testing.T) {}\n")
	for _, test := range []struct{ text, says string }{
		{"go run ./shared/lab 1 -q -loss 5% --tap=x -verbose -- arping -I tap0  # comment's end", ""},
		{"go run ./shared/lab demo; go run ./shared/lab\nsudo A=1 go run -race ./part1-arp -h 2>/dev/null | less", ""},
		{"go run ./shared/lab 2 \\\n  -q \\\n  -- x", ""},
		{"go build ./part1-arp && go test ./... ./part2-ip/...\ndiff -ru part1-arp part2-ip\ncurl http://10.0.0.4/ >x\ngo build -o ./part3-x ./part1-arp", ""},
		{"ls\ngo run ./shared/lab 3 -- x", "docs/a.md:3: go run ./shared/lab 3 -- x: there is no part 3"},
		{"go run ./shared/lab part3-x", "there is no part part3-x"},
		{"true; go run ./shared/lab 1 -lsos 5% -- x", "part1-arp has no flag -lsos"},
		{"go run ./shared/lab 1 \\\n -qq -- x", "docs/a.md:2"},
		{"go run ./shared/lab 1 arping", "arping is no flag"},
		{"go run ./shared/lab 1 -loss", "a value must follow -loss"},
		{"go run ./shared/lab 1 --", "a command must follow"},
		{"go run ./part1-arp -x", "has no flag -x"},
		{"go run ./shared/no", "there is no shared/no"},
		{"go build ./part3-x", "there is no part3-x"},
		{"diff -ru part1-arp part3-x", "there is no part3-x"},
		{"echo 'x", "without closing quote"},
		{"go test ./part1-arp/... -run 'TestOne/x'", ""},
		{"go test -run TestTwo ./part2-ip", "no test there is named so"},
	} {
		d.wantProblem("```sh\n"+test.text+"\n```\n", test.says)
	}
}
