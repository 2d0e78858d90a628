package stack

import (
	"fmt"
)

// withRTT is opened, but the peer's ACK comes rtt later, which gives the first sample of
// the round-trip time (RFC 6298 2.2): RTO = R + 4 * R/2 = 3 R, but 200 ms at least.
func withRTT(options string, wnd int, rtt string) string {
	return fmt.Sprintf(`
		+0 < S 0:0(0) win %[2]d %[1]s
		+0 > S. 0:0(0) ack 1
		+%[3]s < . 1:1(0) ack 1 win %[2]d
		+0 do accept
	`, options, wnd, rtt)
}

// The peers of the scripts about losses: all take 1000 bytes in a segment, and more of
// them than a congestion window of this length.
const (
	plainPeer = "<mss 1000>"
	sackPeer  = "<mss 1000,nop,nop,sackOK>"
)

// burst are lines that want segments of 1000 bytes from a place of the stream up to
// another, the last of which has PSH if that is the end of what was written.
func burst(from, to int, push ...bool) (text string) {
	for ; from < to; from += 1000 {
		flags := "."
		if from+1000 == to && len(push) > 0 {
			flags = "P."
		}
		text += fmt.Sprintf("+0~+.02 > %s %d:%d(1000) ack 1\n", flags, from, from+1000)
	}
	return text
}
