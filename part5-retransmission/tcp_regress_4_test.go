//go:build !race

// (This harness looks at the stack from outside of its lock, between two steps.)

package main

import (
	"context"
	"net/netip"
	"testing"
	"time"
)

// RFC 5681 / 9438 5.8, RFC 7661: a window that is not used must not grow.
func TestRegressAppLimited(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		before := r.c.cc.cwnd
		for range 1000 {
			r.write(100)
			r.pass(10 * time.Millisecond)
			r.in(r.ack(r.c.snd.nxt, 60000))
		}
		if r.c.cc.cwnd > before {
			t.Errorf("never more than 100 bytes on their way, cwnd %d, then %d", before, r.c.cc.cwnd)
		}
	})
}

// Many dials to a neighbour that is not known yet.
func TestRegressManyDials(t *testing.T) {
	onPair(t, func(p *pair) {
		p.ours.Listen(80)
		errs := make(chan error, 100)
		for range 100 {
			go func() {
				_, err := p.peer.DialTCP(context.Background(), netip.AddrPortFrom(ourIP, 80))
				errs <- err
			}()
		}
		failed := 0
		var last error
		for range 100 {
			if err := <-errs; err != nil {
				failed++
				last = err
			}
		}
		if failed > 0 {
			t.Errorf("%d of 100 dials failed: %v", failed, last)
		}
	})
}

// A SYN that fails while it is sent again: no timer may be left.
func TestRegressTimerAfterRemove(t *testing.T) {
	onRig(t, func(r *rig) {
		c, err := r.s.activeOpen(netip.AddrPortFrom(peerIP, 8000))
		if err != nil {
			t.Fatal(err)
		}
		r.s.mu.Lock()
		n := r.s.arp.neighbours[peerIP]
		n.timer.stop()
		delete(r.s.arp.neighbours, peerIP)
		r.s.arp.asking = arpMaxAsked
		r.s.mu.Unlock()
		r.pass2(1500 * time.Millisecond)
		r.s.mu.Lock()
		r.s.arp.asking = 0
		if c.state == stateClosed && c.runs(timerRetransmit) {
			t.Errorf("%s, and the retransmission timer runs", c.state)
		}
		r.s.mu.Unlock()
	})
}

// Two connections to a peer, both with segments that are too large for the path.
func TestRegressPathMTUTwice(t *testing.T) {
	onRig(t, func(r *rig) {
		a := r.open(60000, optMSS+optSACK)
		r.write(14600)
		r.key.remotePort = 8001
		b := r.open(60000, optMSS+optSACK)
		r.write(14600)
		for _, c := range []*Conn{a, b} {
			r.out = nil
			r.s.mu.Lock()
			r.s.segmentFailed(ipv4Header{dst: peerIP}, []byte{0, 80, byte(c.key.remotePort >> 8), byte(c.key.remotePort),
				byte(c.snd.una >> 24), byte(c.snd.una >> 16), byte(c.snd.una >> 8), byte(c.snd.una)},
				icmpError{typ: icmpUnreachable, code: codeFragmentationNeeded, length: 1500, mtu: 1000})
			r.s.mu.Unlock()
			if len(r.out) == 0 {
				t.Errorf("port %d: nothing is sent again", c.key.remotePort)
			}
		}
	})
}

// A peer that answers every probe with a closed window keeps an orphan for ever.
func TestRegressOrphanZeroWindow(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(0, optMSS)
		r.write(1000)
		r.c.Close()
		r.fast = true
		for range 6000 {
			if len(r.pass2(10*time.Second)) > 0 {
				r.in(r.ack(r.c.snd.una, 0))
			}
			if r.c.state == stateClosed {
				return
			}
		}
		t.Errorf("1000 minutes after Close: %s, %d chunks", r.c.state, r.s.tcp.chunks.used)
	})
}

// Dup ACKs that nobody counts: without SACK each lets a segment go (RFC 5681 3.2: at most
// as many as are on their way).
func TestRegressForgedDupACKs(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(65535, optMSS)
		una := r.c.snd.una
		r.write(65000)
		for range 40 {
			r.in(r.ack(una, 65535))
		}
		t.Logf("10 segments on their way, 40 duplicate ACKs: now %d bytes are, cwnd %d, dups %d", r.c.snd.nxt-una, r.c.cc.cwnd, r.c.cc.dups)
		if r.c.snd.nxt-una > 30*1460 {
			t.Error("duplicate ACKs open the window without limit")
		}
	})
}

// Three answers to zero-window probes are no loss.
func TestRegressProbesAreNoLoss(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS)
		r.in(r.ack(r.c.snd.una, 0))
		r.write(1000)
		r.fast = true
		for range 30 {
			if len(r.pass2(time.Second)) > 0 {
				r.in(r.ack(r.c.snd.una, 0))
			}
		}
		if r.c.cc.recovering || r.c.cc.dups > 0 {
			t.Errorf("recovering %v, cwnd %d ssthresh %d dups %d", r.c.cc.recovering, r.c.cc.cwnd, r.c.cc.ssthresh, r.c.cc.dups)
		}
	})
}
