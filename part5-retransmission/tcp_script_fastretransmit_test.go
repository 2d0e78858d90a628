package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// dupACKs are n duplicate acknowledgments of a number.
func dupACKs(n int, ack string) string {
	return strings.Repeat("+.001 < . 1:1(0) ack "+ack+" win 60000\n", n)
}

// Fast retransmit (RFC 5681 3.2), with peers that have no SACK. There is no RTO in these
// scripts: they are over in less than 200 ms.
func TestScriptFastRetransmit(t *testing.T) {
	ten := opened(plainPeer, 60000) + `
		+0 do write 10000 = 10000
		` + burst(1, 10001, true)
	playAllLoss(t, map[string]string{
		"on the third duplicate ACK": ten + dupACKs(2, "1") + `
			+.01 > nothing
			` + dupACKs(1, "1") + `
			+0   > . 1:1001(1000) ack 1
			` + dupACKs(6, "1") + `
			+.01 < . 1:1(0) ack 10001 win 60000
			+1   > nothing`,
		"in the middle": ten + `
			+.01 < . 1:1(0) ack 4001 win 60000
			` + dupACKs(3, "4001") + `
			+0   > . 4001:5001(1000) ack 1
			+.01 < . 1:1(0) ack 10001 win 60000
			+1   > nothing`,
		// "the third duplicate ACK": with something new in between they count from the start.
		"two, and two": ten + dupACKs(2, "1") + `
			+0   < . 1:1(0) ack 1001 win 60000
			` + dupACKs(2, "1001") + `
			+.01 > nothing
			` + dupACKs(1, "1001") + `
			+0   > . 1001:2001(1000) ack 1`,
		"once, however many there are": ten + dupACKs(3, "1") + `
			+0   > . 1:1001(1000) ack 1
			` + dupACKs(20, "1") + `
			+.01 > nothing`,
		// Its definition (RFC 5681 2): "(b) the incoming acknowledgment carries no data",
		"not with data": ten + `
			+0 < P. 1:11(10) ack 1 win 60000
			+0 < P. 11:21(10) ack 1 win 60000
			+0 > . 10001:10001(0) ack 21
			+0 < P. 21:31(10) ack 1 win 60000
			+0 < P. 31:41(10) ack 1 win 60000
			+0 > . 10001:10001(0) ack 41
			+.1 > nothing`,
		// "(e) the advertised window in the incoming acknowledgment equals the advertised window
		// in the last incoming acknowledgment",
		"not with another window": ten + `
			+0 < . 1:1(0) ack 1 win 60001
			+0 < . 1:1(0) ack 1 win 60002
			+0 < . 1:1(0) ack 1 win 60003
			+0 < . 1:1(0) ack 1 win 60002
			+.1 > nothing`,
		// "(d) the acknowledgment number is equal to the greatest acknowledgment received",
		"not an older one": ten + `
			+0 < . 1:1(0) ack 3001 win 60000
			` + dupACKs(4, "2001") + `
			+.1 > nothing`,
		// "(a) the receiver of the ACK has outstanding data".
		"not with nothing on its way": opened(plainPeer, 60000) + dupACKs(5, "1") + `
			+1 > nothing
			+0 do write 1000 = 1000
			+0 > P. 1:1001(1000) ack 1
			+.1 > nothing`,
		"not a FIN": ten + dupACKs(2, "1") + `
			+0 < F. 1:1(0) ack 1 win 60000
			+0 > . 10001:10001(0) ack 2
			+.1 > nothing`,
	})
}

// Limited transmit (RFC 3042 2): each of the first two duplicate ACKs lets one segment go
// that was never sent, as one has left the network; no more than cwnd and two segments.
func TestScriptLimitedTransmit(t *testing.T) {
	playAllLoss(t, map[string]string{
		"one for each": opened(plainPeer, 60000) + `
			+0 do write 14000 = 14000
			` + burst(1, 10001) + dupACKs(1, "1") + `
			+0 > . 10001:11001(1000) ack 1
			` + dupACKs(1, "1") + `
			+0 > . 11001:12001(1000) ack 1
			` + dupACKs(1, "1") + `
			+0 > . 1:1001(1000) ack 1
			+.01 > nothing`,
		"as far as the peer's window goes": opened(plainPeer, 10999) + `
			+0 do write 14000 = 14000
			` + burst(1, 10001) + `
			+0 < . 1:1(0) ack 1 win 10999
			+0 < . 1:1(0) ack 1 win 10999
			+0 < . 1:1(0) ack 1 win 10999
			+0 > . 1:1001(1000) ack 1`,
		"not for what is no duplicate": opened(plainPeer, 60000) + `
			+0 do write 14000 = 14000
			` + burst(1, 10001) + `
			+0 < . 1:1(0) ack 1 win 60001
			+.1 > nothing`,
	})
}

