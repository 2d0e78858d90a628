package main

import (
	"fmt"
	"testing"
	"time"
)

// The window that we give (RFC 9293 3.8.6): "the right window edge RCV.NXT+RCV.WND" does
// not move while data come, nor back, and moves on when the user has read.
func TestScriptReceiveWindow(t *testing.T) {
	playAll(t, map[string]string{
		"it closes": accepted + `
			+0 do rcvbuf 4000
			+0 < P. 1:1001(1000) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1001 win 3000
			+0 < . 1001:2461(1460) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 2461 win 1540
			+0 < P. 2461:3921(1460) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 3921 win 80
			+0 < P. 3921:4001(80) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 4001 win 0`,
		"and opens, and the peer is told": accepted + `
			+0 do rcvbuf 2000
			+0 < . 1:1001(1000) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1001 win 1000
			+0 < P. 1001:2001(1000) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 2001 win 0
			+.5 do read 4000 = 2000
			+0 > . 1:1(0) ack 2001 win 2000
			+0 < P. 2001:3001(1000) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 3001 win 1000`,
		// "It is possible for a TCP implementation to maintain a zero receive window while
		// transmitting data and receiving ACKs" (3.10.7.4): also those of a peer that has sent
		// more than the window had room for, and so is beyond it.
		"closed, and what we send is acknowledged": accepted + `
			+0 do rcvbuf 1000
			+0 < P. 1:1001(1000) ack 1 win 500
			+0~+.2 > . 1:1(0) ack 1001 win 0
			+0 do write 1000 = 1000
			+0 > . 1:501(500) ack 1001 win 0
			+.01 < . 2001:2001(0) ack 501 win 500
			+0   > P. 501:1001(500) ack 1001 win 0`,
		"closed, and what comes in order later is no old window": accepted + `
			+0 do rcvbuf 1000
			+0 < P. 1:1001(1000) ack 1 win 500
			+0~+.2 > . 1:1(0) ack 1001 win 0
			+0 do write 2000 = 2000
			+0 > . 1:501(500) ack 1001 win 0
			+.01 < . 2001:2001(0) ack 501 win 500
			+0   > . 501:1001(500) ack 1001 win 0
			+.01 < . 1001:1001(0) ack 1001 win 1000
			+0   > P. 1001:2001(1000) ack 1001 win 0`,
		// gVisor asks so whether the window has opened.
		"closed, and acknowledged with a byte that we have": accepted + `
			+0 do rcvbuf 1000
			+0 < P. 1:1001(1000) ack 1 win 500
			+0~+.2 > . 1:1(0) ack 1001 win 0
			+0 do write 1000 = 1000
			+0 > . 1:501(500) ack 1001 win 0
			+.01 < . 1000:1001(1) ack 501 win 500
			+0   > . 501:501(0) ack 1001 win 0
			+0   > P. 501:1001(500) ack 1001 win 0`,
		"closed but for less than the peer can be told": opened("<mss 1460,nop,wscale 0>", 500) + `
			+0 do rcvbuf 1100
			+0 < P. 1:1001(1000) ack 1 win 500
			+0~+.2 > . 1:1(0) ack 1001 win 0
			+0 do write 1000 = 1000
			+0 > . 1:501(500) ack 1001 win 0
			+.01 < . 2001:2001(0) ack 501 win 500
			+0   > P. 501:1001(500) ack 1001 win 0`,
		"closed, and acknowledged by somebody who does not know our numbers": accepted + `
			+0 do rcvbuf 1000
			+0 < P. 1:1001(1000) ack 1 win 500
			+0~+.2 > . 1:1(0) ack 1001 win 0
			+0 do write 1000 = 1000
			+0 > . 1:501(500) ack 1001 win 0
			+.01 < . 9000000:9000000(0) ack 501 win 500
			+0   > . 501:501(0) ack 1001 win 0
			+.01 < . -9000000:-9000000(0) ack 501 win 500
			+0   > . 501:501(0) ack 1001 win 0
			+.01 < . 2001:2001(0) ack 502 win 500
			+0   > . 501:501(0) ack 1001 win 0
			+.01 > nothing`,
		// "min( Fr * RCV.BUFF, Eff.snd.MSS )", with Fr = 1/2 (3.8.6.2.2): the MSS is less.
		"by less than a segment: not at all": accepted + `
			+0 do rcvbuf 4000
			+0 < . 1:1461(1460) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1461 win 2540
			+0 < . 1461:2921(1460) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 2921 win 1080
			+0 < P. 2921:4001(1080) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 4001 win 0
			+0 do read 1459 = 1459
			+.1 > nothing
			+0 < P. 4001:4002(1) ack 1 win 1000
			+0 > . 1:1(0) ack 4001 win 0
			+0 do read 1 = 1
			+0 > . 1:1(0) ack 4001 win 1460`,
		"half of the buffer, if that is less": accepted + `
			+0 do rcvbuf 1000
			+0 < P. 1:1001(1000) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1001 win 0
			+0 do read 499 = 499
			+.1 > nothing
			+0 do read 1 = 1
			+0 > . 1:1(0) ack 1001 win 500`,
		"Eff.snd.MSS is the peer's": opened("<mss 300>", 1000) + `
			+0 do rcvbuf 1000
			+0 < P. 1:1001(1000) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1001 win 0
			+0 do read 299 = 299
			+.1 > nothing
			+0 do read 1 = 1
			+0 > . 1:1(0) ack 1001 win 300`,
		"no news as long as the peer has enough": accepted + `
			+0 do rcvbuf 10000
			+0 < . 1:1461(1460) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1461 win 8540
			+0 < P. 1461:2921(1460) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 2921 win 7080
			+0 do read 5000 = 2920
			+.1 > nothing
			+0 < P. 2921:2922(1) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 2922 win 9999`,
		"what we send says it, too": accepted + `
			+0 do rcvbuf 2000
			+0 < P. 1:401(400) ack 1 win 1000
			+0 do write 5 = 5
			+0 > P. 1:6(5) ack 401 win 1600
			+0 < . 401:401(0) ack 6 win 1000`,
		"a FIN takes one, and after it there is nothing to open": accepted + `
			+0 do rcvbuf 2000
			+0 < FP. 1:401(400) ack 1 win 1000
			+0 > . 1:1(0) ack 402 win 1599
			+0 do read 2000 = 400
			+.1 > nothing`,
	})
}

