package stack

import (
	"testing"
	"time"

	"framebyframe/shared/script"
)

// Data, or a FIN, may come with the ACK that opens the connection, and stays with
// the peer as long as there is no room for it.
func TestScriptOpenedByData(t *testing.T) {
	for _, last := range []string{"P. 1:11(10) ack 1 win 1000", "F. 1:1(0) ack 1 win 1000", "FP. 1:11(10) ack 1 win 1000"} {
		onListening(t, func(b *bench, l *Listener) {
			p := b.NewPeer("+0 < S 0:0(0) win 1000\n+0 > S. 0:0(0) ack 1")
			defer p.Close()
			p.Send(p.Parse(last))
			p.Sent(time.Second)
			c, err := l.AcceptTCP()
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
	onBench(t, func(b *bench) {
		p := b.NewPeer(handshake)
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

// Table 6 of RFC 9293 3.10.7.4, its four rows, at the window's edges: for RCV.NXT
// anywhere, also where the window wraps.
func TestScriptAcceptable(t *testing.T) {
	for _, c := range []struct {
		wnd, at, n int // RCV.WND, SEG.SEQ - RCV.NXT, SEG.LEN
		want       bool
	}{
		// 0, 0: SEG.SEQ = RCV.NXT
		{0, -1, 0, false}, {0, 0, 0, true}, {0, 1, 0, false},
		// 0, >0: RCV.NXT =< SEG.SEQ < RCV.NXT+RCV.WND
		{1, -1, 0, false}, {1, 0, 0, true}, {1, 1, 0, false},
		{1000, -1, 0, false}, {1000, 0, 0, true}, {1000, 1, 0, true},
		{1000, 999, 0, true}, {1000, 1000, 0, false}, {1000, 1001, 0, false},
		{65535 << 7, 65535<<7 - 1, 0, true}, {65535 << 7, 65535 << 7, 0, false},
		// >0, 0: not acceptable
		{0, -1, 1, false}, {0, -1, 2, false}, {0, 0, 1, false}, {0, 1, 1, false},
		// >0, >0: the first or the last number is in the window
		{1000, -1, 1, false}, {1000, -1, 2, true}, {1000, -10, 10, false}, {1000, -10, 11, true},
		{1000, 0, 1, true}, {1000, 0, 1000, true}, {1000, 0, 1001, true},
		{1000, 999, 1, true}, {1000, 999, 100, true}, {1000, 1000, 1, false}, {1000, 1001, 1, false},
		{1000, -1 << 30, 1, false}, {1000, 1 << 30, 1, false},
	} {
		for _, nxt := range []seqNum{0, 1, 500, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1<<32 - 500, seqNum(script.Wrap)} {
			conn := &Conn{}
			conn.rcv.nxt, conn.rcv.wnd = nxt, c.wnd
			seg := segment{seq: nxt.add(c.at), data: make([]byte, c.n)}
			if got := conn.acceptable(&seg); got != c.want {
				t.Errorf("RCV.NXT %d, RCV.WND %d, SEG.SEQ %d (%+d), SEG.LEN %d: %v", nxt, c.wnd, seg.seq, c.at, c.n, got)
			}
		}
	}
	// SYN and FIN are in SEG.LEN (RFC 9293 3.3.1).
	conn := &Conn{}
	conn.rcv.nxt, conn.rcv.wnd = 100, 10
	for flags, want := range map[uint8]bool{flagSYN: false, flagFIN: false, flagSYN | flagFIN: true, flagACK: false, flagRST: false} {
		if got := conn.acceptable(&segment{seq: 99, flags: flags}); got != want {
			t.Errorf("%s at RCV.NXT-1: %v", describeFlags(flags), got)
		}
	}
}

// A RST inside of the window, but not at RCV.NXT, gets a challenge ACK (RFC 5961
// 3.2); outside of it, nothing. Not every part has a window: here all have one.
func TestScriptResetInWindow(t *testing.T) {
	for _, c := range []struct {
		at     int // SEG.SEQ - RCV.NXT; from 1000 on: behind the window
		answer string
		then   tcpState
	}{
		{-1, "", stateEstablished}, {0, "", stateListen}, {1, ". 1:1(0) ack 1", stateEstablished},
		{999, ". 1:1(0) ack 1", stateEstablished}, {1000, "", stateEstablished}, {1001, "", stateEstablished},
	} {
		onBench(t, func(b *bench) {
			p := b.NewPeer(handshake)
			defer p.Close()
			wnd := 0
			b.do(func() {
				rcv := &b.conn(8000).rcv
				rcv.wnd = max(rcv.wnd, 1000)
				wnd = rcv.wnd
			})
			at := c.at
			if at >= 999 {
				at += wnd - 1000
			}
			seg := p.Parse("R 1:1(0)")
			seg.Seq += uint32(at)
			p.Send(seg)
			got := p.Sent(time.Millisecond)
			if c.answer == "" && len(got) > 0 || c.answer != "" && (len(got) != 1 || p.Parse(c.answer).Match(got[0], nil) != nil) {
				t.Errorf("%s: answered %v, want %q", seg, got, c.answer)
			}
			if state := b.state(8000); state != c.then {
				t.Errorf("%s: %s, want %s", seg, state, c.then)
			}
		})
	}
}
