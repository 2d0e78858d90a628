package stack

import (
	"fmt"
	"testing"
	"time"

	"framebyframe/shared/script"
)

// flood is a peer that has asked for so many connections that the backlog is full:
// 256, from the ports 1000 to 1255, that never get their last ACK.
func (b *tcpBench) flood() *script.Peer {
	b.Helper()
	p := b.newPeer(`
		+0 < 999>80 S 0:0(0) win 1000       // so that our MAC and the peer's are known
		+0 > 80>999 S. 0:0(0) ack 1
		+0 < 999>80 R 1:1(0)
		+1ms > nothing`)
	for i := range maxBacklog {
		p.Send(p.Parse(fmt.Sprintf("%d>80 S 0:0(0) win 1000", 1000+i)))
	}
	if n := len(p.Sent(time.Millisecond)); n != maxBacklog {
		b.Errorf("%d SYNs were answered, want %d", n, maxBacklog)
	}
	b.wantHalfOpen(maxBacklog)
	return p
}

func (b *tcpBench) wantHalfOpen(want int) {
	b.Helper()
	b.do(func() {
		if n := len(b.l.halfOpen); n != want {
			b.Errorf("%d connections are half open, want %d", n, want)
		}
		b.s.checkTCP(b.T)
	})
}

// from sends a segment and returns what the stack answers to its port, which the
// segment has to name.
func (b *tcpBench) from(p *script.Peer, text string) string {
	b.Helper()
	seg := p.Parse(text)
	p.Send(seg)
	answer := ""
	for _, got := range p.Sent(time.Millisecond) {
		if got.To.Port == seg.From.Port || got.To.Port == 0 && seg.From.Port == 8000 {
			got.From, got.To = script.Endpoint{}, script.Endpoint{}
			answer += got.String()
		}
	}
	return answer
}

// want checks such an answer; no text is no answer.
func (b *tcpBench) want(p *script.Peer, text, answer string) {
	b.Helper()
	got := b.from(p, text)
	if answer == "" || got == "" {
		if got != answer {
			b.Errorf("%s: answered %q, want %q", text, got, answer)
		}
		return
	}
	if err := p.Parse(answer).Match(p.Parse(got), nil); err != nil {
		b.Errorf("%s: answered %s, want %s: %v", text, got, answer, err)
	}
}

// A cookie opens a connection of which nothing was kept, with an MSS that is at
// most what the peer said (RFC 4987 3.6).
func TestScriptCookie(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.flood()
		defer p.Close()
		for i, c := range []struct {
			options string
			want    int
		}{
			{"<mss 1460,nop,wscale 7>", 1460}, {"<mss 1459>", 1452}, {"<mss 9000>", 1460}, {"<mss 1300>", 1220},
			{"<>", 536}, {"<mss 536>", 536}, {"<mss 1400>", 1400},
		} {
			port := uint16(5000 + i)
			// No scale: the cookie could not remember it.
			b.want(p, fmt.Sprintf("%d>80 S 0:0(0) win 1000 %s", port, c.options), "S. 0:0(0) ack 1 <mss 1460>")
			b.wantHalfOpen(maxBacklog)
			if state := b.state(port); state != stateListen {
				t.Errorf("with %s it is in %s, and nothing was to be kept", c.options, state)
			}
			b.want(p, fmt.Sprintf("%d>80 . 1:1(0) ack 1 win 1000", port), "")
			b.wantHalfOpen(maxBacklog)
			if state := b.state(port); state != stateEstablished {
				t.Fatalf("with %s it is in %s", c.options, state)
			}
			conn, err := b.l.AcceptTCP()
			if err != nil || conn.remote().Port() != port {
				t.Fatalf("accepted %v, %v", conn, err)
			}
			b.do(func() {
				if conn.snd.mss != c.want || conn.snd.shift != 0 || conn.snd.wnd != 1000 {
					t.Errorf("with %s: MSS %d, shift %d, SND.WND %d; want %d, 0, 1000", c.options, conn.snd.mss, conn.snd.shift, conn.snd.wnd, c.want)
				}
			})
			b.want(p, fmt.Sprintf("%d>80 R 1:1(0)", port), "") // RCV.NXT is right, too
			if state := b.state(port); state != stateListen {
				t.Errorf("after a RST it is in %s", state)
			}
		}
	})
}

