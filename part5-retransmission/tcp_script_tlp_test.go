package main

import (
	"strconv"
	"testing"
	"time"
)

// The tail loss probe (RFC 8985 7.2): PTO = 2 * SRTT, and the longest delay of an ACK more
// if only one segment is on its way; it sends something new, or the last segment again.
// Like QUIC's it may consist of two segments (RFC 9002 6.2.4), and "the PTO period [is]
// set to twice its current value" each time it expires (6.2.1).
func TestScriptTLP(t *testing.T) {
	playAllLoss(t, map[string]string{
		"the last segment again": withRTT(sackPeer, 60000, ".1") + `
			+0   do write 3000 = 3000
			+0   > . 1:1001(1000) ack 1
			+0~+.02 > . 1001:2001(1000) ack 1
			+0~+.02 > P. 2001:3001(1000) ack 1
			+.18~+.205 > P. 2001:3001(1000) ack 1
			+.11 < . 1:1(0) ack 1 win 60000 <nop,nop,sack 2001:3001>
			+0~+.03 > . 1:1001(1000) ack 1
			+0~+.03 > . 1001:2001(1000) ack 1`,
		"something new": withRTT(sackPeer, 5000, ".1") + `
			+0   do write 5000 = 5000
			` + burst(1, 5001, true) + `
			+0   < . 1:1(0) ack 1 win 6000
			+0   do write 100 = 100
			+.15~+.205 > P. 5001:5101(100) ack 1`,
		"two segments, if there is as much that is new": withRTT(sackPeer, 60000, ".1") + `
			+0   do write 13000 = 13000
			` + burst(1, 10001) + `
			+.18~+.205 > . 10001:11001(1000) ack 1
			+0   > . 11001:12001(1000) ack 1
			+.1  < . 1:1(0) ack 12001 win 60000
			+0   > P. 12001:13001(1000) ack 1
			+.1  < . 1:1(0) ack 13001 win 60000
			+2   > nothing`,
		"one alone: the timeout is earlier": withRTT(sackPeer, 60000, ".1") + `
			+0   do write 1000 = 1000
			+0   > P. 1:1001(1000) ack 1
			+.3  > P. 1:1001(1000) ack 1`,
		"one alone, on a long path": withRTT(sackPeer, 60000, ".25") + `
			+0   do write 1000 = 1000
			+0   > P. 1:1001(1000) ack 1
			+.5~+.705 > P. 1:1001(1000) ack 1
			+.1  < . 1:1(0) ack 1001 win 60000
			+2   > nothing`,
		"again after twice the time, until the timer expires": withRTT(sackPeer, 60000, ".02") + `
			+0   do write 2000 = 2000
			+0   > . 1:1001(1000) ack 1
			+0~+.02 > P. 1001:2001(1000) ack 1
			+.03~+.041 > P. 1001:2001(1000) ack 1
			+.079~+.081 > P. 1001:2001(1000) ack 1
			+.119~+.121 > . 1:1001(1000) ack 1`,
		"one probe, then the timeout": withRTT(sackPeer, 60000, ".1") + `
			+0   do write 2000 = 2000
			+0   > . 1:1001(1000) ack 1
			+0~+.02 > P. 1001:2001(1000) ack 1
			+.18~+.205 > P. 1001:2001(1000) ack 1
			+.3  > . 1:1001(1000) ack 1`,
		"one probe, whatever the user writes": withRTT(sackPeer, 60000, ".1") + `
			+0   do write 2000 = 2000
			+0   > . 1:1001(1000) ack 1
			+0~+.02 > P. 1001:2001(1000) ack 1
			+.18~+.205 > P. 1001:2001(1000) ack 1
			+.01 do write 10 = 10
			+.28~+.3 > . 1:1001(1000) ack 1`,
		// "after transmitting new data" the timer starts anew; the RTO's limits it as ever (7.2).
		"not for what was sent a moment ago": withRTT(sackPeer, 60000, ".1") + `
			+0   do write 2000 = 2000
			` + burst(1, 2001, true) + `
			+.14 do write 1000 = 1000
			+0   > P. 2001:3001(1000) ack 1
			+.13 > nothing
			+0~+.04 > P. 2001:3001(1000) ack 1`,
		"no probe without SACK": withRTT(plainPeer, 60000, ".1") + `
			+0   do write 2000 = 2000
			+0   > . 1:1001(1000) ack 1
			+0~+.02 > P. 1001:2001(1000) ack 1
			+.27~+.31 > . 1:1001(1000) ack 1`,
		"no probe before there is a sample": dialled + `
			+1   > S 0:0(0)
			+.1  < S. 0:0(0) ack 1 win 60000 <mss 1000,nop,nop,sackOK>
			+0   > . 1:1(0) ack 1
			+0   done dial
			+0   do write 1000 = 1000
			+0   > P. 1:1001(1000) ack 1
			+2.9 > nothing`,
	})
}

