package stack

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/gopacket/layers"
)

// RFC 1122 2.3.2.1 (1): a neighbour that is not heard of for a minute is out.
func TestNeighbourGrowsOld(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(request(peerMAC, peerIP, ourIP))
		b.Take()
		b.Advance(59 * time.Second)
		b.wantKnown(peerIP, peerMAC, neighbourReachable)
		b.Advance(time.Second)
		b.wantKnown(peerIP, MAC{}, neighbourNone)
		b.WantLog("ARP: 10.0.0.1: REACHABLE -> NONE")
		b.Silence() // nobody needs it: no question
	})
}

// "This timeout should be restarted when the cache entry is 'refreshed'."
func TestNeighbourIsRefreshed(t *testing.T) {
	onBench(t, func(b *bench) {
		for range 5 {
			b.Send(request(peerMAC, peerIP, otherIP)) // nothing yet: not for us
		}
		b.Send(request(peerMAC, peerIP, ourIP))
		for range 5 {
			b.Advance(40 * time.Second)
			b.Send(request(peerMAC, peerIP, otherIP))
		}
		b.wantKnown(peerIP, peerMAC, neighbourReachable)
	})
}

// RFC 1122 2.3.2.1 (2), unicast poll: a neighbour in use is asked, at its own
// card and not by broadcast, before it is forgotten, and packets go on flowing.
func TestNeighbourInUseIsPolled(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(request(peerMAC, peerIP, ourIP))
		b.sendTo(peerIP, "used")
		b.Take()
		b.Advance(arpTimeout)
		b.wantKnown(peerIP, peerMAC, neighbourProbe)
		b.WantARP(b.One(), peerMAC, layers.ARPRequest, ourIP, MAC{}, peerIP)
		b.sendTo(peerIP, "still flowing")
		if h, payload, _ := parseEther(b.One()); h.dst != peerMAC || string(payload) != "still flowing" {
			b.Errorf("sent %q to %v", payload, h.dst)
		}
		b.Send(reply(peerMAC, peerIP))
		b.wantKnown(peerIP, peerMAC, neighbourReachable)
		b.Silence()
	})
}

// Three polls without an answer: the neighbour is gone, or has another card.
func TestPolledNeighbourFails(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(request(peerMAC, peerIP, ourIP))
		b.sendTo(peerIP, "used")
		b.Take()
		b.Advance(arpTimeout + 3*time.Second)
		sent := b.Take()
		if len(sent) != arpQuestions {
			b.Fatalf("%d polls, want %d", len(sent), arpQuestions)
		}
		for i, f := range sent {
			b.WantARP(f.Bytes, peerMAC, layers.ARPRequest, ourIP, MAC{}, peerIP)
			if i > 0 && f.At-sent[i-1].At != time.Second {
				b.Errorf("poll %d came %v after the one before", i+1, f.At-sent[i-1].At)
			}
		}
		b.wantKnown(peerIP, MAC{}, neighbourNone)
		b.WantLog("ARP: 10.0.0.1: PROBE -> FAILED")
		b.sendTo(peerIP, "again") // now everybody is asked
		b.WantARP(b.One(), broadcastMAC, layers.ARPRequest, ourIP, MAC{}, peerIP)
	})
}

// The count of polls begins anew with each sign of life.
func TestPolledAgain(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(request(peerMAC, peerIP, ourIP))
		for range 3 {
			b.sendTo(peerIP, "used")
			b.Take()
			b.Advance(arpTimeout + 1500*time.Millisecond)
			if n := len(b.Take()); n != 2 {
				b.Errorf("%d polls in 1.5 s, want 2", n)
			}
			b.Send(reply(peerMAC, peerIP))
			b.wantKnown(peerIP, peerMAC, neighbourReachable)
		}
	})
}