// NewReno (RFC 6582 3.2): a partial ACK, of something new but not of all that was sent
// before the recovery, means that what follows is lost, too, and is sent at once.
func TestScriptNewReno(t *testing.T) {
	sent := opened(plainPeer, 60000) + `
		+0 do write 10000 = 10000
		` + burst(1, 10001, true) + dupACKs(3, "1") + `
		+0 > . 1:1001(1000) ack 1
	` + dupACKs(3, "1")
	playAllLoss(t, map[string]string{
		"each partial ACK sends the next one": sent + `
			+.01 < . 1:1(0) ack 3001 win 60000
			+0   > . 3001:4001(1000) ack 1
			+.01 < . 1:1(0) ack 6001 win 60000
			+0   > . 6001:7001(1000) ack 1
			+.01 < . 1:1(0) ack 7001 win 60000
			+0   > . 7001:8001(1000) ack 1
			+.01 < . 1:1(0) ack 10001 win 60000
			+1   > nothing`,
		"duplicates of a partial ACK: not once more": sent + `
			+.01 < . 1:1(0) ack 3001 win 60000
			+0   > . 3001:4001(1000) ack 1
			` + dupACKs(5, "3001") + `
			+.01 > nothing`,
		// The first partial ACK resets the retransmit timer (step 3), and so does each other here,
		// as RFC 6298 5.3 says.
		"the timer": sent + `
			+.15 < . 1:1(0) ack 3001 win 60000
			+0   > . 3001:4001(1000) ack 1
			+.199 > nothing
			+.001 > . 3001:4001(1000) ack 1`,
		// RFC 5681 3.2 (3): "The lost segment ... MUST be retransmitted", whatever the window
		// is, also if limited transmit has sent two more.
		"after limited transmit": opened(plainPeer, 60000) + `
			+0 do write 12000 = 12000
			` + burst(1, 10001) + dupACKs(1, "1") + `
			+0 > . 10001:11001(1000) ack 1
			` + dupACKs(1, "1") + `
			+0 > P. 11001:12001(1000) ack 1
			` + dupACKs(1, "1") + `
			+0 > . 1:1001(1000) ack 1
			+.01 < . 1:1(0) ack 3001 win 60000
			+0 > . 3001:4001(1000) ack 1
			+.01 < . 1:1(0) ack 12001 win 60000
			+1 > nothing`,
		"with a small window": withRTT(plainPeer, 4000, ".1") + `
			+0 do write 6000 = 6000
			` + burst(1, 4001) + `
			+.05 < . 1:1(0) ack 1 win 6000
			` + burst(4001, 6001, true) + `
			+0 < . 1:1(0) ack 1 win 6000
			+0 < . 1:1(0) ack 1 win 6000
			+.01 < . 1:1(0) ack 1 win 6000
			+0 > . 1:1001(1000) ack 1`,
	})
}

// Below `recover`, which a timeout sets to the highest number that was sent, duplicate
// ACKs do not start a fast retransmit: they come from what was sent twice (RFC 6582 3.2,
// step 4, and 4.1).
func TestScriptNewRenoAfterTimeout(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newLossPeer(opened(plainPeer, 60000) + `
			+0  do write 5000 = 5000
			` + burst(1, 5001, true) + `
			+.2 > . 1:1001(1000) ack 1`)
		defer p.Close()
		var before int
		b.do(func() { before = b.conn(8000).cc.ssthresh })
		for range 10 {
			p.Send(p.Parse(". 1:1(0) ack 1 win 60000"))
			for _, seg := range p.Sent(time.Millisecond) {
				if int32(seg.Seq) == 1 {
					t.Errorf("sent again: %s", seg)
				}
			}
		}
		b.do(func() {
			if after := b.conn(8000).cc.ssthresh; after != before {
				t.Errorf("ssthresh has gone from %d to %d", before, after)
			}
		})
	})
}

// RFC 6582 3.2, step 2, and 4: a timeout that was a false alarm, for the ACKs were only late,
// has segments go again that the peer has. Its answers are duplicates of an ACK that
// covers just what had been sent when the timer expired: "In this case, the duplicate
// acknowledgments are not an indication of a new instance of congestion." A loss beyond is.
func TestScriptNewRenoFalseAlarm(t *testing.T) {
	alarm := withRTT(plainPeer, 60000, ".1") + `
		+0   do write 5000 = 5000
		` + burst(1, 5001, true) + `
		+.28~+.32 > . 1:1001(1000) ack 1
		+.01 < . 1:1(0) ack 1001 win 60000
		+0~+.02 > . 1001:2001(1000) ack 1
		+0~+.02 > . 2001:3001(1000) ack 1
		+0   < . 1:1(0) ack 2001 win 60000
		+0~+.02 > . 3001:4001(1000) ack 1
		+0~+.02 > P. 4001:5001(1000) ack 1
		+0   < . 1:1(0) ack 5001 win 60000
		+.01 do write 3000 = 3000
		` + burst(5001, 8001, true)
	playAllLoss(t, map[string]string{
		"five duplicates of what had been sent": alarm + dupACKs(5, "5001") + `
			+.01 > nothing`,
		"three beyond": alarm + `
			+.01 < . 1:1(0) ack 6001 win 60000
			+0   do write 1000 = 1000
			` + burst(8001, 9001, true) + dupACKs(3, "6001") + `
			+0~+.02 > . 6001:7001(1000) ack 1`,
	})
}

// When a recovery is over, another loss is noticed in the same way.
func TestScriptNewRenoAgain(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newLossPeer(opened(plainPeer, 60000) + `
			+0   do write 10000 = 10000
			` + burst(1, 10001, true) + dupACKs(3, "1") + `
			+0   > . 1:1001(1000) ack 1
			+.01 < . 1:1(0) ack 10001 win 60000`)
		defer p.Close()
		b.stream(60000)
		sent := p.Sent(5 * time.Millisecond)
		for len(sent) < 4 {
			last := sent[len(sent)-1]
			p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack %d win 60000", int(last.Seq)+last.Len)))
			sent = p.Sent(5 * time.Millisecond)
		}
		again := 0
		for range 3 {
			p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack %d win 60000", sent[0].Seq)))
			for _, seg := range p.Sent(time.Millisecond) {
				if seg.Seq == sent[0].Seq {
					again++
				}
			}
		}
		if again != 1 {
			t.Errorf("%d was sent again %d times, want 1", sent[0].Seq, again)
		}
	})
}
