package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/script"
	"framebyframe/shared/suite"
)

func TestScriptListenErrors(t *testing.T) {
	onListening(t, func(b *bench, l *Listener) {
		if _, err := b.s.Listen(80); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("a second Listen: %v", err)
		}
		if _, err := b.s.Listen(0); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("Listen on port 0: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a second Close: %v", err)
		}
		if _, err := l.AcceptTCP(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("AcceptTCP after Close: %v", err)
		}
		l, err := b.s.Listen(80)
		if err != nil {
			t.Fatalf("Listen after Close: %v", err)
		}
		b.s.Close()
		if _, err := l.AcceptTCP(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("AcceptTCP on a closed stack: %v", err)
		}
		if _, err := b.s.Listen(81); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Listen on a closed stack: %v", err)
		}
	})
}

// There is "an OPEN call that will functionally allow an application to LISTEN on a port
// while a connection block with the same local port is in SYN-SENT or SYN-RECEIVED state"
// (RFC 9293 3.9.1.1, MUST-42), and neither knows of the other (MUST-41).
func TestScriptListenBeside(t *testing.T) {
	for state, text := range map[tcpState]string{
		stateSynSent: dialled,
		stateSynReceived: dialled + `
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1`,
	} {
		t.Run(string(state), func(t *testing.T) {
			onBench(t, func(b *bench) {
				p := b.NewPeer(text)
				defer p.Close()
				var port uint16
				b.do(func() { port = b.conn(8000).key.localPort })
				l, err := b.s.Listen(port)
				if err != nil {
					t.Fatalf("Listen on the port of a connection in %s: %v", state, err)
				}
				if got := b.state(8000); got != state {
					t.Errorf("after Listen it is in %s", got)
				}
				p.Play(fmt.Sprintf(`
					+0 < 8001>%[1]d S 0:0(0) win 1000
					+0 > %[1]d>8001 S. 0:0(0) ack 1
					+0 < 8001>%[1]d . 1:1(0) ack 1 win 1000`, port))
				if c, err := l.AcceptTCP(); err != nil || c.remote().Port() != 8001 {
					t.Errorf("accepted %v, %v", c, err)
				}
				last := map[tcpState]string{
					stateSynSent:     "+0 < S. 0:0(0) ack 1 win 1000 <mss 1460>\n+0 > . 1:1(0) ack 1\n",
					stateSynReceived: "+0 < . 1:1(0) ack 1 win 1000\n",
				}[state]
				p.Play(last + "+0 state ESTABLISHED")
			})
		})
	}
}

// Close, of the listener or of the stack, wakes all who wait.
func TestScriptAcceptEnds(t *testing.T) {
	for name, end := range map[string]func(b *bench) error{
		"listener": func(b *bench) error { return b.s.tcp.listeners[80].Close() },
		"stack":    func(b *bench) error { return b.s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			onListening(t, func(b *bench, l *Listener) {
				ended := make(chan error)
				for range 3 {
					go func() { _, err := l.AcceptTCP(); ended <- err }()
				}
				synctest.Wait()
				if err := end(b); err != nil {
					t.Error(err)
				}
				for range 3 {
					if err := <-ended; !errors.Is(err, net.ErrClosed) {
						t.Errorf("AcceptTCP: %v", err)
					}
				}
			})
		})
	}
}

// Connections are accepted in the order in which they were opened, not asked for.
func TestScriptAcceptOrder(t *testing.T) {
	onListening(t, func(b *bench, l *Listener) {
		p := b.NewPeer(`
			+0 < 8001>80 S 0:0(0) win 1000
			+0 > 80>8001 S. 0:0(0) ack 1
			+0 < 8002>80 S 0:0(0) win 1000
			+0 > 80>8002 S. 0:0(0) ack 1
			+0 < 8003>80 S 0:0(0) win 1000
			+0 > 80>8003 S. 0:0(0) ack 1
			+0 < 8002>80 . 1:1(0) ack 1 win 1000
			+0 < 8003>80 . 1:1(0) ack 1 win 1000
			+0 < 8001>80 . 1:1(0) ack 1 win 1000
			+1ms > nothing`)
		defer p.Close()
		for _, want := range []uint16{8002, 8003, 8001} {
			c, err := l.AcceptTCP()
			if err != nil {
				t.Fatal(err)
			}
			if got := c.remote().Port(); got != want {
				t.Errorf("accepted the connection from port %d, want %d", got, want)
			}
		}
	})
}