// A sign of life from one that is there already needs no room, however full the
// table is.
func TestRefreshInAFullTable(t *testing.T) {
	onBench(t, func(b *bench) {
		b.s.ip = netip.MustParsePrefix("10.0.0.4/16")
		for i := range arpMaxKnown {
			b.Send(request(otherMAC, nth(netip.MustParseAddr("10.0.1.0"), i), ourIP))
		}
		for i := range arpMaxAsked { // these are counted by themselves
			b.sendTo(nth(netip.MustParseAddr("10.0.9.0"), i), "x")
		}
		for i := range arpMaxKnown {
			b.Send(request(otherMAC, nth(netip.MustParseAddr("10.0.1.0"), i), peerIP))
		}
		b.do(func() {
			if known := len(b.s.arp.neighbours) - b.s.arp.asking; known != arpMaxKnown {
				b.Errorf("%d are known, want %d", known, arpMaxKnown)
			}
		})
	})
}

// A used neighbour that was not used again since it was last heard is let go.
func TestUseIsForgottenToo(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(request(peerMAC, peerIP, ourIP))
		b.sendTo(peerIP, "used")
		b.Advance(arpTimeout)
		b.Send(reply(peerMAC, peerIP))
		b.Take()
		b.Advance(arpTimeout)
		b.wantKnown(peerIP, MAC{}, neighbourNone)
		b.Silence()
	})
}

// 10,000 forged senders, each with a question for us, leave the table at its
// bound and the real neighbours in it, used or not.
func TestForgedSendersPushNobodyOut(t *testing.T) {
	onBench(t, func(b *bench) {
		b.s.ip = netip.MustParsePrefix("10.0.0.4/16")
		b.Send(request(peerMAC, peerIP, ourIP)) // asked us once, and is never used
		b.Send(request(otherMAC, otherIP, ourIP))
		b.sendTo(otherIP, "used")
		b.Take()
		ip := netip.MustParseAddr("10.0.1.0")
		for i := range 10_000 {
			b.Send(request(MAC{0x02, 1, 0, 0, byte(i >> 8), byte(i)}, ip, ourIP))
			b.WantARP(b.One(), MAC{0x02, 1, 0, 0, byte(i >> 8), byte(i)}, layers.ARPReply,
				ourIP, MAC{0x02, 1, 0, 0, byte(i >> 8), byte(i)}, ip) // answered all the same
			ip = ip.Next()
			if ip == netip.MustParseAddr("10.0.4.0") {
				b.wantDropped(errARPTableFull, 768-(arpMaxKnown-2))
			}
		}
		b.do(func() {
			if n := len(b.s.arp.neighbours); n != arpMaxKnown {
				b.Errorf("%d neighbours, want the bound of %d", n, arpMaxKnown)
			}
		})
		b.wantKnown(peerIP, peerMAC, neighbourReachable)
		b.wantKnown(otherIP, otherMAC, neighbourReachable)
	})
}

// In a table full of what we never asked for there is still room for a
// neighbour that we do ask, and it costs one that we never used.
func TestAskedNeighbourFindsRoom(t *testing.T) {
	onBench(t, func(b *bench) {
		b.s.ip = netip.MustParsePrefix("10.0.0.4/16")
		b.Send(request(otherMAC, otherIP, ourIP))
		b.sendTo(otherIP, "used")
		for i := range arpMaxKnown {
			b.Send(request(otherMAC, nth(netip.MustParseAddr("10.0.1.0"), i), ourIP))
		}
		c := b.goResolve(b.Context(), peerIP)
		b.Send(reply(peerMAC, peerIP))
		if r := <-c; r.mac != peerMAC || r.err != nil {
			b.Errorf("Resolve = %v, %v", r.mac, r.err)
		}
		b.wantKnown(otherIP, otherMAC, neighbourReachable)
		b.wantKnown(netip.MustParseAddr("10.0.1.0"), MAC{}, neighbourNone)
		b.do(func() {
			if n := len(b.s.arp.neighbours); n != arpMaxKnown {
				b.Errorf("%d neighbours, want %d", n, arpMaxKnown)
			}
		})
	})
}
