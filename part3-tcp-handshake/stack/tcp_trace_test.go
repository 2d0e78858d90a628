package stack

import (
	"strings"
	"testing"
)

// Numbers are counted from the beginning of a connection by a stack that has described its SYN, and
// by no other: two that play the same addresses and ports do not mix theirs.
func TestDescribeRelative(t *testing.T) {
	one, two := New(nullDevice{}, quietConfig()), New(nullDevice{}, quietConfig())
	defer one.Close()
	defer two.Close()
	frame := func(seg segment) []byte {
		seg.srcPort, seg.dstPort = 40000, 7
		b := append(make([]byte, seg.headerLen()), seg.data...)
		seg.put(b, peerIP, ourIP)
		return ipv4Frame(ipv4From(peerIP, protocolTCP), b)
	}
	data := frame(segment{seq: 1001, ack: 5001, flags: flagACK, data: []byte("hello")})
	one.Describe(frame(segment{seq: 1000, ack: 5001, flags: flagSYN | flagACK}))
	two.Describe(frame(segment{seq: 990, ack: 5001, flags: flagSYN | flagACK}))
	for _, test := range []struct {
		got, want string
	}{
		{one.Describe(data), "seq 1:6, ack 1,"},
		{two.Describe(data), "seq 11:16, ack 1,"},
		{Describe(data), "seq 1001:1006, ack 5001,"},
	} {
		if !strings.Contains(test.got, test.want) {
			t.Errorf("got %q, want in it %q", test.got, test.want)
		}
	}
}

// TestDescribeOptions compares the words with tcpdump's, which counts what SACK tells from the start of the stream.
func TestDescribeOptions(t *testing.T) {
	for _, test := range []struct {
		list []byte
		want string
	}{
		{[]byte{1, 1, 5, 10, 0, 0, 0x15, 0x37, 0, 0, 0x1a, 0xdf}, "nop,nop,sack 1 {4345:5793}"},
		{[]byte{5, 18, 0, 0, 0x15, 0x37, 0, 0, 0x1a, 0xdf, 0, 0, 0x04, 0x3f, 0, 0, 0x04, 0x40}, "sack 2 {4345:5793}{1:2}"},
		{[]byte{5, 2}, "unknown-5"},
		{[]byte{5, 9, 0, 0, 0, 0, 0, 0, 0}, "unknown-5"},
		{[]byte{5, 10, 0, 0}, "malformed"},
	} {
		if got := describeOptions(test.list, 1086); got != test.want {
			t.Errorf("% x: %q, want %q", test.list, got, test.want)
		}
	}
}
