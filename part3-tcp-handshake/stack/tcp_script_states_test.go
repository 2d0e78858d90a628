package stack

import (
	"testing"
	"time"
)

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