// The window is scaled if both have said so (RFC 7323 2.2), but in the SYN,ACK.
func TestScriptReceiveWindowScaled(t *testing.T) {
	const options = "<mss 1460,nop,wscale 2>"
	playAll(t, map[string]string{
		"shifted by seven": opened(options, 1000) + `
			+0 do rcvbuf 200000
			+0 < P. 1:1001(1000) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1001 win 1554         // 199000 >> 7
			+0 < P. 1001:1101(100) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1101 win 1553`,
		"less than the scale can say: 0": opened(options, 1000) + `
			+0 do rcvbuf 1127
			+0 < P. 1:1001(1000) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1001 win 0
			+0 < P. 1001:1128(127) ack 1 win 1000       // and is taken all the same
			+0~+.2 > . 1:1(0) ack 1128 win 0`,
		// 40 are less than a segment, 60 are more; and the peer knows of none.
		"what the peer knows is rounded down": opened("<mss 48,nop,wscale 2>", 1000) + `
			+0 do rcvbuf 400
			+0 < P. 1:301(300) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 301 win 0
			+0 do read 40 = 40
			+.1 > nothing
			+0 do read 20 = 20
			+0 > . 1:1(0) ack 301 win 1`,
		"behind 65,535 there is no more without it": opened("<mss 1460>", 1000) + `
			+0 do rcvbuf 200000
			+0 < P. 1:1001(1000) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1001 win 65535`,
	})
}

// A user who reads byte by byte does not make us send byte by byte, which is what
// MUST-39 is about (RFC 9293 3.8.6.2.2).
func TestScriptReadByteByByte(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(opened("<mss 536>", 1000) + `
			+0 do rcvbuf 5000
			+0 < . 1:1461(1460) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1461
			+0 < . 1461:2921(1460) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 2921
			+0 < . 2921:4381(1460) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 4381
			+0 < P. 4381:5001(620) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 5001 win 0`)
		defer p.Close()
		edge := 0 // of the window
		for i := range 5000 {
			if n, err := readStream(b.kept(), 1); n != 1 || err != nil {
				t.Fatalf("byte %d: %d, %v", i, n, err)
			}
			for _, seg := range p.Sent(10 * time.Microsecond) {
				if wnd := int(seg.Win); wnd < edge+536 || wnd > i+1 || seg.Ack != 5001 {
					t.Errorf("after %d bytes: %s", i+1, seg)
				}
				edge = int(seg.Win)
			}
		}
		if edge == 0 {
			t.Error("the window has not opened")
		}
	})
}

// A sender that always fills the window, and a user who reads in small pieces: nothing
// is lost, the right edge never moves to the left (SHLD-14), and is never beyond the
// buffer.
func TestScriptReceiveWindowEdge(t *testing.T) {
	const size = 3000
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(accepted + fmt.Sprintf("+0 do rcvbuf %d", size))
		defer p.Close()
		at, edge, read := 1, 1+size, 0
		for i := 0; at < 100000; i++ {
			if n := min(edge-at, 1+i*37%1460); n > 0 {
				p.Send(p.Parse(fmt.Sprintf("P. %d:%d(%d) ack 1 win 1000", at, at+n, n)))
				at += n
			}
			answers := p.Sent(time.Duration(i%3) * 30 * time.Millisecond)
			n, err := readStream(b.kept(), 1+i*53%1000)
			if err != nil {
				t.Fatal(err)
			}
			read += n
			for _, seg := range append(answers, p.Sent(time.Millisecond)...) {
				next := int(seg.Ack) + int(seg.Win)
				if next < edge || next > read+1+size || seg.Flags.String() != "." {
					t.Fatalf("after %s the edge is at %d, and it was at %d, and %d are read", seg, next, edge, read)
				}
				edge = next
			}
		}
		b.wantDropped(errTCPWindow, 0)
	})
}
