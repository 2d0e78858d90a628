package stack

import "testing"

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
