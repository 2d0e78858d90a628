package stack

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// fillBacklog leaves as many connections half open as a listener keeps.
func (a *tcpDirect) fillBacklog() {
	a.Helper()
	for i := range maxBacklog {
		a.hit(forge(anyHost(i), segment{srcPort: 1000, dstPort: 80, flags: flagSYN, wnd: 1000}))
	}
	if n := len(a.l.halfOpen); n != maxBacklog {
		a.Fatalf("%d connections are half open", n)
	}
}

// A SYN may carry data (RFC 9293 3.4): to keep them would cost far more than the SYN.
// They are dropped, and only the SYN is acknowledged; a flood of full segments takes no
// more memory than one of bare SYNs.
func TestAttackSYNData(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		data := make([]byte, 1460)
		a.fillBacklog()
		a.forget = true
		const syns = 20_000
		before, sent := suite.Heap(), a.bytes
		frame := forge(anyHost(0), segment{srcPort: 5, dstPort: 80, flags: flagSYN, wnd: 1000, data: data})
		came := len(frame) * syns
		for i := range syns {
			seg := segment{srcPort: uint16(i), dstPort: 80, seq: seqNum(i), flags: flagSYN, wnd: 1000, data: data}
			a.hit(forge(anyHost(i), seg))
		}
		grown := suite.Heap() - before
		if grown > 1<<20 {
			t.Errorf("the heap has grown by %d bytes", grown)
		}
		a.forget = false
		if got := a.hit(forge(anyHost(1<<16), segment{srcPort: 7, dstPort: 80, seq: 99, flags: flagSYN, wnd: 1000, data: data})); len(got) != 1 || got[0].ack != 100 {
			t.Errorf("a SYN with data is answered by %v", got)
		}
		suite.Row{Area: "attack", What: "SYN flood with data in the SYNs", Source: "RFC 9293 3.4, RFC 4987", Tried: fmt.Sprintf("%d SYNs of %d bytes", syns, len(frame)),
			Outcome: fmt.Sprintf("nothing of the data is kept: the heap grows by less than 1 MB; %d bytes are sent per 100 received", (a.bytes-sent)*100/came)}.Report(t)
	})
}

// SYN cookies can be guessed: there are 24 bits of hash in them (RFC 4987 3.6). Nothing is
// kept for a guess that is wrong, and it gets one RST.
func TestAttackForgedCookies(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		a.fillBacklog()
		a.hit(forge(otherSource, segment{srcPort: 1, dstPort: 80, flags: flagSYN, wnd: 1000})) // the first cookie
		a.forget = true
		guesses := suite.Many(100_000, 5_000_000)
		random := rand.New(rand.NewPCG(4987, 1))
		a.segments = 0
		before, opened := suite.Heap(), 0
		for i := range guesses {
			// The best that he can do: the bits that are no secret are right.
			when, mss := a.s.cookieTime()&31, uint32(7)
			ack := seqNum(when<<27|mss<<24|random.Uint32()>>8) + 1
			a.hit(forge(anyHost(i), segment{srcPort: uint16(i), dstPort: 80, seq: 1, ack: ack, flags: flagACK, wnd: 1000}))
			for len(a.l.ready) > 0 {
				c, _ := a.l.AcceptTCP()
				c.Abort()
				opened++
			}
		}
		if limit := 3 + 8*guesses>>24; opened > limit {
			t.Errorf("%d connections by %d guesses", opened, guesses)
		}
		if a.segments > guesses {
			t.Errorf("%d segments were sent for %d", a.segments, guesses)
		}
		if grown := suite.Heap() - before; grown > 1<<20 {
			t.Errorf("the heap has grown by %d bytes", grown)
		}
		suite.Row{Area: "attack", What: "SYN cookies forged", Source: "RFC 4987 3.6", Tried: fmt.Sprintf("%d guesses at one in %d, behind a flood", guesses, 1<<24),
			Outcome: fmt.Sprintf("%d connections opened; %.2f segments sent for each, nothing kept", opened, float64(a.segments)/float64(guesses))}.Report(t)
	})
}

// otherSource is a host off the link that nobody else plays.
var otherSource = netip.AddrFrom4([4]byte{203, 0, 113, 9})

