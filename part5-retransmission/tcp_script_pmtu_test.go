package main

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"
)

// Path MTU discovery (RFC 1191): all our segments have DF, which every script checks.
// "Fragmentation needed" makes the segments smaller, and those that were too large are
// sent again at once; the window stays (6.4).
func TestScriptPathMTU(t *testing.T) {
	two := opened("<mss 1460>", 60000) + `
		+0 do write 2920 = 2920
		+0 > . 1:1461(1460) ack 1
		+0 > P. 1461:2921(1460) ack 1
	`
	playAllLoss(t, map[string]string{
		"at once": two + `
			+.01 < icmp unreachable frag mtu 1040 from 192.0.2.1 [1:1461(1460)]
			+0~+.05 > . 1:1001(1000) ack 1
			+0~+.05 > . 1001:1461(460) ack 1
			+0~+.05 > . 1461:2461(1000) ack 1
			+0~+.05 > P. 2461:2921(460) ack 1
			+.01 < icmp unreachable frag mtu 1040 from 192.0.2.1 [1461:2921(1460)]
			+.01 < . 1:1(0) ack 2921 win 60000
			+0   do write 2000 = 2000
			+0   > . 2921:3921(1000) ack 1
			+0   > P. 3921:4921(1000) ack 1`,
		"with SACK, and the last one first": withRTT("<mss 1460,nop,nop,sackOK>", 60000, ".1") + `
			+0 do write 2920 = 2920
			+0 > . 1:1461(1460) ack 1
			+0~+.01 > P. 1461:2921(1460) ack 1
			+.01 < icmp unreachable frag mtu 1040 from 192.0.2.1 [1461:2921(1460)]
			+0~+.05 > . 1:1001(1000) ack 1
			+0~+.05 > . 1001:1461(460) ack 1
			+0~+.05 > . 1461:2461(1000) ack 1
			+0~+.05 > P. 2461:2921(460) ack 1
			+.05 < . 1:1(0) ack 2921 win 60000
			+1   > nothing`,
		// minPathMTU: what is below it has TestNarrowPath.
		"no less than 552": two + `
			+.01 < icmp unreachable frag mtu 552 [1:1461(1460)]
			+0~+.05 > . 1:513(512) ack 1
			+0~+.05 > . 513:1025(512) ack 1
			+0~+.05 > . 1025:1461(436) ack 1
			+0~+.05 > . 1461:1973(512) ack 1
			+0~+.05 > . 1973:2485(512) ack 1
			+0~+.05 > P. 2485:2921(436) ack 1`,
		// An old router says 0: the next plateau below the length, 1492 (7.1).
		"a router of before 1990": two + `
			+.01 < icmp unreachable frag mtu 0 [1:1461(1460)]
			+0~+.05 > . 1:1453(1452) ack 1
			+0~+.05 > . 1453:1461(8) ack 1
			+0~+.05 > . 1461:2913(1452) ack 1
			+0~+.05 > P. 2913:2921(8) ack 1
			+.01 < icmp unreachable frag mtu 0 [1:1453(1452)]
			+0~+.05 > . 1:967(966) ack 1
			+0~+.05 > . 967:1453(486) ack 1
			+0~+.05 > . 1461:2427(966) ack 1
			+0~+.05 > . 2427:2913(486) ack 1`,
		"no less than it was: nothing happens": two + `
			+.01 < icmp unreachable frag mtu 1500 [1:1461(1460)]
			+.01 < icmp unreachable frag mtu 9000 [1:1461(1460)]
			+.1  > nothing`,
		"forged: not between SND.UNA and SND.NXT (RFC 5927 4.1)": two + `
			+.01 < icmp unreachable frag mtu 1040 [0:1460(1460)]
			+.01 < icmp unreachable frag mtu 1040 [2921:4381(1460)]
			+.01 < icmp unreachable frag mtu 1040 [1000000:1001460(1460)]
			+.01 < icmp unreachable frag mtu 1040 [-100:1360(1460)]
			+.1  > nothing`,
		"acknowledged in the meantime": two + `
			+.01 < . 1:1(0) ack 2921 win 60000
			+.01 < icmp unreachable frag mtu 1040 [1:1461(1460)]
			+0   do write 1460 = 1460
			+0   > P. 2921:4381(1460) ack 1`,
		"the last one allowed": two + `
			+.01 < icmp unreachable frag mtu 1040 [2920:2921(1)]
			+0~+.05 > . 1:1001(1000) ack 1
			+0~+.05 > . 1001:1461(460) ack 1
			+0~+.05 > . 1461:2461(1000) ack 1
			+0~+.05 > P. 2461:2921(460) ack 1`,
		"what was small enough is not sent again": opened("<mss 1460>", 60000) + `
			+0 do nodelay
			+0 do write 1460 = 1460
			+0 > P. 1:1461(1460) ack 1
			+0 do write 100 = 100
			+0 > P. 1461:1561(100) ack 1
			+.01 < icmp unreachable frag mtu 1040 [1:1461(1460)]
			+0~+.05 > . 1:1001(1000) ack 1
			+0~+.05 > . 1001:1461(460) ack 1
			+.1  > nothing`,
		"with timestamps: less by 12": `
			+0 < S 0:0(0) win 60000 <mss 1460,nop,nop,TS val 1 ecr 0>
			+0 > S. 0:0(0) ack 1 <TS val a ecr 1,...>
			+0 < . 1:1(0) ack 1 win 60000 <nop,nop,TS val 1 ecr a>
			+0 do accept
			+0 do write 1448 = 1448
			+0 > P. 1:1449(1448) ack 1
			+.01 < icmp unreachable frag mtu 1040 [1:1449(1448)]
			+0~+.05 > . 1:989(988) ack 1
			+0~+.05 > P. 989:1449(460) ack 1`,
	})
}

