package stack

import "testing"

// A tcpLeg is a leg in which a script is played.
type tcpLeg struct {
	title, script string
	stations      []string
}

// playLegs plays a script, and then each of the legs.
func (b *tcpBench) playLegs(first string, legs ...tcpLeg) {
	b.Helper()
	b.meet()
	p := b.newPeer(first)
	defer p.Close()
	for _, l := range legs {
		b.leg(l.title, func() { p.Play(l.script, b.calls()) }, l.stations...)
	}
}

// Somebody connects to our port 80.
func init() {
	journeys["syn"] = func(t *testing.T) {
		onTCPBench(t, func(b *tcpBench) {
			b.playLegs("",
				tcpLeg{"A SYN comes in", `
					+0 < S 0:0(0) win 1000 <mss 1460>
					+0 > S. 0:0(0) ack 1`, []string{"Conn.setState", "tcpChecksum"}},
				tcpLeg{"The ACK of our SYN comes in", `
					+0 < . 1:1(0) ack 1 win 1000
					+0 state ESTABLISHED`, []string{"Conn.setState", "tcpChecksum"}})
		})
	}
}
