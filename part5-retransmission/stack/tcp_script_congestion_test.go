package stack

import (
	"fmt"
	"testing"
	"time"

	"framebyframe/shared/script"
)

// stream has the user write n bytes of the stream, and does not wait for that.
func (b *tcpBench) stream(n int) {
	c := b.kept()
	var at uint32
	b.do(func() { at = uint32(c.end() - c.snd.iss - 1) })
	go c.Write(script.Bytes(script.Pattern, at, n))
}

// The congestion window does not grow while it is not what limits the sender: a window that
// was not used says nothing about the network (RFC 9438 5.8, RFC 7661 1).
func TestCongestionNotLimited(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(withRTT("<mss 1000,nop,wscale 7>", 65535, ".1"))
		defer p.Close()
		for i := range 100 {
			b.stream(1000)
			if sent := p.Sent(50 * time.Millisecond); len(sent) != 1 {
				t.Fatalf("%d segments", len(sent))
			}
			p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack %d win 65535", 1001+1000*i)))
			p.Sent(time.Millisecond)
		}
		b.do(func() {
			if got := b.conn(8000).cc.cwnd; got > 12000 {
				t.Errorf("cwnd is %d after 100 round trips with one segment in each, want 10000 as at first", got)
			}
		})
	})
}

// What several losses of one window do to it: it gets smaller once, to no less than a half
// (RFC 5681 3.2, equation 4) and no more than 0.7 (RFC 9438 4.6).
func TestCongestionRecoveryOnce(t *testing.T) {
	for name, peer := range map[string]string{"plain": plainPeer, "SACK": sackPeer} {
		t.Run(name, func(t *testing.T) {
			onTCPBench(t, func(b *tcpBench) {
				p := b.newPeer(withRTT(peer, 60000, ".1"))
				defer p.Close()
				b.stream(10000)
				p.Sent(90 * time.Millisecond)
				for i := range 7 { // 1, 4001 and 7001 are lost
					sack := ""
					if name == "SACK" {
						sack = []string{"1001:2001", "1001:3001", "1001:4001", "5001:6001 1001:4001", "5001:7001 1001:4001",
							"8001:9001 5001:7001 1001:4001", "8001:10001 5001:7001 1001:4001"}[i]
						sack = " <nop,nop,sack " + sack + ">"
					}
					p.Send(p.Parse(". 1:1(0) ack 1 win 60000" + sack))
					p.Sent(time.Millisecond)
				}
				for _, ack := range []int{4001, 7001, 10001} {
					p.Sent(50 * time.Millisecond)
					p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack %d win 60000", ack)))
				}
				p.Sent(time.Millisecond)
				b.do(func() {
					if c := b.conn(8000); c.cc.ssthresh < 5000 || c.cc.ssthresh > 7000 || c.cc.cwnd > c.cc.ssthresh*11/10 {
						t.Errorf("ssthresh %d, cwnd %d, want 5000 to 7000", c.cc.ssthresh, c.cc.cwnd)
					}
				})
			})
		})
	}
}
