package main

import (
	"testing"
	"time"
)

// A SYN that is not answered: sent again after 1, 2, 4 … seconds (RFC 6298 2.1, 5.5), and
// given up after "at least 3 minutes" (RFC 9293 3.8.3, MUST-23).
func TestScriptSYNLost(t *testing.T) {
	playAllLoss(t, map[string]string{
		"for good": dialled + `
			+1  > S 0:0(0)
			+2  > S 0:0(0)
			+4  > S 0:0(0)
			+8  > S 0:0(0)
			+16 > S 0:0(0)
			+32 > S 0:0(0)
			+60 > S 0:0(0)
			+57~+180 done dial = ETIMEDOUT
			+0   state CLOSED`,
		// "If the timer expires awaiting the ACK of a SYN segment and the TCP implementation
		// is using an RTO less than 3 seconds, the RTO MUST be re-initialized to 3 seconds
		// when data transmission begins" (RFC 6298 5.7).
		"once: 3 s": dialled + `
			+1  > S 0:0(0) <mss 1460,...>
			+.1 < S. 0:0(0) ack 1 win 60000 <mss 1000>
			+0  > . 1:1(0) ack 1
			+0  done dial
			+0  do write 10 = 10
			+0  > P. 1:11(10) ack 1
			+3  > P. 1:11(10) ack 1
			+6  > P. 1:11(10) ack 1`,
		"SYN,ACK: 3 s": `
			+0  < S 0:0(0) win 60000 <mss 1000>
			+0  > S. 0:0(0) ack 1
			+1  > S. 0:0(0) ack 1
			+2  > S. 0:0(0) ack 1
			+.1 < . 1:1(0) ack 1 win 60000
			+0  do accept
			+0  do write 10 = 10
			+0  > P. 1:11(10) ack 1
			+3  > P. 1:11(10) ack 1`,
		"until there is a sample": dialled + `
			+1  > S 0:0(0)
			+.1 < S. 0:0(0) ack 1 win 60000 <mss 1000>
			+0  > . 1:1(0) ack 1
			+0  done dial
			+0  do write 10 = 10
			+0  > P. 1:11(10) ack 1
			+.1 < . 1:1(0) ack 11 win 60000
			+0  do rto = 300`,
		// "the initial window used by a sender after a correctly transmitted SYN MUST be one
		// segment consisting of at most SMSS bytes" (RFC 5681 3.1).
		"initial window of one": dialled + `
			+1  > S 0:0(0)
			+.1 < S. 0:0(0) ack 1 win 60000 <mss 1000>
			+0  > . 1:1(0) ack 1
			+0  done dial
			+0  do write 5000 = 5000
			+0  > . 1:1001(1000) ack 1
			+.1 < . 1:1(0) ack 1001 win 60000
			` + burst(1001, 3001) + `
			+.1 < . 1:1(0) ack 3001 win 60000
			` + burst(3001, 5001, true),
		"initial window of one, SYN,ACK": `
			+0  < S 0:0(0) win 60000 <mss 1000>
			+0  > S. 0:0(0) ack 1
			+1  > S. 0:0(0) ack 1
			+.1 < . 1:1(0) ack 1 win 60000
			+0  do accept
			+0  do write 5000 = 5000
			+0  > . 1:1001(1000) ack 1
			+.1 < . 1:1(0) ack 1001 win 60000
			` + burst(1001, 3001),
		"initial window of one, with timestamps": dialled + `
			+1  > S 0:0(0) <TS val a ecr 0,...>
			+.1 < S. 0:0(0) ack 1 win 60000 <mss 1012,nop,nop,TS val 7 ecr a>
			+0  > . 1:1(0) ack 1
			+0  done dial
			+0  do write 5000 = 5000
			+0  > . 1:1001(1000) ack 1`,
	})
}

