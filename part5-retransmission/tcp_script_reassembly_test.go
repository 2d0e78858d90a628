package main

import (
	"fmt"
	"testing"
	"time"
)

// "Segments with higher beginning sequence numbers SHOULD be held for later processing"
// (RFC 9293 3.10.7.4, SHLD-31). An ACK goes out at once for a segment behind a gap, and
// for one that fills it in, all or part of it (RFC 5681 3.2).
func TestScriptReassembly(t *testing.T) {
	playAllLoss(t, map[string]string{
		"a gap is filled": accepted + `
			+0 do! read 100
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 21
			+0 done read = 20`,
		"two gaps, each at once": accepted + `
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 31:41(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 21
			+0 < P. 21:31(10) ack 1 win 1000
			+0 > . 1:1(0) ack 41
			+0 do read 100 = 40`,
		"part of a gap": accepted + `
			+0 < P. 21:31(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 11
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 31
			+0 do read 100 = 30`,
		"backwards": accepted + `
			+0 < P. 31:41(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 21:31(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 41
			+0 do read 100 = 40`,
		"overlaps, of every kind": accepted + `
			+0 < P. 11:31(20) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 16:26(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 6:16(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 26:41(15) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 61:71(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 4:80(76) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:8(7) ack 1 win 1000
			+0 > . 1:1(0) ack 80
			+0 do read 100 = 79`,
		"what fills a gap, and more than that": accepted + `
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:31(30) ack 1 win 1000
			+0 > . 1:1(0) ack 31
			+0 do read 100 = 30
			+0 < P. 31:41(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 41
			+0 do read 100 = 10`,
		"with its ACK": accepted + `
			+0 do write 10 = 10
			+0 > P. 1:11(10) ack 1
			+0 < P. 11:21(10) ack 11 win 1000
			+0 > . 11:11(0) ack 1
			+1 > nothing`,
		"the window: what is behind a gap does not count, and what fills it does": accepted + `
			+0 do rcvbuf 1000
			+0 < P. 501:1001(500) ack 1 win 1000
			+0 > . 1:1(0) ack 1 win 1000
			+0 < P. 1:501(500) ack 1 win 1000
			+0 > . 1:1(0) ack 1001 win 0
			+0 do read 2000 = 1000
			+0 > . 1:1(0) ack 1001 win 1000`,
		"data beyond the window are cut": accepted + `
			+0 do rcvbuf 1000
			+0 < P. 501:1101(600) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:501(500) ack 1 win 1000
			+0 > . 1:1(0) ack 1001 win 0
			+0 do read 2000 = 1000
			+0 > . 1:1(0) ack 1001 win 1000`,
		"a FIN beyond the window, too": accepted + `
			+0 do rcvbuf 1000
			+0 < FP. 501:1001(500) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:501(500) ack 1 win 1000
			+0 > . 1:1(0) ack 1001 win 0
			+0 state ESTABLISHED
			+0 do read 2000 = 1000
			+0 > . 1:1(0) ack 1001 win 1000
			+0 < F. 1001:1001(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1002
			+0 state CLOSE-WAIT`,
		"CloseRead throws it away": accepted + `
			+0 do closeread
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 21
			+0 do read 10 = EOF`,
		"a reset in between": accepted + `
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < R 1:1(0)
			+0 do read 10 = ECONNRESET`,
	})
}

// A FIN is processed when all before it is there.
func TestScriptReassemblyFIN(t *testing.T) {
	playAllLoss(t, map[string]string{
		"before its data": accepted + `
			+0 do! read 100
			+0 < F. 11:11(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 state ESTABLISHED
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 12
			+0 done read = 10
			+0 state CLOSE-WAIT
			+0 do read 100 = EOF`,
		"with data, before others": accepted + `
			+0 < FP. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 22
			+0 state CLOSE-WAIT
			+0 do read 100 = 20
			+0 do read 100 = EOF`,
		"without it, and with it": accepted + `
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < FP. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 22
			+0 state CLOSE-WAIT`,
		"with it, and without it": accepted + `
			+0 < FP. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:21(20) ack 1 win 1000
			+0 > . 1:1(0) ack 22
			+0 state CLOSE-WAIT`,
		"in FIN-WAIT-2": accepted + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 1
			+0 < F. 11:11(0) ack 2 win 1000
			+0 > . 2:2(0) ack 1
			+0 state FIN-WAIT-2
			+0 < P. 1:11(10) ack 2 win 1000
			+0 > . 2:2(0) ack 12
			+0 state TIME-WAIT
			+0 do read 100 = 10
			+0 do read 100 = EOF`,
		// "If new data is received after CLOSE is called" (RFC 9293 3.6.1): a RST.
		"after Close": accepted + `
			+0 do closeconn
			+0 > F. 1:1(0) ack 1
			+0 < FP. 11:21(10) ack 2 win 1000
			+0 > . 2:2(0) ack 1
			+0 < P. 1:11(10) ack 2 win 1000
			+0 > R 2:2(0)
			+0 state LISTEN`,
		// What comes behind a FIN is nonsense. No byte that was never sent is read.
		"data behind a FIN": accepted + `
			+0 < FP. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 22:32(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 22
			+0 do read 100 = 20
			+0 do read 100 = EOF`,
	})
}

// A peer that sends every second byte only gets a bounded number of pieces kept, and can
// send the rest again.
func TestReassemblyBound(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newLossPeer(accepted)
		defer p.Close()
		const pieces = maxSpans + 44
		for i := range pieces {
			p.Send(p.Parse(fmt.Sprintf(". %d:%d(1) ack 1 win 1000", 2+2*i, 3+2*i)))
			if n := len(p.Sent(time.Millisecond)); n != 1 {
				t.Fatalf("piece %d: %d ACKs", i, n)
			}
		}
		b.do(func() {
			if n := len(b.conn(8000).rcv.spans); n != maxSpans {
				t.Errorf("%d pieces are kept, want %d", n, maxSpans)
			}
		})
		p.Play(fmt.Sprintf(`
			+0 < . 1:%[1]d(%[2]d) ack 1 win 1000
			+0 > . 1:1(0) ack %[3]d
			+0 < . 1:%[4]d(%[5]d) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack %[4]d
			+0 do read 10000 = %[5]d`,
			2*maxSpans, 2*maxSpans-1, 2*maxSpans+1, 2*pieces+1, 2*pieces), b.lossCalls())
	})
}
