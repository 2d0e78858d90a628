package stack

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// Without the limit of the table, forged errors in the name of many peers would fill the
// memory.
func TestPathMTUTable(t *testing.T) {
	onBench(t, func(b *bench) {
		b.do(func() {
			ip := otherIP
			for range 3 * maxPaths {
				ip = ip.Next()
				if b.s.learnPathMTU(ip, 1500, 1000); b.s.mtuTo(ip) != 1000 {
					t.Fatal("not learnt")
				}
				if n := len(b.s.ipv4.paths); n > maxPaths {
					t.Fatalf("%d paths", n)
				}
			}
			for _, test := range []struct{ length, mtu, want int }{
				{1500, 1400, 1400}, {1500, 552, 552}, {1500, 551, 552}, {1500, 1, 552}, {1500, 68, 552},
				{1500, 0, 1492}, {1493, 0, 1492}, {1492, 0, 1006}, {1007, 0, 1006}, {1006, 0, 552}, {600, 0, 552}, {20, 0, 552},
			} {
				ip = ip.Next()
				if b.s.learnPathMTU(ip, test.length, test.mtu); b.s.mtuTo(ip) != test.want {
					t.Errorf("%d bytes were too many, the router said %d: %d, want %d", test.length, test.mtu, b.s.mtuTo(ip), test.want)
				}
			}
			if b.s.learnPathMTU(ip, 1500, 551); !b.s.mayCut(ip) {
				t.Error("DF, although less than 552 bytes get through")
			}
			if b.s.learnPathMTU(ip, 600, 700); b.s.mtuTo(ip) != 552 {
				t.Error("it has grown")
			}
		})
		b.Advance(pathMTULife + time.Second)
		b.do(func() {
			if n := b.s.mtuTo(otherIP.Next()); n != 1500 {
				t.Errorf("after 10 minutes it is %d", n)
			}
			for ip := range b.s.ipv4.paths {
				if b.s.mayCut(ip) {
					t.Error("and there is still no DF")
				}
			}
		})
	})
	suite.Row{
		Area: "attack", What: "path MTUs of many hosts", Source: "RFC 5927 7", Tried: fmt.Sprintf("%d hosts", 3*maxPaths),
		Outcome: fmt.Sprintf("the table is emptied at %d, and a path's MTU is learnt again with the next segment", maxPaths),
	}.Report(t)
}

// A path gets narrower in few steps, as it has few routers. After maxPathSteps somebody is
// at play, and the smallest MTU that we believe is taken at once; ten minutes later all is
// forgotten.
func TestPathMTUSteps(t *testing.T) {
	onBench(t, func(b *bench) {
		for range 2 {
			b.do(func() {
				for i := range maxPathSteps {
					if b.s.learnPathMTU(peerIP, 1500, 1400-i); b.s.mtuTo(peerIP) != 1400-i {
						t.Errorf("step %d: %d bytes", i+1, b.s.mtuTo(peerIP))
					}
				}
				if b.s.learnPathMTU(peerIP, 1500, 1300); b.s.mtuTo(peerIP) != minPathMTU {
					t.Errorf("one step more: %d bytes", b.s.mtuTo(peerIP))
				}
			})
			b.Advance(pathMTULife + time.Second)
		}
	})
}

// narrow is an end of a cable with a router behind it whose next link takes few bytes: it
// cuts what is longer, or complains if that has DF (RFC 1812 5.2.6, 4.3.3.3; RFC 1191 4).
type narrow struct {
	*wire.End
	back           *wire.End // where its complaints come from
	mtu, says      int       // what gets through, and what it says about that
	refused, cut   int
	longest, atAll int // of what got through without a word, and how much was sent
}

