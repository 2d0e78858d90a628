package stack

import (
	"fmt"
	"testing"
)

// A segment goes out and nothing comes back: the retransmission timer fires.
func init() {
	journeys["retransmit"] = func(t *testing.T) {
		onBench(t, func(b *bench) {
			b.playLegs(opened(plainPeer, 60000)+`
					+0 do write 1000 = 1000
					+0 > P. 1:1001(1000) ack 1`,
				tcpLeg{"The retransmission timer fires", `
					+.2~+2 > P. 1:1001(1000) ack 1`, nil})
		})
	}
}

// Ten segments go out, the first is lost, and the peer says what it has of the others.
func init() {
	journeys["sack"] = func(t *testing.T) {
		onBench(t, func(b *bench) {
			b.playLegs(`
					+0  < S 0:0(0) win 60000 <mss 1000,nop,nop,sackOK>
					+0  > S. 0:0(0) ack 1
					+.1 < . 1:1(0) ack 1 win 60000
					+0 do accept
					+0 do write 10000 = 10000
					`+burst(1, 10001, true)+`
					+.1 < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:2001>
					+0  < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:3001>`,
				tcpLeg{"An ACK comes in with a SACK block of three segments behind the lost one", `
					+0 < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:4001>
					+0~+.01 > . 1:1001(1000) ack 1`, []string{"Conn.takeSACK", "Conn.detectLosses"}})
		})
	}
}

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
