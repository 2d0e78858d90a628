package main

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"
)

// In this part a connection cannot end, so that the oldest is reset when there are
// too many.
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
			open(2000 + i)
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
			if n := len(b.s.tcp.open); n != maxConns {
				t.Errorf("%d are open", n)
			}
			b.s.checkTCP(t)
		})
	})
}