// What was learnt is for all connections to that host, and for the next ones (RFC 1191 6.1),
// for ten minutes (6.3).
func TestScriptPathMTUCached(t *testing.T) {
	learnt := opened("<mss 1460>", 60000) + `
		+0 do write 1460 = 1460
		+0 > P. 1:1461(1460) ack 1
		+.01 < icmp unreachable frag mtu 1040 [1:1461(1460)]
		+0 > . 1:1001(1000) ack 1
		+0 > P. 1001:1461(460) ack 1
		+.01 < . 1:1(0) ack 1461 win 60000
	`
	second := `
		+0 < 8001>80 S 0:0(0) win 60000 <mss 1460>
		+0 > 80>8001 S. 0:0(0) ack 1 <mss 1460>
		+0 < 8001>80 . 1:1(0) ack 1 win 60000
		+0 do accept
		+0 do write 2000 = 2000
	`
	playAllLoss(t, map[string]string{
		"the next connection": learnt + second + `
			+0 > 80>8001 . 1:1001(1000) ack 1
			+0 > 80>8001 P. 1001:2001(1000) ack 1`,
		// "Every packetization layer instance that is actively using the path must be notified if
		// the PMTU estimate is decreased" (6.2): each of them has lost its segments.
		"what another connection has on its way": opened("<mss 1460>", 60000) + `
			+0 < 8001>80 S 0:0(0) win 60000 <mss 1460>
			+0 > 80>8001 S. 0:0(0) ack 1 <mss 1460>
			+0 do write 1460 = 1460
			+0 > P. 1:1461(1460) ack 1
			+0 < 8001>80 . 1:1(0) ack 1 win 60000
			+0 do accept
			+0 do write 1460 = 1460
			+0 > 80>8001 P. 1:1461(1460) ack 1
			+.01 < icmp unreachable frag mtu 1040 [1:1461(1460)]
			+0 > . 1:1001(1000) ack 1
			+0 > P. 1001:1461(460) ack 1
			+.01 < . 1:1(0) ack 1461 win 60000
			+0 < 8001>80 icmp unreachable frag mtu 1040 [1:1461(1460)]
			+0 > 80>8001 . 1:1001(1000) ack 1
			+0 > 80>8001 P. 1001:1461(460) ack 1`,
		"for five minutes at least": learnt + `
			+300 do write 1460 = 1460
			+0 > . 1461:2461(1000) ack 1
			+.01 < . 1:1(0) ack 2461 win 60000
			+0 > P. 2461:2921(460) ack 1`,
		"but not for ever": learnt + `
			+601 do write 1460 = 1460
			+0 > P. 1461:2921(1460) ack 1`,
		// "LW is the size of the congestion window after a TCP sender detects loss using its
		// retransmission timer": one segment (RFC 5681 2). It was a smaller one then.
		"and a window of one segment is one of the longer ones": opened("<mss 1460>", 60000) + `
			+0 do write 1460 = 1460
			+0 > P. 1:1461(1460) ack 1
			+.01 < icmp unreachable frag mtu 552 [1:1461(1460)]
			+0~+.05 > . 1:513(512) ack 1
			+0~+.05 > . 513:1025(512) ack 1
			+0~+.05 > P. 1025:1461(436) ack 1
			+.1~+.3 > . 1:513(512) ack 1
			+.1 < . 1:1(0) ack 1461 win 60000
			+601 do write 2920 = 2920
			+0 > . 1461:2921(1460) ack 1
			+.1 < . 1:1(0) ack 2921 win 60000
			+0 > P. 2921:4381(1460) ack 1`,
	})
}

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
		b.advance(pathMTULife + time.Second)
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
	robustRow{
		Area: "attack", What: "path MTUs of many hosts", Source: "RFC 5927 7", Tried: fmt.Sprintf("%d hosts", 3*maxPaths),
		Outcome: fmt.Sprintf("the table is emptied at %d, and a path's MTU is learnt again with the next segment", maxPaths),
	}.report(t)
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
			b.advance(pathMTULife + time.Second)
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
				p := &pair{t, seg, NewStack(way, quietConfig()), NewStack(seg.End(1), honestConfig())}
				for _, s := range []*Stack{p.ours, p.peer} {
					go s.Run()
				}
				defer p.close()
				ours, peer := p.connect(80)
				if took := p.bothWays(ours, peer, 100_000); took > time.Second {
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
		ours, peer := quietConfig(), honestConfig()
		ours.MTU, peer.MTU = minMTU, minMTU
		faults := wire.Faults{Loss: 0.05, Seed: 1, Delay: time.Millisecond}
		p := &pair{t, seg, NewStack(wire.Impair(seg.End(0), faults), ours), NewStack(seg.End(1), peer)}
		for _, s := range []*Stack{p.ours, p.peer} {
			go s.Run()
		}
		defer p.close()
		a, b := p.connect(80)
		p.bothWays(a, b, 20_000)
		p.ours.mu.Lock()
		defer p.ours.mu.Unlock()
		if n := p.ours.dropped[errIPv4NoRouteOut]; n > 0 {
			t.Errorf("%d datagrams did not fit into %d bytes", n, minMTU)
		}
	})
}
