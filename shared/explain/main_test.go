package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framebyframe/shared/pcap"
)

// explained runs the program.
func explained(t *testing.T, stdin []byte, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(args, bytes.NewReader(stdin), &out, &err)
	return out.String(), err.String(), status
}

const curl = "../../part5-retransmission/stack/testdata/curl.cap" // a real kernel's

// A capture is told frame by frame in the words of the trace, one frame field by field.
func TestExplain(t *testing.T) {
	short, stderr, status := explained(t, nil, curl)
	if status != 0 || stderr != "" || !strings.HasPrefix(short, "1 ") || !strings.Contains(short, "Flags [S], seq ") {
		t.Errorf("status %d, %s%s", status, stderr, short)
	}
	long, _, status := explained(t, nil, "-v", "-frame", "4", curl)
	lines := strings.Split(short, "\n")
	if status != 0 || !strings.HasPrefix(long, lines[3]+"\n  Ethernet\n    0-5       Destination MAC ") {
		t.Errorf("status %d, frame 4 is\n%s", status, long)
	}
	file, err := os.ReadFile(curl)
	if err != nil {
		t.Fatal(err)
	}
	if piped, _, status := explained(t, file, "-"); status != 0 || strings.Count(piped, "\n") != strings.Count(short, "\n") || !strings.HasPrefix(piped, lines[0]) {
		t.Errorf("by standard input: status %d,\n%s", status, piped)
	}
	if _, stderr, status := explained(t, file[:len(file)-1], "-"); status != 1 || !strings.Contains(stderr, "ends in the middle, after ") {
		t.Errorf("a byte is missing: status %d, %s", status, stderr)
	}
}

// What a field is, to the bit; and what is wrong with a frame.
func TestExplainFields(t *testing.T) {
	file, err := os.ReadFile(curl)
	if err != nil {
		t.Fatal(err)
	}
	// In each frame, the TTL becomes another: the checksum is wrong then.
	frames, err := pcap.ReadFrames(curl)
	if err != nil {
		t.Fatal(err)
	}
	for _, frame := range frames {
		if i := bytes.Index(file, frame); frame[12] == 8 && frame[13] == 0 {
			file[i+22]--
		}
	}
	out, _, status := explained(t, file, "-v", "-")
	for _, want := range []string{
		"\n    14.0-3    Version                  4\n", "\n    14.4-7    IHL                      5 ", "\n    20.3-21.7 Fragment Offset          0 ",
		"\n    22        Time to Live             63\n", " Header Checksum ", "  WRONG: ",
	} {
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("status %d, no %q in\n%.3000s", status, want, out)
		}
	}
}

// A part of a frame, byte by byte: fields that share a byte share a line, and long ones have several.
func TestExplainBytes(t *testing.T) {
	stdout, stderr, status := explained(t, nil, "-frame", "4", "-bytes", "14:98", "../../part2-ipv4-icmp/stack/testdata/ping.cap")
	want := `45                                                Version: 4; IHL: 5, a header of 20 bytes
00                                                DSCP: 0; ECN: 0
00 54                                             Total Length: 84, of the datagram, in bytes
81 3a                                             Identification: 33082
40 00                                             Flags: 2, DF; Fragment Offset: 0, byte 0 of the payload
40                                                Time to Live: 64
01                                                Protocol: 1, ICMP
a5 6a                                             Header Checksum: 0xa56a
0a 00 00 01                                       Source Address: 10.0.0.1
0a 00 00 04                                       Destination Address: 10.0.0.4
08                                                Type: 8, echo request
00                                                Code: 0
69 23                                             Checksum: 0x6923
00 12                                             Identifier: 18
00 01                                             Sequence Number: 1
08 76 04 6b 00 00 00 00 c2 15 01 00 00 00 00 00   Data: 56 bytes
10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f
20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f
30 31 32 33 34 35 36 37
`
	if stdout != want || stderr != "" || status != 0 {
		t.Errorf("status %d, %s, got\n%swant\n%s", status, stderr, stdout, want)
	}
	for _, args := range [][]string{{"-bytes", "0:4"}, {"-frame", "4", "-bytes", "4:4"}, {"-frame", "4", "-bytes", "x"}} {
		if _, _, status := explained(t, nil, append(args, "../../part2-ipv4-icmp/stack/testdata/ping.cap")...); status != 2 {
			t.Errorf("%q: status %d, want 2", args, status)
		}
	}
	if _, stderr, status := explained(t, nil, "-frame", "4", "-bytes", "0:99", "../../part2-ipv4-icmp/stack/testdata/ping.cap"); status != 1 || !strings.Contains(stderr, "98 bytes") {
		t.Errorf("beyond the end: status %d, %s", status, stderr)
	}
}

// Frames that are not Ethernet's, or not whole, are said to be so; wrong command lines and files too.
func TestExplainSays(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.pcap")
	f, err := pcap.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteFrame(time.Unix(0, 0), bytes.Repeat([]byte{0xff}, 60))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	whole, _ := os.ReadFile(name)
	wifi, cut := bytes.Clone(whole), bytes.Clone(whole)
	wifi[20], cut[24+12] = 105, 100
	for _, test := range []struct {
		in     []byte
		args   string
		want   string
		status int
	}{
		{whole, "-", "1 00:00:00.000000 ", 0},
		{wifi, "-", "1 00:00:00.000000 link type 105: only Ethernet's, 1, is explained\n", 0},
		{cut, "-", "(the capture kept 60 bytes of 100)\n", 0},
		{whole, "-frame 2 -", "explain: -: there are only 1 frames\n", 1},
		{[]byte("a text file"), "-", "explain: -: no capture: neither the classic format nor pcapng begins with 61 20 74 65\n", 1},
		{nil, "-", "explain: -: 0 bytes are no capture\n", 1},
		{nil, "no/such/file", "explain: open no/such/file: ", 1},
		{nil, "", "usage: ", 2},
		{nil, "a b", "usage: ", 2},
		{nil, "-frame -1 a", "usage: ", 2},
		{nil, "-x a", "not defined: -x", 2},
	} {
		out, stderr, status := explained(t, test.in, strings.Fields(test.args)...)
		if status != test.status || !strings.Contains(out+stderr, test.want) {
			t.Errorf("%s: status %d, %q, want %d and %q", test.args, status, out+stderr, test.status, test.want)
		}
	}
}
