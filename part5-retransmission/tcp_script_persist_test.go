package main

import (
	"errors"
	"syscall"
	"testing"
	"time"
)

// Zero-window probes (RFC 9293 3.8.6.1): "SHOULD send the first zero-window probe when a
// zero window has existed for the retransmission timeout period (SHLD-29) ... and SHOULD
// increase exponentially the interval between successive probes (SHLD-30)".
func TestScriptPersist(t *testing.T) {
	closed := withRTT(plainPeer, 3000, ".1") + `
		+0 < . 1:1(0) ack 1 win 0
		+0 do write 10 = 10
	`
	const refused = "+.01 < . 1:1(0) ack 1 win 0\n"
	playAllLoss(t, map[string]string{
		"after an RTO, and then ever more seldom": closed + `
			+.3    > . 1:2(1) ack 1
			` + refused + `
			+.59   > . 1:2(1) ack 1
			` + refused + `
			+1.19  > . 1:2(1) ack 1
			` + refused + `
			+2.39  > . 1:2(1) ack 1
			` + refused + `
			+4.78~+4.8 > . 1:2(1) ack 1
			` + refused + `
			+9.58~+9.6 > . 1:2(1) ack 1
			` + refused + `
			+19.18~+19.2 > . 1:2(1) ack 1
			` + refused + `
			+38.38~+38.41 > . 1:2(1) ack 1
			` + refused + `
			+59.99 > . 1:2(1) ack 1
			` + refused + `
			+59.99 > . 1:2(1) ack 1`,
		"the same, with SACK": withRTT(sackPeer, 3000, ".1") + `
			+0 < . 1:1(0) ack 1 win 0
			+0 do write 10 = 10
			+.3    > . 1:2(1) ack 1
			` + refused + `
			+.59   > . 1:2(1) ack 1
			` + refused + `
			+1.19  > . 1:2(1) ack 1
			` + refused + `
			+2.39  > . 1:2(1) ack 1`,
		// In a closed window only RCV.NXT is acceptable (3.10.7.4), and to the peer that is not what
		// comes behind the probe's byte: he would drop the ACK, too, and send the same for ever.
		"and ACKs that the peer can take": closed + `
			+.3  > . 1:2(1) ack 1
			` + refused + `
			+.01 < P. 1:1001(1000) ack 1 win 0
			+0~+.2 > . 1:1(0) ack 1001
			+.01 < P. 1:1001(1000) ack 1 win 0
			+0   > . 1:1(0) ack 1001`,
		"the window opens: all of it in one segment": closed + `
			+.3  > . 1:2(1) ack 1
			` + refused + `
			+.1  < . 1:1(0) ack 1 win 3000
			+0   > P. 1:11(10) ack 1
			+.1  < . 1:1(0) ack 11 win 3000
			+5   > nothing`,
		"the news that it is open was lost: the probe finds out": closed + `
			+.3  > . 1:2(1) ack 1
			` + refused + `
			+.59 > . 1:2(1) ack 1
			+.01 < . 1:1(0) ack 2 win 3000
			+0   > P. 2:11(9) ack 1
			+.1  < . 1:1(0) ack 11 win 3000
			+5   > nothing`,
		"the byte is taken, and the window stays closed": closed + `
			+.3  > . 1:2(1) ack 1
			+.1  < . 1:1(0) ack 2 win 0
			+.2~+.6 > . 2:3(1) ack 1
			+.1  < . 1:1(0) ack 3 win 3000
			+0   > P. 3:11(8) ack 1`,
		// MUST-37, whatever the user timeout is: it counts from when a probe is not answered.
		"a user timeout that is shorter than the time between probes": withRTT(plainPeer, 3000, ".1") + `
			+0   do usertimeout 2s
			+0   < . 1:1(0) ack 1 win 0
			+0   do write 10 = 10
			+.3  > . 1:2(1) ack 1
			` + refused + `
			+.59 > . 1:2(1) ack 1
			` + refused + `
			+1.19 > . 1:2(1) ack 1
			` + refused + `
			+2.39 > . 1:2(1) ack 1
			` + refused + `
			+4.78~+4.8 > . 1:2(1) ack 1
			+9~+11 > R 1:1(0)
			+0   > R 2:2(0)
			+0   do write 10 = ETIMEDOUT`,
		"and than the time until the first": withRTT(plainPeer, 3000, ".1") + `
			+0   do usertimeout 200ms
			+0   < . 1:1(0) ack 1 win 0
			+0   do write 10 = 10
			+.3  > . 1:2(1) ack 1
			` + refused + `
			+.59 > . 1:2(1) ack 1`,
		"nothing to send, nothing to ask": withRTT(plainPeer, 3000, ".1") + `
			+0   < . 1:1(0) ack 1 win 0
			+600 > nothing`,
		"a FIN": withRTT(plainPeer, 3000, ".1") + `
			+0   < . 1:1(0) ack 1 win 0
			+0   do closewrite
			+.3  > F. 1:1(0) ack 1
			` + refused + `
			+.59 > F. 1:1(0) ack 1
			` + refused + `
			+.1  < . 1:1(0) ack 1 win 1
			+0   > F. 1:1(0) ack 1
			+.1  < . 1:1(0) ack 2 win 1
			+0   state FIN-WAIT-2`,
		"data and a FIN": closed + `
			+0   do closewrite
			+.3  > . 1:2(1) ack 1
			` + refused + `
			+.1  < . 1:1(0) ack 1 win 3000
			+0   > FP. 1:11(10) ack 1
			+.1  < . 1:1(0) ack 12 win 3000
			+0   state FIN-WAIT-2`,
		// RFC 6298 5.1: for data that are sent now, the timer has the whole RTO to run.
		"what is sent into a window that has just opened has its time": closed + `
			+.25 < . 1:1(0) ack 1 win 3000
			+0   > P. 1:11(10) ack 1
			+.1  < . 1:1(0) ack 11 win 3000
			+5   > nothing`,
		"the window is closed over what is on its way": withRTT(plainPeer, 3000, ".1") + `
			+0   do write 1000 = 1000
			+0   > P. 1:1001(1000) ack 1
			+.1  < . 1:1(0) ack 1 win 0
			+.2  > P. 1:1001(1000) ack 1
			+.1  < . 1:1(0) ack 1 win 0
			+.5  > P. 1:1001(1000) ack 1
			+.1  < . 1:1(0) ack 1001 win 0
			+5   > nothing`,
	})
}

