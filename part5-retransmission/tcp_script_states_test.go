package main

import (
	"testing"
	"time"
)

// The first four checks of RFC 9293 3.10.7.4 in SYN-RECEIVED, after a passive OPEN.
func TestScriptSynReceived(t *testing.T) {
	const asked = `
		+0 < S 0:0(0) win 1000 <mss 1460>
		+0 > S. 0:0(0) ack 1 <mss 1460,...>
		+0 state SYN-RECEIVED`
	playAll(t, map[string]string{
		"first: the same SYN again is before the window, and answered as before": asked + `
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1 <mss 1460,...>
			+0 state SYN-RECEIVED
			+0 < . 1:1(0) ack 1 win 1000
			+0 state ESTABLISHED`,
		"first: before the window": asked + `
			+0 < . 0:0(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < . -1000:-990(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 state SYN-RECEIVED`,
		"first: a RST there is dropped": asked + `
			+0 < R 0:0(0)
			+0 < R. 0:0(0) ack 1
			+0 < R -1000000000:-1000000000(0)
			+10ms > nothing
			+0 state SYN-RECEIVED`,
		"second, RST: back to LISTEN": asked + `
			+0 < R 1:1(0)
			+0 state LISTEN
			+0 forget
			+0 < S 100:100(0) win 1000
			+0 > S. 0:0(0) ack 101`,
		// What the RST acknowledges is of no interest.
		"second, RST with any ACK": asked + `
			+0 < R. 1:1(0) ack 77
			+0 state LISTEN`,
		// RFC 9293 3.5.3, SHLD-2: "TCP implementations SHOULD allow a received RST
		// segment to include data".
		"second, RST with data": asked + `
			+0 < R 1:11(10)
			+0 state LISTEN`,
		"fourth, a SYN in the window: back to LISTEN": asked + `
			+0 < S 1:1(0) win 1000
			+10ms > nothing
			+0 state LISTEN`,
		// "these Unreachable messages indicate soft error conditions" (RFC 1122 4.2.3.9).
		"an ICMP error about the SYN,ACK": asked + `
			+0 < icmp unreachable host [0:0(0)]
			+0 < icmp unreachable net [0:0(0)]
			+0 state SYN-RECEIVED
			+0 < . 1:1(0) ack 1 win 1000
			+0 state ESTABLISHED`,
		"fifth, no ACK: dropped": asked + `
			+0 < - 1:1(0) win 1000
			+10ms > nothing
			+0 state SYN-RECEIVED`,
		"fifth, an ACK of nothing new": asked + `
			+0 < . 1:1(0) ack 0 win 1000
			+0 > R 0:0(0) <>
			+0 < . 1:1(0) ack -1000000 win 1000
			+0 > R -1000000:-1000000(0) <>
			+0 state SYN-RECEIVED`,
		"fifth, an ACK of what was not sent": asked + `
			+0 < . 1:1(0) ack 2 win 1000
			+0 > R 2:2(0) <>
			+0 state SYN-RECEIVED
			+0 < . 1:1(0) ack 1 win 1000
			+0 state ESTABLISHED`,
	})
}

// The checks in ESTABLISHED.
func TestScriptEstablished(t *testing.T) {
	playAll(t, map[string]string{
		"first: before the window": handshake + `
			+0 < . 0:0(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 0:1(1) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < F. 0:0(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < - -5:-5(0) win 1000
			+0 > . 1:1(0) ack 1
			+0 state ESTABLISHED`,
		"first: far behind it": handshake + `
			+0 < . 1000000000:1000000000(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 2147483640:2147483650(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 state ESTABLISHED`,
		"first: what is not acceptable changes nothing": handshake + `
			+0 < . 0:0(0) ack 1 win 5
			+0 > . 1:1(0) ack 1`,
		"first: a RST there is dropped": handshake + `
			+0 < R 0:0(0)
			+0 < R. 0:0(0) ack 1
			+0 < R 1000000000:1000000000(0)
			+10ms > nothing
			+0 state ESTABLISHED`,
		"second: a RST at RCV.NXT": handshake + `
			+0 < R 1:1(0)
			+10ms > nothing
			+0 state LISTEN`,
		"second: a RST at RCV.NXT with any ACK": handshake + `
			+0 < R. 1:1(0) ack 777
			+0 state LISTEN`,
		"fourth: SYN, wherever it is: a challenge ACK": handshake + `
			+0 < S 0:0(0) win 1000
			+0 > . 1:1(0) ack 1
			+0 < S 1:1(0) win 1000
			+0 > . 1:1(0) ack 1
			+0 < S. 1:1(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < S 1000000000:1000000000(0) win 1000
			+0 > . 1:1(0) ack 1
			+0 state ESTABLISHED`,
		"fifth: no ACK: dropped": handshake + `
			+0 < - 1:1(0) win 1000
			+10ms > nothing
			+0 state ESTABLISHED`,
		// RFC 5961 5.2: "(SND.UNA - MAX.SND.WND) =< SEG.ACK =< SND.NXT".
		"fifth: the oldest ACK that passes, and one before it": handshake + `
			+0 < . 1:1(0) ack -999 win 1000
			+10ms > nothing
			+0 < . 1:1(0) ack -1000 win 1000
			+0 > . 1:1(0) ack 1
			+0 state ESTABLISHED`,
		"fifth: MAX.SND.WND does not shrink with SND.WND": handshake + `
			+0 < . 1:1(0) ack 1 win 3000
			+0 < . 1:1(0) ack 1 win 10
			+0 < . 1:1(0) ack -2999 win 1000
			+10ms > nothing
			+0 < . 1:1(0) ack -3000 win 1000
			+0 > . 1:1(0) ack 1`,
		"fifth: the newest ACK that passes, and one behind it": handshake + `
			+0 < . 1:1(0) ack 1 win 1000
			+10ms > nothing
			+0 < . 1:1(0) ack 2 win 1000
			+0 > . 1:1(0) ack 1
			+0 < . 1:1(0) ack 2000000000 win 1000
			+0 > . 1:1(0) ack 1
			+0 state ESTABLISHED`,
	})
}

