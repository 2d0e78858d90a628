package stack

import "testing"

// Somebody connects to our port 80.
func init() {
	journeys["syn"] = func(t *testing.T) {
		onBench(t, func(b *bench) {
			b.playLegs("",
				tcpLeg{"A SYN comes in", `
					+0 < S 0:0(0) win 1000 <mss 1460>
					+0 > S. 0:0(0) ack 1`, []string{"Conn.setState", "transportChecksum"}},
				tcpLeg{"The ACK of our SYN comes in", `
					+0 < . 1:1(0) ack 1 win 1000
					+0 state ESTABLISHED`, []string{"Conn.setState", "transportChecksum"}})
		})
	}
}
