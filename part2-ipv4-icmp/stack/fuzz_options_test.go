package stack

import (
	"bytes"
	"testing"

	"framebyframe/shared/suite"
)

// FuzzIPv4Options answers any list of options. The answer is no longer than what came, or
// than a header has room for; it is well-formed, and has each option that there is a
// standard for at most as often as the list had it.
func FuzzIPv4Options(f *testing.F) {
	for _, list := range []string{"", "01 07 27 04" + zeros(36), "44 0c 05 01 00000000 00000000", "44 0c 09 03 0a000004 00000000", "82 03 00 94 04 00 00 07 01 00",
		"83 07 04 0a000004 00", "44 05 05 f0 00", "07 03 04 00", "07 02 00 00", "44 02 00 00"} {
		f.Add(unhex(list))
	}
	for _, datagram := range suite.CapturedPayloads(f, etherHeaderLen, suite.IsIPv4) {
		if h, _, err := parsedIPv4(datagram); err == nil {
			f.Add(h.options)
		}
	}
	f.Fuzz(func(t *testing.T, list []byte) {
		if len(list) > 40 {
			return
		}
		before := bytes.Clone(list)
		_, _, malformed := walkOptions(list)
		for name, answer := range map[string][]byte{"echoOptions": echoOptions(list, ourIP, 1000), "copiedOptions": copiedOptions(list)} {
			if len(answer) > 40 || len(answer) > len(list)+3 || len(answer)%4 != 0 {
				t.Errorf("%s: % x for % x", name, answer, list)
			}
			if _, _, err := walkOptions(answer); err != nil {
				t.Errorf("%s: % x for % x: %v", name, answer, list, err)
			}
			if again := copiedOptions(answer); name == "copiedOptions" && !bytes.Equal(again, answer) {
				t.Errorf("%s: % x of % x, and of that % x", name, answer, list, again)
			}
		}
		if !bytes.Equal(list, before) {
			t.Errorf("% x became % x (malformed: %v)", before, list, malformed)
		}
	})
}