// Data, or a FIN, may come with the ACK that opens the connection, and stays with
// the peer as long as there is no room for it.
func TestScriptOpenedByData(t *testing.T) {
	for _, last := range []string{"P. 1:11(10) ack 1 win 1000", "F. 1:1(0) ack 1 win 1000", "FP. 1:11(10) ack 1 win 1000"} {
		onTCPBench(t, func(b *tcpBench) {
			p := b.newPeer("+0 < S 0:0(0) win 1000\n+0 > S. 0:0(0) ack 1")
			defer p.Close()
			p.Send(p.Parse(last))
			p.Sent(time.Second)
			c, err := b.l.AcceptTCP()
			if err != nil || c.remote().Port() != 8000 {
				t.Errorf("%s: accepted %v, %v", last, c, err)
			}
		})
	}
}

// The fifth check's rule for the send window: "If (SND.WL1 < SEG.SEQ or (SND.WL1 =
// SEG.SEQ and SND.WL2 =< SEG.ACK)), set SND.WND <- SEG.WND, set SND.WL1 <- SEG.SEQ,
// and set SND.WL2 <- SEG.ACK."
func TestScriptSendWindow(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(handshake)
		defer p.Close()
		var iss, irs seqNum
		b.do(func() { iss, irs = b.conn(8000).snd.iss, b.conn(8000).rcv.irs })
		want := func(what string, wnd int, wl1, wl2 seqNum) {
			t.Helper()
			b.do(func() {
				snd := &b.conn(8000).snd
				if snd.wnd != wnd || snd.wl1-irs != wl1 || snd.wl2-iss != wl2 {
					t.Errorf("%s: SND.WND %d, SND.WL1 %d, SND.WL2 %d; want %d, %d, %d",
						what, snd.wnd, snd.wl1-irs, snd.wl2-iss, wnd, wl1, wl2)
				}
			})
		}
		send := func(text string) {
			p.Send(p.Parse(text))
			p.Sent(time.Millisecond)
		}
		want("the handshake's ACK", 1000, 1, 1)
		send(". 1:1(0) ack 1 win 2000")
		want("the same SEQ and ACK: larger", 2000, 1, 1)
		send(". 1:1(0) ack 1 win 500")
		want("the same SEQ and ACK: smaller", 500, 1, 1)
		send(". 1:1(0) ack 1 win 0")
		want("the same SEQ and ACK: shut", 0, 1, 1)
		send(". 1:1(0) ack 1 win 700")
		want("and open again", 700, 1, 1)
		send(". 1:1(0) ack 0 win 5000")
		want("an older ACK", 700, 1, 1)
		send(". 1:1(0) ack 2 win 5000")
		want("an ACK of what was not sent", 700, 1, 1)
		send(". 0:0(0) ack 1 win 5000")
		want("an older SEQ", 700, 1, 1)
		send("- 1:1(0) win 5000")
		want("no ACK", 700, 1, 1)
		b.do(func() { b.conn(8000).snd.wl1-- })
		send(". 1:1(0) ack 1 win 800")
		want("SND.WL1 < SEG.SEQ", 800, 1, 1)
		b.do(func() { b.conn(8000).snd.wl1++ })
		send(". 1:1(0) ack 1 win 900")
		want("SND.WL1 > SEG.SEQ", 800, 2, 1)
		b.do(func() { b.conn(8000).snd.wl1, b.conn(8000).snd.wl2 = irs+1, iss+2 })
		send(". 1:1(0) ack 1 win 900")
		want("SND.WL2 > SEG.ACK", 800, 1, 2)
		b.do(func() { b.conn(8000).snd.wl2-- })
	})
}