// A SYN in a forged name has us send SYN,ACKs to somebody who has not asked (Kührer et al.,
// "Hell of a Handshake", WOOT 2014): one, and those that repeat it.
func TestAttackSYNReflection(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		syn := forge(otherSource, segment{srcPort: 5, dstPort: 80, flags: flagSYN, wnd: 1000, options: appendMSS(nil, 1460)})
		a.segments, a.bytes = 0, 0
		a.hit(syn)
		a.pass(10 * time.Minute)
		if a.segments > 7 {
			t.Errorf("%d segments for one SYN", a.segments)
		}
		most, mostBytes := a.segments, a.bytes
		a.hit(request(peerMAC, peerIP, ourIP)) // or the peer's card would have to be asked for
		a.fillBacklog()
		a.forget, a.segments = true, 0
		const flood = 10_000
		for range flood {
			a.hit(syn)
		}
		if a.segments > flood {
			t.Errorf("%d segments for %d SYNs of a flood", a.segments, flood)
		}
		suite.Row{Area: "attack", What: "SYNs in a forged name, to have us flood somebody", Source: "Kührer et al., Hell of a Handshake, WOOT 2014",
			Tried: fmt.Sprintf("one SYN; %d SYNs", flood),
			Outcome: fmt.Sprintf("for one SYN of %d bytes %d segments of %d bytes in all; in a flood %.2f segments for each",
				len(syn), most, mostBytes, float64(a.segments)/flood)}.Report(t)
	})
}

// LAND (CERT CA-1997-28): a segment from our own address and port, to it. RFC 1122 3.2.1.3
// has no host take datagrams with its own source address; nor, 4.2.3.10, a SYN that was
// broadcast.
func TestAttackLAND(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		a.open(8000, "")
		tried := 0
		for flags := range 256 {
			for _, port := range []uint16{80, 81, 8000} {
				seg := segment{srcPort: port, dstPort: 80, seq: 1, ack: 1, flags: uint8(flags), wnd: 1000}
				for _, src := range []netip.Addr{ourIP, netip.AddrFrom4([4]byte{127, 0, 0, 1}), noIP,
					netip.AddrFrom4([4]byte{10, 0, 0, 255}), netip.AddrFrom4([4]byte{255, 255, 255, 255}), netip.AddrFrom4([4]byte{224, 0, 0, 1})} {
					tried++
					if got := a.hit(forge(src, seg)); len(got) != 0 || len(a.s.tcp.conns) != 1 {
						t.Errorf("from %v, flags %#x: answered by %v", src, flags, got)
					}
				}
				for _, dst := range []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, 255}), netip.AddrFrom4([4]byte{255, 255, 255, 255}), netip.AddrFrom4([4]byte{224, 0, 0, 1})} {
					tried++
					if got := a.hit(sentTo(forge(peerIP, seg), dst)); len(got) != 0 {
						t.Errorf("to %v, flags %#x: answered by %v", dst, flags, got)
					}
				}
				toAll := forge(peerIP, seg)
				copy(toAll, broadcastMAC[:])
				tried++
				if got := a.hit(toAll); len(got) != 0 {
					t.Errorf("to all cards, flags %#x: answered by %v", flags, got)
				}
			}
		}
		if n := len(a.s.tcp.conns); n != 1 {
			t.Errorf("%d connections, and there should be the one", n)
		}
		suite.Row{Area: "attack", What: "LAND, and TCP from and to broadcast addresses", Source: "CERT CA-1997-28, RFC 1122 3.2.1.3, 4.2.3.10",
			Tried: fmt.Sprintf("%d segments, all 256 flags", tried), Outcome: "none answered, no connection opened or lost"}.Report(t)
	})
}

// sentTo changes the destination of a datagram, in both checksums.
func sentTo(frame []byte, dst netip.Addr) []byte {
	h, payload, err := parsedIPv4(frame[etherHeaderLen:])
	if err != nil {
		panic(err)
	}
	seg, err := parsedTCP(payload, h.src, h.dst)
	if err != nil {
		panic(err)
	}
	h.dst = dst
	h.put(frame[etherHeaderLen:], len(payload))
	seg.put(payload, h.src, h.dst)
	return frame
}

// anyHost is the ith host of the block for benchmarks (RFC 2544), which is off our link.
func anyHost(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, 18 + byte(i>>16)&1, byte(i >> 8), byte(i)})
}