// A stack that is closed resets all connections, whatever they are doing.
func TestScriptStackCloses(t *testing.T) {
	onBench(t, func(b *bench) {
		p := b.NewPeer(handshake + `
			+0 < 8001>80 S 0:0(0) win 1000
			+0 > 80>8001 S. 0:0(0) ack 1`)
		defer p.Close()
		b.s.Close()
		resets := make(map[uint16]bool)
		for _, seg := range p.Sent(time.Millisecond) {
			port := seg.To.Port
			seg.From.Port, seg.To.Port = 0, 0
			if text := seg.String(); p.Parse("R 1:1(0)").Match(p.Parse(text), nil) != nil {
				t.Errorf("port %d was sent %q, want a RST", port, text)
			}
			resets[port] = true
		}
		if !resets[0] || !resets[8001] || len(resets) != 2 {
			t.Errorf("sent %v", resets)
		}
	})
}

// RFC 5961 7: at most ten challenge ACKs in five seconds. Each connection has ten of its
// own, of each kind, and none is needed to answer the peer's keep-alives (RFC 9293 3.8.4):
// whatever others send, they are answered.
func TestScriptChallengeLimit(t *testing.T) {
	onBench(t, func(b *bench) {
		p := b.NewPeer(handshake + `
			+0 < 8001>80 S 0:0(0) win 1000
			+0 > 80>8001 S. 0:0(0) ack 1
			+0 < 8001>80 . 1:1(0) ack 1 win 1000
			+1ms > nothing`)
		defer p.Close()
		challenge := func(text string, n, want int) {
			t.Helper()
			for range n {
				p.Send(p.Parse(text))
			}
			if got := len(p.Sent(10 * time.Millisecond)); got != want {
				t.Errorf("%d times %s: %d challenge ACKs, want %d", n, text, got, want)
			}
		}
		challenge("S 1:1(0) win 1000", 9, 9)
		challenge("S 1000000000:1000000000(0) win 1000", 9, 1)
		challenge(". 1:1(0) ack 2 win 1000", 9, 9)
		challenge(". 1:1(0) ack -100000 win 1000", 9, 1)
		challenge(". 1000000000:1000000000(0) ack 1 win 1000", 9, 9)
		challenge("P. 1000000000:1000000010(10) ack 1 win 1000", 9, 1)
		challenge(". 0:0(0) ack 2 win 1000", 9, 0)
		challenge(". 0:0(0) ack 1 win 1000", 25, 25)
		challenge("8001>80 S 1:1(0) win 1000", 3, 3)
		challenge("8001>80 S 1000000000:1000000000(0) win 1000", 9, 7)
		challenge("8001>80 . 0:0(0) ack 1 win 1000", 11, 11)
		b.Advance(4800 * time.Millisecond)
		challenge("S 1:1(0) win 1000", 1, 0)
		b.Advance(200 * time.Millisecond)
		challenge("S 1:1(0) win 1000", 12, 10)
		if state := b.state(8000); state != stateEstablished {
			t.Errorf("it is in %s", state)
		}
	})
}

// When too many connections are open, the one that has said nothing for the longest is
// reset: here, the oldest.
func TestTCPLimit(t *testing.T) {
	onListening(t, func(b *bench, l *Listener) {
		p := b.NewPeer("+0 state LISTEN")
		defer p.Close()
		var conns []*Conn
		open := func(port int) {
			b.want(p, fmt.Sprintf("%d>80 S 0:0(0) win 1000", port), "S. 0:0(0) ack 1")
			p.Send(p.Parse(fmt.Sprintf("%d>80 . 1:1(0) ack 1 win 1000", port)))
		}
		for i := range maxConns {
			open(1000 + i)
			if sent := p.Sent(time.Millisecond); len(sent) != 0 {
				t.Fatalf("connection %d: sent %v", i, sent)
			}
			c, err := l.AcceptTCP()
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, c)
		}
		for i := range 3 {
			open(30000 + i)
			sent := p.Sent(time.Millisecond)
			want := fmt.Sprintf("80>%d R 1:1(0)", 1000+i)
			if len(sent) != 1 || p.Parse(want).Match(sent[0], nil) != nil || sent[0].To.Port != uint16(1000+i) {
				t.Errorf("connection %d: sent %v, want %s", maxConns+i, sent, want)
			}
		}
		b.do(func() {
			for i, c := range conns {
				want := stateEstablished
				if i < 3 {
					want = stateClosed
				}
				if c.state != want || i < 3 && !errors.Is(c.err, syscall.ECONNABORTED) {
					t.Errorf("connection %d is in %s, %v", i, c.state, c.err)
				}
			}
			if n := b.s.tcp.open.Len(); n != maxConns {
				t.Errorf("%d are open", n)
			}
			b.s.checkTCP(t)
		})
	})
}

