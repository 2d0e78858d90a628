package main

import (
	"fmt"
	"testing"
	"time"

	"framebyframe/shared/script"
)

// The initial window: "min (10*MSS, max (2*MSS, 14600))" (RFC 6928 2).
func TestScriptInitialWindow(t *testing.T) {
	for mss, want := range map[int]int{1460: 10, 1000: 10, 536: 10, 100: 10, 48: 10} {
		t.Run(fmt.Sprint("MSS ", mss), func(t *testing.T) {
			onTCPBench(t, func(b *tcpBench) {
				p := b.newLossPeer(opened(fmt.Sprintf("<mss %d>", mss), 60000))
				defer p.Close()
				b.stream(60000)
				sent := p.Sent(50 * time.Millisecond)
				if len(sent) != want || flightOf(sent) != want*mss {
					t.Errorf("%d segments with %d bytes, want %d with %d", len(sent), flightOf(sent), want, want*mss)
				}
			})
		})
	}
}

// stream has the user write n bytes of the stream, and does not wait for that.
func (b *tcpBench) stream(n int) {
	c := b.kept()
	var at uint32
	b.do(func() { at = uint32(c.end() - c.snd.iss - 1) })
	go c.Write(script.Bytes(script.Pattern, at, n))
}

func flightOf(sent []script.Segment) (n int) {
	for _, seg := range sent {
		n += seg.Len
	}
	return n
}

// roundTrips has the peer acknowledge all that comes, every second segment, one round trip
// later, and returns how many segments there were in each. The user always has more.
func (b *tcpBench) roundTrips(p *script.Peer, n int, acks func(round, at int) bool) (rounds []int) {
	at := 1
	for round := range n {
		sent := p.Sent(100 * time.Millisecond)
		rounds = append(rounds, len(sent))
		for i, seg := range sent {
			at = max(at, int(int32(seg.Seq))+seg.Len)
			if (i%2 == 1 || i == len(sent)-1) && acks(round, at) {
				p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack %d win 65535", at)))
			}
		}
	}
	return rounds
}

func always(int, int) bool { return true }

// Slow start: "During slow start, a TCP increments cwnd by at most SMSS bytes for each ACK
// received that cumulatively acknowledges new data", or by all that it does (RFC 5681 3.1,
// RFC 3465): the window doubles, and never does more.
func TestCongestionSlowStart(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newLossPeer(withRTT("<mss 1000,nop,wscale 7>", 65535, ".1"))
		defer p.Close()
		b.stream(8 << 20)
		rounds := b.roundTrips(p, 6, always)
		if rounds[0] != 10 {
			t.Errorf("it begins with %d segments", rounds[0])
		}
		for i := 1; i < len(rounds); i++ {
			if rounds[i] < rounds[i-1]*17/10 || rounds[i] > 2*rounds[i-1]+1 {
				t.Errorf("segments in each round trip: %v, want twice as many in each", rounds)
			}
		}
	})
}

// The congestion window does not grow while it is not what limits the sender: a window that
// was not used says nothing about the network (RFC 9438 5.8, RFC 7661 1).
func TestCongestionNotLimited(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newLossPeer(withRTT("<mss 1000,nop,wscale 7>", 65535, ".1"))
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
				p := b.newLossPeer(withRTT(peer, 60000, ".1"))
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

// "cwnd SHOULD be set to no more than RW before transmission begins if the TCP has not
// sent data in an interval exceeding the retransmission timeout" (RFC 5681 4.1).
func TestCongestionIdleRestart(t *testing.T) {
	for idle, burst := range map[time.Duration]bool{50 * time.Millisecond: true, 10 * time.Second: false} {
		t.Run(idle.String(), func(t *testing.T) {
			onTCPBench(t, func(b *tcpBench) {
				p := b.newLossPeer(withRTT("<mss 1000,nop,wscale 7>", 65535, ".1"))
				defer p.Close()
				b.stream(310000) // 10, 20, 40, 80, 160
				b.roundTrips(p, 5, always)
				p.Sent(idle)
				b.stream(200000)
				if n := len(p.Sent(99 * time.Millisecond)); n < 1 || n > 10 && !burst || n < 50 && burst {
					t.Errorf("after %v: %d segments", idle, n)
				}
			})
		})
	}
}

// After a timeout: one segment, and slow start (RFC 5681 3.1), and only what was not
// acknowledged is sent again.
func TestScriptTimeoutSlowStart(t *testing.T) {
	for name, peer := range map[string]string{"plain": plainPeer, "SACK": sackPeer} {
		t.Run(name, func(t *testing.T) {
			playLoss(t, withRTT(peer, 60000, ".1")+`
				+0   do write 7000 = 7000
				+0   do usertimeout 1h
				`+burst(1, 7001, true)+probeOf(name)+`
				+.28~+.31 > . 1:1001(1000) ack 1
				+.1  < . 1:1(0) ack 1001 win 60000
				+0   > . 1001:2001(1000) ack 1
				+0   > . 2001:3001(1000) ack 1
				+.1  < . 1:1(0) ack 3001 win 60000
				`+burst(3001, 7001, true)+`
				+.1  < . 1:1(0) ack 7001 win 60000
				+5   > nothing`)
		})
	}
}

// probeOf is the tail loss probe that comes before the timeout if there is SACK.
func probeOf(peer string) string {
	if peer == "plain" {
		return ""
	}
	return "+.18~+.21 > P. 6001:7001(1000) ack 1\n"
}