// What is no cookie's ACK gets the RST that it would get in LISTEN.
func TestScriptCookieWrong(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.flood()
		defer p.Close()
		b.want(p, "5000>80 S 0:0(0) win 1000 <mss 1460>", "S. 0:0(0) ack 1")
		b.want(p, "5000>80 . 1:1(0) ack 2 win 1000", "R 2:2(0)")
		b.want(p, "5000>80 . 1:1(0) ack 0 win 1000", "R 0:0(0)")
		b.want(p, "5000>80 . 2:2(0) ack 1 win 1000", "R 1:1(0)")
		b.want(p, "5000>80 . 0:0(0) ack 1 win 1000", "R 1:1(0)")
		b.want(p, "5000>80 . 1:1(0) ack 16777217 win 1000", "R 16777217:16777217(0)")    // another MSS
		b.want(p, "5000>80 . 1:1(0) ack 134217729 win 1000", "R 134217729:134217729(0)") // another time
		b.want(p, "5000>80 S. 0:0(0) ack 1 win 1000", "R 1:1(0)")
		b.want(p, "5000>80 R. 1:1(0) ack 1", "")
		if state := b.state(5000); state != stateListen {
			t.Errorf("it is in %s", state)
		}
		b.want(p, "5000>80 . 1:1(0) ack 1 win 1000", "")
		if state := b.state(5000); state != stateEstablished {
			t.Errorf("by the right ACK it is in %s", state)
		}
	})
}

// A cookie is good for 64 to 128 seconds, and for nobody else: also not again when the five
// bits of its time have come round.
func TestScriptCookieOld(t *testing.T) {
	for age, good := range map[time.Duration]bool{63 * time.Second: true, 129 * time.Second: false, 33 * cookieTick: false} {
		onTCPBench(t, func(b *tcpBench) {
			p := b.flood()
			defer p.Close()
			b.want(p, "5000>80 S 0:0(0) win 1000 <mss 1460>", "S. 0:0(0) ack 1")
			b.advance(age - 10*time.Millisecond)
			p.Sent(0)
			b.do(func() { b.l.flooded = time.Now() }) // the flood goes on: only the cookie is old
			b.from(p, "5000>80 . 1:1(0) ack 1 win 1000")
			if state := b.state(5000); (state == stateEstablished) != good {
				t.Errorf("after %v it is in %s", age, state)
			}
		})
	}
}

// When no cookies were sent for two of their lives none is believed, for somebody
// who sends ACKs at random would find one in 2^24 that fits.
func TestScriptCookieUnasked(t *testing.T) {
	open := func(b *tcpBench, p *script.Peer) {
		b.Helper()
		key := connKey{peerIP.As4(), 8000, 80}
		var cookie seqNum
		b.do(func() { cookie = b.s.cookie(key, 0x10000000, b.s.cookieTime(), 7) })
		ack := uint32(cookie + 1)
		// Of this connection the peer has seen no SYN: its ACK is not relative.
		b.want(p, fmt.Sprintf(". 1:1(0) ack %d win 1000", ack), fmt.Sprintf("R %d:%d(0)", ack, ack))
		if state := b.state(8000); state != stateListen {
			b.Errorf("it is in %s", state)
		}
	}
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer("+0 state LISTEN")
		defer p.Close()
		open(b, p)
	})
	onTCPBench(t, func(b *tcpBench) {
		p := b.flood()
		defer p.Close()
		b.want(p, "5000>80 S 0:0(0) win 1000", "S. 0:0(0) ack 1")
		b.advance(200 * time.Second)
		p.Sent(0)
		open(b, p)
	})
}

// Who has been half open for five seconds makes room for somebody new.
func TestScriptBacklogOldest(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.flood()
		defer p.Close()
		b.advance(4900 * time.Millisecond)
		p.Sent(0)
		b.want(p, "5000>80 S 0:0(0) win 1000 <mss 1460,nop,wscale 7>", "S. 0:0(0) ack 1 <mss 1460>")
		if state := b.state(1000); state != stateSynReceived {
			t.Errorf("after 4.9 s the oldest is in %s", state)
		}
		b.advance(100 * time.Millisecond)
		p.Sent(0)
		b.want(p, "5001>80 S 0:0(0) win 1000 <mss 1460,nop,wscale 7>", "S. 0:0(0) ack 1 <mss 1460,nop,wscale 7,...>")
		for port, want := range map[uint16]tcpState{1000: stateListen, 1001: stateSynReceived, 5001: stateSynReceived} {
			if state := b.state(port); state != want {
				t.Errorf("port %d is in %s, want %s", port, state, want)
			}
		}
		b.wantHalfOpen(maxBacklog)
	})
}
