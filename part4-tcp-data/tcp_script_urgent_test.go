package main

import (
	"testing"
	"time"

	"framebyframe/shared/script"
)

// The sixth check: "RCV.UP <- max(RCV.UP,SEG.UP)". The pointer is "to the sequence
// number of the octet following the urgent data" (RFC 9293 3.8.5, MUST-62), and the
// user can learn "how much urgent data remains to be read" (MUST-33), any length of it
// (MUST-31). Urgent data are delivered in line.
func TestScriptUrgent(t *testing.T) {
	const text = accepted + `
		+0 do urgent = 0
		+0 < PU. 1:11(10) ack 1 win 1000 urg 5
		+0~+.2 > . 1:1(0) ack 11
		+0 do urgent = 5
		+0 do read 3 = 3
		+0 do urgent = 2
		+0 < U. 11:11(0) ack 1 win 1000 urg 40000        // announced before it comes
		+0 do urgent = 40007
		+0 < U. 11:11(0) ack 1 win 1000 urg 1            // it "cannot recede"
		+0 do urgent = 40007
		+0 < . 11:11(0) ack 1 win 1000 urg 60000         // no URG
		+0 do urgent = 40007
		+0 do read 100 = 7
		+0 do urgent = 40000
		+0 < FP. 11:21(10) ack 1 win 1000
		+0 > . 1:1(0) ack 22
		+0 state CLOSE-WAIT
		+0 < U. 22:22(0) ack 1 win 1000 urg 50000        // "Ignore the URG."
		+0 do urgent = 40000
		+0 do read 100 = 10
		+0 do urgent = 39990`
	for _, iss := range []uint32{0x10000000, script.Wrap, 1<<31 - 5, 1 << 31, 0xf0000000} {
		onTCPBench(t, func(b *tcpBench) {
			b.cfg.PeerISS = iss
			b.play(text)
		})
	}
}

// "A TCP implementation MUST inform the application layer asynchronously whenever it
// receives an urgent pointer and there was previously no pending urgent data, or whenever
// the urgent pointer advances in the data stream" (RFC 9293 3.8.5, MUST-32).
func TestScriptUrgentNews(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(accepted)
		defer p.Close()
		news := make(chan struct{}, 1)
		if err := b.kept().NotifyUrgent(news); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			segment string
			told    int
		}{
			{". 1:1(0) ack 1 win 1000 urg 5", 0},
			{"U. 1:1(0) ack 1 win 1000 urg 0", 0}, // up to RCV.NXT, which is nothing
			{"U. 1:1(0) ack 1 win 1000 urg 5", 1},
			{"U. 1:1(0) ack 1 win 1000 urg 5", 0},
			{"U. 1:1(0) ack 1 win 1000 urg 4", 0},
			{"U. 1:1(0) ack 1 win 1000 urg 6", 1},
			{"UF. 1:1(0) ack 1 win 1000 urg 7", 1},
			{"U. 2:2(0) ack 1 win 1000 urg 8", 0}, // behind the FIN
		} {
			p.Send(p.Parse(c.segment))
			p.Sent(time.Millisecond)
			if len(news) != c.told {
				t.Errorf("%s: told %d times, want %d", c.segment, len(news), c.told)
			}
			if len(news) > 0 {
				<-news
			}
		}
	})
}

// Long after the last urgent data there still are none: numbers are compared modulo 2^32,
// and what is 2^31 behind is ahead.
func TestScriptUrgentLongAgo(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(accepted)
		defer p.Close()
		seg := p.Parse("P. 1:2(1) ack 1 win 1000")
		for range 5 {
			b.do(func() { // a quarter of all sequence numbers later
				rcv := &b.conn(8000).rcv
				rcv.nxt, rcv.read = rcv.nxt+1<<30, rcv.read+1<<30
			})
			seg.Seq += 1 << 30
			p.Send(seg)
			p.Sent(200 * time.Millisecond)
			if _, err := readStream(b.kept(), 1); err != nil {
				t.Fatal(err)
			}
			seg.Seq++
			if n := b.kept().Urgent(); n != 0 {
				t.Errorf("%d bytes of urgent data", n)
			}
		}
	})
}