// A SYN,ACK that is not acknowledged.
func TestScriptSYNACKLost(t *testing.T) {
	const asked = `
		+0  < S 0:0(0) win 1000 <mss 1460,nop,wscale 7>
		+0  > S. 0:0(0) ack 1 <mss 1460,nop,wscale 7>
	`
	playAllLoss(t, map[string]string{
		"again, with the same options": asked + `
			+1  > S. 0:0(0) ack 1 <mss 1460,nop,wscale 7>
			+2  > S. 0:0(0) ack 1 <mss 1460,nop,wscale 7>
			+.1 < . 1:1(0) ack 1 win 1000
			+0  state ESTABLISHED
			+10 > nothing`,
		// acceptTimeout, less than R2 should be.
		"for good": asked + `
			+1  > S. 0:0(0) ack 1
			+2  > S. 0:0(0) ack 1
			+4  > S. 0:0(0) ack 1
			+8  > S. 0:0(0) ack 1
			+16 > S. 0:0(0) ack 1
			+29~+32 > R 1:1(0)
			+0  state LISTEN
			+60 > nothing`,
		"data take the ACK's place": asked + `
			+.5 < P. 1:11(10) ack 1 win 1000
			+0~+.4 > . 1:1(0) ack 11
			+0  state ESTABLISHED
			+10 > nothing`,
		"after both have met": dialled + `
			+.5 < S 0:0(0) win 1000 <mss 1460>
			+0  > S. 0:0(0) ack 1
			+.4~+1.1 > S. 0:0(0) ack 1
			+.1 < . 1:1(0) ack 1 win 1000
			+0  done dial
			+10 > nothing`,
		// Figure 7 of RFC 9293 3.5: their SYN,ACK acknowledges ours, and nothing is left to be
		// sent again.
		"after both have met, and both SYN,ACKs": dialled + `
			+.1 < S 0:0(0) win 1000 <mss 1460>
			+0  > S. 0:0(0) ack 1
			+.1 < S. 0:0(0) ack 1 win 1000 <mss 1460>
			+0  > . 1:1(0) ack 1
			+0  done dial
			+0  state ESTABLISHED
			+10 > nothing`,
		"what was acknowledged by figure 7 is not sent again with data": dialled + `
			+.1 < S 0:0(0) win 1000 <mss 1460>
			+0  > S. 0:0(0) ack 1
			+.1 < S. 0:0(0) ack 1 win 1000 <mss 1460>
			+0  > . 1:1(0) ack 1
			+0  done dial
			+0  do write 10 = 10
			+0  > P. 1:11(10) ack 1
			+.8~+3 > P. 1:11(10) ack 1`,
		// The first check of RFC 9293 3.10.7.4 would have it answered with an ACK, which a peer in
		// SYN-SENT, for whom it is, drops (3.10.7.3, fifth).
		"the peer's SYN once more: our SYN,ACK must have been lost": asked + `
			+.5 < S 0:0(0) win 1000 <mss 1460,nop,wscale 7>
			+0  > S. 0:0(0) ack 1 <mss 1460,nop,wscale 7>
			+.5 > S. 0:0(0) ack 1 <mss 1460,nop,wscale 7>
			+.1 < . 1:1(0) ack 1 win 1000
			+0  state ESTABLISHED
			+10 > nothing`,
		"another SYN is none that we know": asked + `
			+.5 < S -1:-1(0) win 1000 <mss 1460,nop,wscale 7>
			+0  > . 1:1(0) ack 1`,
		"when all SYN,ACKs are lost, the peer's SYNs do not keep it half open": asked + `
			+.9 < S 0:0(0) win 1000 <mss 1460,nop,wscale 7>
			+0  > S. 0:0(0) ack 1
			+.1 > S. 0:0(0) ack 1
			+2  > S. 0:0(0) ack 1
			+4  > S. 0:0(0) ack 1
			+8  > S. 0:0(0) ack 1
			+16 > S. 0:0(0) ack 1
			+28 < S 0:0(0) win 1000 <mss 1460,nop,wscale 7>
			+0  > S. 0:0(0) ack 1
			+1~+4 > R 1:1(0)
			+0  state LISTEN`,
		// What the peer measures is then the time since the SYN that is answered.
		"with timestamps: the second SYN's is echoed": `
			+0  < S 0:0(0) win 60000 <mss 1012,nop,nop,TS val 1000 ecr 0>
			+0  > S. 0:0(0) ack 1 <TS val a ecr 1000,...>
			+.8 < S 0:0(0) win 60000 <mss 1012,nop,nop,TS val 1800 ecr 0>
			+0  > S. 0:0(0) ack 1 <TS val b ecr 1800,...>
			+.1 < . 1:1(0) ack 1 win 60000 <nop,nop,TS val 1900 ecr b>
			+0  state ESTABLISHED`,
		"an older SYN's is not": `
			+0  < S 0:0(0) win 60000 <mss 1012,nop,nop,TS val 1000 ecr 0>
			+0  > S. 0:0(0) ack 1 <TS val a ecr 1000,...>
			+.1 < S 0:0(0) win 60000 <mss 1012,nop,nop,TS val 900 ecr 0>
			+0  > S. 0:0(0) ack 1 <TS val * ecr 1000,...>`,
	})
}

// "When the number of transmissions of the same segment reaches or exceeds threshold R1,
// pass negative advice ... to the IP layer" (RFC 9293 3.8.3, MUST-20; SHLD-10: R1 "at least 3
// retransmissions"): the neighbour is asked by ARP whether it is still there (RFC 1122
// 2.3.2.1 (3)), from then on with each one.
func TestNegativeAdvice(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newLossPeer(accepted + `
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

// The same for a SYN: "SYN retransmissions MUST be handled in the general way just described
// for data retransmissions" (RFC 9293 3.8.3, MUST-22).
func TestNegativeAdviceOpening(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newLossPeer(dialled)
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
