package stack

import "testing"

// A segment goes out and nothing comes back: the retransmission timer fires.
func init() {
	journeys["retransmit"] = func(t *testing.T) {
		onTCPBench(t, func(b *tcpBench) {
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
		onTCPBench(t, func(b *tcpBench) {
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
