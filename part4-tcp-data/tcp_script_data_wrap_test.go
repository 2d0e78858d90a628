package main

import (
	"fmt"
	"testing"
	"time"

	"framebyframe/shared/script"
)

// Sequence numbers wrap (RFC 9293 3.4): text, windows, FINs and TIME-WAIT with either
// initial sequence number at each of the last places before 2^32 and 2^31.
func TestScriptDataWrap(t *testing.T) {
	text := opened("<mss 1460>", 20) + `
		+0 do rcvbuf 40
		+0 < P. 1:9(8) ack 1 win 20
		+0~+.2 > . 1:1(0) ack 9 win 32
		+0 < P. 5:13(8) ack 1 win 20          // partly old
		+0~+.2 > . 1:1(0) ack 13 win 28
		+0 < P. 14:16(2) ack 1 win 20         // a gap
		+0 > . 1:1(0) ack 13 win 28
		+0 < P. 13:16(3) ack 1 win 20
		+0~+.2 > . 1:1(0) ack 16 win 25
		+0 < FP. 16:41(25) ack 1 win 20       // the FIN is beyond the window
		+0~+.2 > . 1:1(0) ack 41 win 0
		+0 < P. 41:42(1) ack 1 win 20
		+0 > . 1:1(0) ack 41 win 0
		+0 do read 100 = 40
		+0 > . 1:1(0) ack 41 win 40
		+0 do write 8 = 8
		+0 > P. 1:9(8) ack 41
		+0 do write 20 = 20                   // 12 are usable
		+.05 < . 41:41(0) ack 5 win 20        // a part of it, and 16 are
		+.05 < . 41:41(0) ack 9 win 12
		+0 > . 9:21(12) ack 41
		+.05 < . 41:41(0) ack 9 win 4         // it shrinks
		+.05 < . 41:41(0) ack 22 win 20       // not sent yet
		+0 > . 21:21(0) ack 41
		+.05 < . 41:41(0) ack 21 win 20
		+0 > P. 21:29(8) ack 41
		+0 do closewrite
		+0 > F. 29:29(0) ack 41
		+0 < . 41:41(0) ack 29 win 20
		+0 state FIN-WAIT-1
		+0 < . 41:41(0) ack 30 win 20
		+0 state FIN-WAIT-2
		+0 < FP. 41:46(5) ack 30 win 20
		+0 > . 30:30(0) ack 47
		+0 < FP. 41:46(5) ack 30 win 20
		+0 > . 30:30(0) ack 47
		+0 < R 46:46(0)
		+0 < S 47:47(0) win 20
		+0 > . 30:30(0) ack 47
		+0 state TIME-WAIT
		+0 do read 100 = 5
		+0 do read 100 = EOF`
	numbers := []uint32{0x12345678, 1<<31 - 5}
	for before := range uint32(40) {
		numbers = append(numbers, -before)
	}
	for _, n := range numbers {
		for _, iss := range []struct{ ours, theirs uint32 }{{n, 0x10000000}, {0x10000000, n + 1}, {n, n + 1}} {
			onTCPBench(t, func(b *tcpBench) {
				b.setISS(connKey{peerIP.As4(), 8000, 80}, iss.ours)
				b.cfg.PeerISS, b.cfg.StackISS = iss.theirs, &iss.ours
				b.play(text)
			})
		}
	}
}

// A few hundred thousand bytes each way, over the wrap: nothing is lost or mixed, and a
// Write that waits for room goes on. The peer acknowledges what has come in 10 ms.
func TestScriptTransfer(t *testing.T) {
	const size = 300_000
	for _, iss := range []uint32{0x12345678, script.Wrap, 1<<32 - size/2, 1<<31 - size/2} {
		onTCPBench(t, func(b *tcpBench) {
			b.setISS(connKey{peerIP.As4(), 8000, 80}, iss)
			b.cfg.PeerISS, b.cfg.StackISS = iss, &iss
			p := b.newPeer(opened("<mss 1460>", 65535))
			defer p.Close()
			wrote, read := make(chan error, 1), make(chan error, 1)
			c := b.kept()
			go func() {
				n, err := c.Write(script.Bytes(script.Pattern, 0, size))
				if err == nil && n != size {
					err = fmt.Errorf("wrote %d", n)
				}
				wrote <- err
			}()
			go func() {
				for n, at := 0, 0; at < size; at += n {
					var err error
					if n, err = readStream(c, 10000); err != nil {
						read <- err
						return
					}
				}
				read <- nil
			}()
			b.transfer(p, size)
			for what, result := range map[string]chan error{"Write": wrote, "Read": read} {
				select {
				case err := <-result:
					if err != nil {
						t.Errorf("%s: %v", what, err)
					}
				default:
					t.Errorf("%s has not come to its end", what)
				}
			}
		})
	}
}

// transfer sends size bytes, two segments at a time, and takes as many.
func (b *tcpBench) transfer(p *script.Peer, size int) {
	sent, acked, got := 1, 1, 1 // numbers
	for round := 0; (acked <= size || got <= size) && round < 1000; round++ {
		for range 2 {
			if n := min(1400, size+1-sent); n > 0 {
				p.Send(p.Parse(fmt.Sprintf(". %d:%d(%d) ack %d win 65535", sent, sent+n, n, got)))
				sent += n
			}
		}
		for _, seg := range p.Sent(10 * time.Millisecond) {
			if int(seg.Seq) != got && seg.Len > 0 {
				b.Fatalf("%s comes, and the next is %d", seg, got)
			}
			got, acked = got+seg.Len, int(seg.Ack)
		}
		p.Send(p.Parse(fmt.Sprintf(". %d:%d(0) ack %d win 65535", sent, sent, got)))
	}
	b.advance(time.Millisecond)
	if acked != size+1 || got != size+1 {
		b.Errorf("%d bytes have come and %d are acknowledged, of %d", got-1, acked-1, size)
	}
}
