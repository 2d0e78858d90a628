package suite

import (
	"fmt"
	"testing"
	"time"

	"framebyframe/shared/script"
)

// A window that the peer takes back although it is in use: "SHOULD NOT time out the connection if data beyond the right
// window edge is not acknowledged" (RFC 9293 3.8.6, SHLD-17); and if it is zero, it is probed (MUST-35), as long as there
// are answers (MUST-37). The oldest segment is sent again whole, also beyond the edge (MAY-7).
func testWindowTakenBack(t *testing.T, k *kind) {
	for name, left := range map[string]int{"all of it": 0, "half a segment is left": 500, "one segment is left": 1000} {
		t.Run(name, func(t *testing.T) {
			onBench(t, k, Ours(), func(b *Bench) {
				p := b.NewPeer(opened(sackPeer, 5000) + `
					+0 do nodelay
					+0 do write 5000 = 5000
					` + burstOf(1, 5001, true))
				defer p.Close()
				una, edge := 1, 1+left
				answered, beyond := 0, 0
				for range 3600 * 2 {
					for _, seg := range p.Sent(time.Second) {
						begin, end := int(int32(seg.Seq)), int(int32(seg.Seq))+seg.Len
						if begin <= una && una < end {
							una = min(end, edge) // what is in the window is taken
						}
						if begin < edge && edge < end && left > 0 {
							beyond++
						}
						answered++
						p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack %d win %d", una, edge-una)))
					}
				}
				if state := p.State(); state != "ESTABLISHED" || una != edge || answered < 100 {
					t.Fatalf("after two hours and %d answers it is in %s; %d bytes of the window are left", answered, state, edge-una)
				}
				if (beyond > 0) != (left == 500) {
					t.Errorf("%d segments went across the edge", beyond)
				}
				for range 100 {
					p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack %d win 5000", una)))
					for _, seg := range p.Sent(100 * time.Millisecond) {
						una = max(una, int(int32(seg.Seq))+seg.Len)
					}
				}
				if una != 5001 {
					t.Errorf("the window is open again, and %d bytes have arrived", una-1)
				}
			})
		})
	}
}

// A connection ends while the peer, who does not read, keeps his window closed, and a probe of it is on its way or has
// been refused. The reset has a number that he believes (RFC 5961 3.2), or he would keep his end for ever.
func testResetIntoClosedWindow(t *testing.T, k *kind) {
	for how, end := range map[string]func(p *Pair, c TCP){
		"Abort":         func(_ *Pair, c TCP) { c.Abort() },
		"linger 0":      func(_ *Pair, c TCP) { c.SetLinger(0); c.Close() },
		"Close, unread": func(_ *Pair, c TCP) { c.Close() },
		"Stack.Close":   func(p *Pair, _ TCP) { p.Ours.Close() },
	} {
		t.Run(how, func(t *testing.T) {
			onPair(t, k, func(p *Pair) {
				ours, peer := p.Connect(80)
				go ours.Write(make([]byte, 1<<20))
				time.Sleep(2 * time.Minute) // until he has also taken, byte by byte, what a scaled window cannot say
				if how == "Close, unread" {
					peer.Write([]byte("x"))
					time.Sleep(time.Second)
				}
				probes := p.frames()
				time.Sleep(2 * time.Minute)
				if p.frames() == probes {
					t.Error("no closed window, no probe")
				}
				end(p, ours)
				time.Sleep(time.Second)
				if state := k.state(p.Peer, 80); state != "" {
					t.Errorf("a second later the peer is in %s", state)
				}
			})
		})
	}
}

// "As long as the receiving TCP peer continues to send acknowledgments in response to the probe segments, the sending TCP
// peer MUST allow the connection to stay open" (RFC 9293 3.8.6.1, MUST-37); but when its user has closed it, the stack
// may end it (RFC 6429 3), or a peer could have it keep what was written for ever.
func testClosedWindowWithoutUser(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, _ := p.Connect(80)
		go ours.Write(make([]byte, 300_000))
		time.Sleep(time.Second)
		ours.Close()
		time.Sleep(10 * time.Minute)
		p.wantNothingLeft("ten minutes after Close")
	})
}

// A peer answers as many keep-alives as it is asked, and a connection whose peer answers stays (RFC 9293 3.8.4), although
// challenge ACKs are limited (RFC 5961 7).
func testKeepAliveOften(t *testing.T, k *kind) {
	for _, d := range []time.Duration{50 * time.Millisecond, 200 * time.Millisecond, 499 * time.Millisecond} {
		onPair(t, k, func(p *Pair) {
			ours, _ := p.Connect(80)
			ours.(allMethods).SetKeepAlivePeriod(d)
			time.Sleep(10 * time.Minute)
			if state := p.stateOf(ours); state != "ESTABLISHED" {
				t.Errorf("asked every %v: it is in %q", d, state)
			}
		})
	}
}

// A sender that always fills the window, and a user who reads in small pieces: nothing is lost, the right edge never moves
// to the left (RFC 9293 3.8.6, SHLD-14), and is never beyond the buffer.
func testReceiveWindowEdge(t *testing.T, k *kind) {
	const size = 3000
	onBench(t, k, Ours(), func(b *Bench) {
		p := b.NewPeer(fmt.Sprintf("@accepted\n+0 do rcvbuf %d", size))
		defer p.Close()
		at, acked, edge, read := 1, 1, 1+size, 0
		for i := 0; at < 100_000; i++ {
			if n := min(edge-at, 1+i*37%1460); n > 0 {
				p.Send(p.Parse(fmt.Sprintf("P. %d:%d(%d) ack 1 win 1000", at, at+n, n)))
				at += n
			}
			answers := p.Sent(time.Duration(i%3) * 30 * time.Millisecond)
			n, err := b.kept().readNext(1 + i*53%1000)
			if err != nil {
				t.Fatal(err)
			}
			read += n
			for _, seg := range append(answers, p.Sent(time.Millisecond)...) {
				next := int(seg.Ack) + int(seg.Win)
				if next < edge || next > read+1+size || seg.Flags != script.ACK {
					t.Fatalf("after %s the edge is at %d, and it was at %d, and %d are read", seg, next, edge, read)
				}
				edge, acked = next, int(seg.Ack)
			}
		}
		for _, seg := range p.Sent(time.Second) {
			acked = int(seg.Ack)
		}
		if acked != at {
			t.Errorf("%d bytes of %d are acknowledged", acked-1, at-1)
		}
	})
}