func (n *narrow) Write(frame []byte) (int, error) {
	h, payload, err := parsedIPv4(frame[etherHeaderLen:])
	n.atAll++
	switch {
	case err != nil || h.headerLen()+len(payload) <= n.mtu:
		return n.End.Write(frame)
	case h.dontFragment:
		n.refused++
		quote := frame[etherHeaderLen:][:h.headerLen()+8]
		n.back.Write(ipv4Frame(ipv4From(farIP, protocolICMP), icmpBytes(icmpUnreachable, codeFragmentationNeeded, 0, uint16(n.says), quote)))
		return len(frame), nil
	}
	n.cut++
	n.longest = max(n.longest, h.headerLen()+len(payload))
	for size := (n.mtu - h.headerLen()) / fragmentUnit * fragmentUnit; len(payload) > 0; h.offset += size {
		piece := payload[:min(size, len(payload))]
		payload = payload[len(piece):]
		h.moreFragments = len(payload) > 0
		p := n.packet(&h, piece)
		copy(p, frame[:etherHeaderLen])
		n.End.Write(p)
	}
	return len(frame), nil
}

func (n *narrow) packet(h *ipv4Header, piece []byte) []byte {
	frame := make([]byte, etherHeaderLen+h.headerLen()+len(piece))
	copy(frame[etherHeaderLen+h.headerLen():], piece)
	h.put(frame[etherHeaderLen:etherHeaderLen+h.headerLen()], len(piece))
	return frame
}

// "Every internet module must be able to forward a datagram of 68 octets without further
// fragmentation" (RFC 791 3.2): paths may be as narrow as that. We do not make our segments
// that short, as anybody may say so (RFC 5927 7), but let routers cut them.
func TestNarrowPath(t *testing.T) {
	for _, c := range []struct {
		mtu, says int
		cut       bool
	}{{1500, 1500, false}, {1000, 1000, false}, {552, 552, false}, {551, 551, true}, {500, 500, true}, {500, 0, true}, {296, 296, true}, {68, 68, true}, {68, 0, true}} {
		t.Run(fmt.Sprint(c.mtu, " ", c.says), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seg := wire.New(2)
				way := &narrow{End: seg.End(0), back: seg.End(1), mtu: c.mtu, says: c.says}
				p := newPair(t, seg, New(way, quietConfig()), New(seg.End(1), peerConfig()))
				defer p.Close()
				ours, peer := p.connect(80)
				if took := p.BothWays(ours, peer, 100_000); took > time.Second {
					t.Errorf("it took %v", took)
				}
				if (way.cut > 0) != c.cut || way.longest > minPathMTU || way.refused > 50 {
					t.Errorf("%d datagrams were cut, of up to %d bytes, and %d refused, of %d", way.cut, way.longest, way.refused, way.atAll)
				}
			})
		})
	}
}

// A link of our own may be as narrow. Blocks of SACK make an ACK longer than that.
func TestNarrowestLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seg := wire.New(2)
		ours, peer := quietConfig(), peerConfig()
		ours.MTU, peer.MTU = minMTU, minMTU
		faults := wire.Faults{Loss: 0.05, Seed: 1, Delay: time.Millisecond}
		p := newPair(t, seg, New(wire.Impair(seg.End(0), faults), ours), New(seg.End(1), peer))
		defer p.Close()
		a, b := p.connect(80)
		p.BothWays(a, b, 20_000)
		p.ours.mu.Lock()
		defer p.ours.mu.Unlock()
		if n := p.ours.dropped[errIPv4NoRouteOut]; n > 0 {
			t.Errorf("%d datagrams did not fit into %d bytes", n, minMTU)
		}
	})
}

// A wrong MAC address that a bit error has left in the ARP table is asked for again while
// the connection has still time.
func TestWrongNeighbour(t *testing.T) {
	lost := false
	loseData := func(frame []byte) bool { return lost && len(frame) > 70 }
	onBadPair(t, wire.Faults{DropOut: loseData}, func(p *pair) {
		ours, peer := p.connect(80)
		lost = true
		ours.Write(make([]byte, 100))
		time.Sleep(4 * time.Second) // the neighbour was asked by now, and is there
		p.ours.mu.Lock()
		lost = false
		p.ours.arp.neighbours[peerIP].mac = otherMAC
		p.ours.mu.Unlock()
		start := time.Now()
		if _, err := peer.Read(make([]byte, 100)); err != nil || time.Since(start) > 30*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}
