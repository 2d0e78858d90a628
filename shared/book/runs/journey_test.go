package runs

import (
	"path/filepath"
	"strings"
	"testing"

	"framebyframe/shared/book/desk"
	"framebyframe/shared/book/parts"
)

// TestInstrument adds the calls and keeps every line where it is.
func TestInstrument(t *testing.T) {
	const source = `package runs

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
	text, err := instrument(desk.New(t, "x.go", source).Path("x.go"))
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

// TestRequest records a journey on the second part, whose tests stand in the first, and leaves nothing in its directory.
func TestRequest(t *testing.T) {
	tree, err := parts.Open(".")
	if err != nil {
		t.Fatal(err)
	}
	before, _ := filepath.Glob("../../../part2-*/*/*")
	got, err := Journey(t.Context(), tree, "2", "request", false)
	if err != nil {
		t.Fatal(err)
	}
	all := got
	for _, name := range []string{"Stack.Run", "← a frame of 42 bytes", "Stack.receiveFrame", "parseEther", "Stack.receiveARP", "parseARP", "Stack.sendARP", "Stack.sendFrame", "→ a frame of 42 bytes"} {
		at := strings.Index(got, "  "+name)
		if at < 0 {
			t.Errorf("no %s, or not in this order, in\n%s", name, all)
			continue
		}
		got = got[at:]
	}
	if after, _ := filepath.Glob("../../../part2-*/*/*"); len(after) != len(before) {
		t.Errorf("%d files have become %d", len(before), len(after))
	}
	for part, says := range map[string]string{"99": "there is no part 99", "part1-ethernet-arp": `part1-ethernet-arp has no journey "no"; it has request`} {
		if _, err := Journey(t.Context(), tree, part, "no", false); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", part, err)
		}
	}
}