// A probe that sends something again repairs a loss without anybody noticing; the window
// gets smaller for it all the same, unless a D-SACK tells that there was none (RFC 8985
// 7.4).
func TestTLPLoss(t *testing.T) {
	for options, want := range map[string][2]int{"": {5000, 8000}, " <nop,nop,sack 1001:2001>": {10000, 12000}} {
		t.Run(options, func(t *testing.T) {
			onTCPBench(t, func(b *tcpBench) {
				b.newLossPeer(withRTT(sackPeer, 60000, ".1") + `
					+0   do write 2000 = 2000
					+0   > . 1:1001(1000) ack 1
					+0~+.02 > P. 1001:2001(1000) ack 1
					+.09 < . 1:1(0) ack 1001 win 60000
					+.1~+.305 > P. 1001:2001(1000) ack 1
					+.11 < . 1:1(0) ack 2001 win 60000` + options).Close()
				b.do(func() {
					if got := b.conn(8000).cc.cwnd; got < want[0] || got > want[1] {
						t.Errorf("cwnd is %d, want %d to %d", got, want[0], want[1])
					}
				})
			})
		})
	}
}

// "After a retransmit timeout ... the data sender MUST retransmit the segment at the left
// edge of the window after a retransmit timeout, whether or not the SACKed bit is on for
// that segment" (RFC 2018 8), and does not ask for what the peer may have thrown away.
func TestScriptReneging(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newLossPeer(withRTT(sackPeer, 60000, ".1") + `
			+0   do write 4000 = 4000
			` + burst(1, 4001, true) + `
			+.1  < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:4001>
			+0   > . 1:1001(1000) ack 1
			+.1  < . 1:1(0) ack 1001 win 60000`)
		defer p.Close()
		next := 1001 // the peer has thrown 1001 to 4001 away
		for range 100 {
			for _, seg := range p.Sent(100 * time.Millisecond) {
				if int(seg.Seq) == next {
					next += seg.Len
				}
			}
			if next > 1001 {
				p.Send(p.Parse(". 1:1(0) ack " + strconv.Itoa(next) + " win 60000"))
			}
		}
		if next != 4001 {
			t.Errorf("after 10 s all up to %d has come, want 4001", next)
		}
	})
}

// A peer may delay its ACK by up to half a second (RFC 9293 3.8.6.3, MUST-40), and we probe
// after less. One probe in vain is enough: nobody knows which copy was answered, so the
// next segment is given more time, and its answer is a sample (RFC 6298 3, Karn). Without
// D-SACK each probe would make the window smaller.
func TestProbePatientWithLateACKs(t *testing.T) {
	for name, options := range map[string]string{"plain SACK": optMSS + optSACK, "with timestamps": optMSS + optSACK + optTS} {
		t.Run(name, func(t *testing.T) {
			onRig(t, func(r *rig) {
				c := r.open(60000, options)
				sent := 0
				for range 20 {
					r.write(1000)
					sent += len(r.pass(300 * time.Millisecond))
					r.in(r.ack(r.nxt(), 60000))
				}
				cwnd := 0
				r.locked(func() { cwnd = c.cc.cwnd })
				t.Logf("%d segments sent again, cwnd %d", sent, cwnd)
				if sent > 4 || cwnd < 5000 {
					t.Errorf("of 20 segments %d were sent again, cwnd %d", sent, cwnd)
				}
			})
		})
	}
}
