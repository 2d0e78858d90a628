package stack

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestScriptListenErrors(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		if _, err := b.s.Listen(80); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("a second Listen: %v", err)
		}
		if _, err := b.s.Listen(0); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("Listen on port 0: %v", err)
		}
		if err := b.l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := b.l.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a second Close: %v", err)
		}
		if _, err := b.l.AcceptTCP(); !errors.Is(err, net.ErrClosed) {
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
			onTCPBench(t, func(b *tcpBench) {
				p := b.newPeer(text)
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
					+0 < 8001>%[1]d . 1:1(0) ack 1 win 1000`, port), b.calls())
				if c, err := l.AcceptTCP(); err != nil || c.remote().Port() != 8001 {
					t.Errorf("accepted %v, %v", c, err)
				}
				last := map[tcpState]string{
					stateSynSent:     "+0 < S. 0:0(0) ack 1 win 1000 <mss 1460>\n+0 > . 1:1(0) ack 1\n",
					stateSynReceived: "+0 < . 1:1(0) ack 1 win 1000\n",
				}[state]
				p.Play(last+"+0 state ESTABLISHED", b.calls())
			})
		})
	}
}

// Close, of the listener or of the stack, wakes all who wait.
func TestScriptAcceptEnds(t *testing.T) {
	for name, end := range map[string]func(b *tcpBench) error{
		"listener": func(b *tcpBench) error { return b.l.Close() },
		"stack":    func(b *tcpBench) error { return b.s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			onTCPBench(t, func(b *tcpBench) {
				ended := make(chan error)
				for range 3 {
					go func() { _, err := b.l.AcceptTCP(); ended <- err }()
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
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(`
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
			c, err := b.l.AcceptTCP()
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
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(handshake + `
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
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(handshake + `
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
		b.advance(4800 * time.Millisecond)
		challenge("S 1:1(0) win 1000", 1, 0)
		b.advance(200 * time.Millisecond)
		challenge("S 1:1(0) win 1000", 12, 10)
		if state := b.state(8000); state != stateEstablished {
			t.Errorf("it is in %s", state)
		}
	})
}