// Those that we are opening ourselves count, too. When there is nothing else that
// could make room, the new one has to do without.
func TestTCPLimitDial(t *testing.T) {
	onListening(t, func(b *bench, _ *Listener) {
		b.meet()
		to := netip.AddrPortFrom(peerIP, 8000)
		b.do(func() {
			for range maxConns {
				if _, err := b.s.activeOpen(to); err != nil {
					t.Fatal(err)
				}
			}
		})
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		if _, err := b.s.DialTCP(ctx, to); !errors.Is(err, syscall.ECONNABORTED) {
			t.Errorf("one dial too many: %v", err)
		}
		b.do(func() {
			if n := b.s.tcp.open.Len(); n != maxConns {
				t.Errorf("%d are open or being opened, want %d", n, maxConns)
			}
			b.s.checkTCP(t)
		})
	})
}

// When as many connections wait to be accepted as the backlog holds, a SYN is not
// answered: the peer will ask again.
func TestTCPLimitReady(t *testing.T) {
	onListening(t, func(b *bench, l *Listener) {
		p := b.NewPeer("+0 state LISTEN")
		defer p.Close()
		for i := range maxBacklog {
			b.want(p, fmt.Sprintf("%d>80 S 0:0(0) win 1000", 1000+i), "S. 0:0(0) ack 1")
			b.want(p, fmt.Sprintf("%d>80 . 1:1(0) ack 1 win 1000", 1000+i), "")
		}
		b.want(p, "5000>80 S 0:0(0) win 1000", "")
		if _, err := l.AcceptTCP(); err != nil {
			t.Fatal(err)
		}
		b.want(p, "5000>80 S 0:0(0) win 1000", "S. 0:0(0) ack 1")
	})
}

// flood is a peer that has asked for so many connections that the backlog is full:
// 256, from the ports 1000 to 1255, that never get their last ACK.
func (b *bench) flood() *suite.Player {
	b.Helper()
	p := b.NewPeer(`
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

func (b *bench) wantHalfOpen(want int) {
	b.Helper()
	b.do(func() {
		if n := len(b.s.tcp.listeners[80].halfOpen); n != want {
			b.Errorf("%d connections are half open, want %d", n, want)
		}
		b.s.checkTCP(b.T)
	})
}

// from sends a segment and returns what the stack answers to its port, which the
// segment has to name.
func (b *bench) from(p *suite.Player, text string) string {
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
func (b *bench) want(p *suite.Player, text, answer string) {
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
	onListening(t, func(b *bench, l *Listener) {
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
			conn, err := l.AcceptTCP()
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
	onBench(t, func(b *bench) {
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
		onListening(t, func(b *bench, l *Listener) {
			p := b.flood()
			defer p.Close()
			b.want(p, "5000>80 S 0:0(0) win 1000 <mss 1460>", "S. 0:0(0) ack 1")
			b.Advance(age - 10*time.Millisecond)
			p.Sent(0)
			b.do(func() { l.flooded = time.Now() }) // the flood goes on: only the cookie is old
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
	open := func(b *bench, p *suite.Player) {
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
	onBench(t, func(b *bench) {
		p := b.NewPeer("+0 state LISTEN")
		defer p.Close()
		open(b, p)
	})
	onBench(t, func(b *bench) {
		p := b.flood()
		defer p.Close()
		b.want(p, "5000>80 S 0:0(0) win 1000", "S. 0:0(0) ack 1")
		b.Advance(200 * time.Second)
		p.Sent(0)
		open(b, p)
	})
}

// Who has been half open for five seconds makes room for somebody new.
func TestScriptBacklogOldest(t *testing.T) {
	onBench(t, func(b *bench) {
		p := b.flood()
		defer p.Close()
		b.Advance(4900 * time.Millisecond)
		p.Sent(0)
		b.want(p, "5000>80 S 0:0(0) win 1000 <mss 1460,nop,wscale 7>", "S. 0:0(0) ack 1 <mss 1460>")
		if state := b.state(1000); state != stateSynReceived {
			t.Errorf("after 4.9 s the oldest is in %s", state)
		}
		b.Advance(100 * time.Millisecond)
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
