package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInstrument adds the calls and keeps every line where it is.
func TestInstrument(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.go")
	const source = `package main

func (s *Stack) Run() error {
	n, err := s.dev.Read(frame)
	return err
}

func small() bool { return true }

func (l list[T]) get(
	i int,
) T {
	if i > 0 { // a block
		return l.items[i]
	}
}

type x struct{ f func() }
`
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := instrument(file)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(
		"error {", `error { defer journeyEnter("Stack.Run", "x.go", false)(); `,
		"s.dev.Read(", "journeyRead(s.dev, ",
		"bool {", `bool { defer journeyEnter("small", "x.go", true)(); `,
		") T {", `) T { defer journeyEnter("list.get", "x.go", false)(); `,
	).Replace(source)
	if string(text) != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// recorded is what a recorder may write.
const recorded = `leg	It comes in	far
7	0	call	Run	stack.go	false
7	1	read	60
7	1	call	receive	stack.go	false
7	2	call	isOurs	mac.go	true
7	2	call	describe	ip_trace.go	false
7	2	call	parse	ip.go	false
7	3	call	sum	ip.go	false
7	2	call	note	ip.go	false
7	3	call	far	ip.go	true
7	4	call	farther	ip.go	false
7	2	call	send	ip.go	false
7	3	write	42
9	0	call	Read	conn.go	false
9	1	call	copyOut	conn.go	false
9	1	call	copyOut	conn.go	false
leg	A timer fires
7	0	call	Run	stack.go	false
`

func TestLayOut(t *testing.T) {
	for _, test := range []struct {
		all  bool
		want string
	}{
		{false, `It comes in:
  Run        stack.go
    ← a frame of 60 bytes
    receive  stack.go
      parse  ip.go
      note   ip.go
        far  ip.go
      send   ip.go
        → a frame of 42 bytes

  Read       conn.go
    copyOut  conn.go

A timer fires:
  Run        stack.go
`},
		{true, `It comes in:
  Run              stack.go
    ← a frame of 60 bytes
    receive        stack.go
      isOurs       mac.go
      describe     ip_trace.go
      parse        ip.go
        sum        ip.go
      note         ip.go
        far        ip.go
          farther  ip.go
      send         ip.go
        → a frame of 42 bytes

  Read             conn.go
    copyOut        conn.go

A timer fires:
  Run              stack.go
`},
	} {
		legs, err := grow(strings.Split(strings.TrimSuffix(recorded, "\n"), "\n"), test.all)
		if err != nil {
			t.Fatal(err)
		}
		if got := layOut(legs); got != test.want {
			t.Errorf("all: %v: got\n%s\nwant\n%s", test.all, got, test.want)
		}
	}
}

// TestMissedStation renames the function that is a station.
func TestMissedStation(t *testing.T) {
	lines := strings.Split(strings.ReplaceAll(recorded, "call\tfar\t", "call\tfarr\t"), "\n")
	if _, err := grow(lines[:len(lines)-1], false); err == nil || !strings.Contains(err.Error(), "does not pass far") {
		t.Errorf("error %v", err)
	}
}

// TestRequest records a journey in the first part, and leaves nothing in its directory.
func TestRequest(t *testing.T) {
	before, _ := filepath.Glob("../../part1-*/*")
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"1", "request"}, &stdout, &stderr); status != 0 {
		t.Fatal(stderr.String())
	}
	got := stdout.String()
	for _, name := range []string{"Stack.Run", "← a frame of 42 bytes", "Stack.receiveFrame", "parseEther", "Stack.receiveARP", "parseARP", "Stack.sendARP", "Stack.sendFrame", "→ a frame of 42 bytes"} {
		at := strings.Index(got, "  "+name)
		if at < 0 {
			t.Errorf("no %s, or not in this order, in\n%s", name, stdout.String())
			continue
		}
		got = got[at:]
	}
	if after, _ := filepath.Glob("../../part1-*/*"); len(after) != len(before) {
		t.Errorf("%d files have become %d", len(before), len(after))
	}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"-h"}, 2, "usage: go run ./shared/journey"},
		{[]string{"1"}, 2, "name a part and a journey"},
		{[]string{"-x", "1", "request"}, 2, "-x"},
		{[]string{"99", "request"}, 1, "there is no part 99; give its number, or its directory"},
		{[]string{"../shared", "request"}, 1, "there is no part ../shared"},
		{[]string{"part1-ethernet-arp", "no"}, 1, `part1-ethernet-arp has no journey "no"; it has request`},
	} {
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), test.args, &stdout, &stderr)
		if status != test.status || !strings.Contains(stderr.String(), test.says) || stdout.Len() > 0 {
			t.Errorf("%q: status %d, %s", test.args, status, stderr.String())
		}
	}
}
