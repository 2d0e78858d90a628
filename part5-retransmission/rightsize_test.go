package main

import (
	"testing"
	"time"
)

// Behind a gap data wait that the user cannot take. When they fill most of the window, it
// is the window that stops the peer: it has to grow with them, up to a bound, and with the
// data that are really there (RFC 9293 3.8.6: how large it is, is the receiver's to say).
func TestWindowGrowsBehindGap(t *testing.T) {
	const full, first = 1000, 1001 // the first segment is missing
	for peer, grows := range map[string]bool{
		"<mss 1000,nop,wscale 7,sackOK>": true,
		"<mss 1000,nop,wscale 7>":        false, // it counts duplicates
		"<mss 1000,sackOK>":              false, // 64 KB are all that can be said
	} {
		t.Run(peer, func(t *testing.T) {
			onTCPBench(t, func(b *tcpBench) {
				p := b.newLossPeer(opened(peer, 1000))
				defer p.Close()
				buffer := func() (buff, edge int) {
					b.do(func() {
						c := b.conn(8000)
						buff, edge = c.rcv.buff, int(c.rcv.nxt-c.rcv.irs)+c.rcv.wnd
					})
					return buff, edge
				}
				b.batch(fullSegments(first+full*40, 1)...) // far behind, but alone
				if buff, _ := buffer(); buff != minBuffer {
					t.Errorf("one segment at the window's end made the buffer %d bytes", buff)
				}
				b.batch(fullSegments(first, 40)...)
				p.Sent(time.Millisecond)
				buff, edge := buffer()
				if want := 4 * 41 * full; grows && (buff != want || edge < want) {
					t.Errorf("41 segments wait: the buffer has %d bytes and the window ends at %d, want %d", buff, edge, want)
				}
				if !grows && buff != minBuffer {
					t.Errorf("the buffer grew to %d bytes", buff)
				}
			})
		})
	}
}

// A user who does not take what he can gets no more: then it is he who keeps the peer waiting.
func TestWindowBehindGapWaitsForUser(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newLossPeer(opened("<mss 1000,nop,wscale 7,sackOK>", 1000))
		defer p.Close()
		b.batch(fullSegments(1, 1)...) // nobody reads it
		b.batch(fullSegments(2001, 40)...)
		p.Sent(time.Millisecond)
		b.do(func() {
			if c := b.conn(8000); c.rcv.buff != minBuffer {
				t.Errorf("the buffer grew to %d bytes", c.rcv.buff)
			}
		})
	})
}

// However much waits, the buffer stays within its bound.
func TestWindowBehindGapIsBounded(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newLossPeer(opened("<mss 1000,nop,wscale 7,sackOK>", 1000))
		defer p.Close()
		for at := 1001; at < 3*nearBuffer; at += 32_000 {
			b.batch(fullSegments(at, 32)...)
		}
		p.Sent(time.Millisecond)
		b.do(func() {
			c := b.conn(8000)
			if want := c.maxBuffer(); c.rcv.buff != want || c.rcv.text.size > want {
				t.Errorf("the buffer may have %d bytes and has %d, want %d", c.rcv.buff, c.rcv.text.size, want)
			}
		})
	})
}
