package stack

import (
	"testing"
	"time"
)

// "When the number of transmissions of the same segment reaches or exceeds threshold R1,
// pass negative advice ... to the IP layer" (RFC 9293 3.8.3, MUST-20; SHLD-10: R1 "at least 3
// retransmissions"): the neighbour is asked by ARP whether it is still there (RFC 1122
// 2.3.2.1 (3)), from then on with each one.
func TestNegativeAdvice(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(accepted + `
			+0 do write 10 = 10
			+0 > P. 1:11(10) ack 1`)
		defer p.Close()
		polls, segments := 0, 0
		b.take()
		for range 40 {
			p.Sent(100 * time.Millisecond)
			before := polls
			for _, f := range b.take() {
				if f.frame[13] != 6 { // not ARP
					segments++
					continue
				}
				polls++
				b.wantARP(f.frame, peerMAC, 1, ourIP, MAC{}, peerIP)
			}
			if polls > before && segments < 3 {
				b.Errorf("asked after %d retransmissions", segments)
			}
		}
		if polls != 2 || segments != 4 {
			b.Errorf("%d questions and %d retransmissions, want 2, from the third on, and 4", polls, segments)
		}
	})
}

// A peer whose window is closed and who answers each probe is there, however long the timer
// waits by now: nobody has to be asked.
func TestNoNegativeAdviceWhileProbesAreAnswered(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(accepted + `
			+0 < . 1:1(0) ack 1 win 0
			+0 do write 10 = 10`)
		defer p.Close()
		b.take()
		for range 8 {
			p.Play(`
				+.1~+60 > . 1:2(1) ack 1
				+.01 < . 1:1(0) ack 1 win 0`, b.calls())
		}
		for _, f := range b.take() {
			if f.frame[13] == 6 { // ARP
				b.Errorf("asked at %v", f.at)
			}
		}
	})
}

// Nor is there a reason where another connection goes on: its data are acknowledged by way of
// the same neighbour, so that is there.
func TestNoNegativeAdviceWhileOthersGoOn(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(accepted + `
			+0 do write 10 = 10
			+0 > P. 1:11(10) ack 1`)
		defer p.Close()
		b.take()
		for range 40 {
			p.Sent(100 * time.Millisecond)
			b.do(func() { b.s.tcp.acker, b.s.tcp.ackedAt = peerIP.As4(), b.s.clock() })
		}
		for _, f := range b.take() {
			if f.frame[13] == 6 { // ARP
				b.Errorf("asked at %v", f.at)
			}
		}
	})
}

// The same for a SYN: "SYN retransmissions MUST be handled in the general way just described
// for data retransmissions" (RFC 9293 3.8.3, MUST-22).
func TestNegativeAdviceOpening(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(dialled)
		defer p.Close()
		polls, segments := 0, 0
		b.take()
		for range 100 {
			p.Sent(100 * time.Millisecond)
			for _, f := range b.take() {
				if f.frame[13] != 6 { // not ARP
					segments++
					continue
				}
				if polls++; segments < 2 { // the question comes right before the third one
					b.Errorf("asked after %d retransmissions", segments)
				}
				b.wantARP(f.frame, peerMAC, 1, ourIP, MAC{}, peerIP)
			}
		}
		if polls != 1 || segments != 3 {
			b.Errorf("%d questions and %d retransmissions in 10 s, want 1 and 3", polls, segments)
		}
	})
}
