package stack

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

// When too many connections are open, the one that has said nothing for the longest is
// reset: here, the oldest.
func TestTCPLimit(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer("+0 state LISTEN")
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
			c, err := b.l.AcceptTCP()
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
	onTCPBench(t, func(b *tcpBench) {
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
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer("+0 state LISTEN")
		defer p.Close()
		for i := range maxBacklog {
			b.want(p, fmt.Sprintf("%d>80 S 0:0(0) win 1000", 1000+i), "S. 0:0(0) ack 1")
			b.want(p, fmt.Sprintf("%d>80 . 1:1(0) ack 1 win 1000", 1000+i), "")
		}
		b.want(p, "5000>80 S 0:0(0) win 1000", "")
		if _, err := b.l.AcceptTCP(); err != nil {
			t.Fatal(err)
		}
		b.want(p, "5000>80 S 0:0(0) win 1000", "S. 0:0(0) ack 1")
	})
}