// "As long as the receiving TCP peer continues to send acknowledgments in response to the
// probe segments, the sending TCP peer MUST allow the connection to stay open" (RFC 9293
// 3.8.6.1, MUST-37): for hours. If there is no answer any more, R2 counts.
func TestPersistForHours(t *testing.T) {
	for name, peer := range map[string]string{"plain": plainPeer, "SACK": sackPeer} {
		t.Run(name, func(t *testing.T) {
			onTCPBench(t, func(b *tcpBench) {
				p := b.newLossPeer(withRTT(peer, 3000, ".1") + `
					+0 < . 1:1(0) ack 1 win 0
					+0 do! flood`)
				defer p.Close()
				var last, longest, shortest time.Duration = p.Now(), 0, time.Hour
				for p.Now() < 5*time.Hour {
					for _, seg := range p.Sent(time.Second) {
						if seg.Len != 1 || int32(seg.Seq) != 1 {
							t.Fatalf("at %v: %s", p.Now(), seg)
						}
						if p.Now() > time.Hour {
							shortest, longest = min(shortest, p.Now()-last), max(longest, p.Now()-last)
						}
						last = p.Now()
						p.Send(p.Parse(". 1:1(0) ack 1 win 0"))
					}
				}
				if longest > 62*time.Second || shortest < 58*time.Second {
					t.Errorf("after an hour, the probes are %v to %v apart", shortest, longest)
				}
				for b.state(8000) == stateEstablished && p.Now() < 6*time.Hour {
					p.Sent(time.Second)
				}
				if silent := p.Now() - last; b.state(8000) == stateEstablished || silent < 100*time.Second || silent > 8*time.Minute {
					t.Errorf("%s after %v without an answer", b.state(8000), silent)
				}
				if _, err := b.kept().Write([]byte{0}); !errors.Is(err, syscall.ETIMEDOUT) {
					t.Errorf("Write returned %v, want ETIMEDOUT", err)
				}
			})
		})
	}
}
