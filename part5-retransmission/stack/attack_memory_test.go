package stack

import (
	"fmt"
	"testing"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/suite"
)

// push has a segment of the peer's come on a connection, so many bytes behind RCV.NXT.
func (a *tcpDirect) push(c *Conn, at int, wnd uint16, data []byte) []segment {
	seg := segment{srcPort: c.key.remotePort, dstPort: 80, seq: c.rcv.nxt.add(at), ack: c.snd.nxt, flags: flagACK | flagPSH, wnd: wnd, data: data}
	return a.hit(forge(peerIP, seg))
}

// echoed sends n bytes on a new connection with an echo service, as a peer does that sends
// again what is not acknowledged, and returns how long it takes until all are back.
func (a *tcpDirect) echoed(n int) (took time.Duration) {
	a.Helper()
	c := a.open(60000, optMSS)
	go apps.Echo(c)
	first, firstUna, began := c.rcv.nxt, c.snd.una, time.Now()
	for got := 0; got < n && took < time.Minute; took = time.Since(began) {
		left := n - int(c.rcv.nxt-first)
		a.push(c, 0, 65535, make([]byte, max(0, min(left, 1460))))
		a.pass(time.Millisecond)
		got = int(c.snd.una - firstUna)
	}
	if took >= time.Minute {
		a.Errorf("an honest peer has %d of %d bytes after %v", c.snd.una-firstUna, n, took)
	}
	return took
}

// Connections that use up all memory for data, in three ways: sockstress, whose windows
// stay closed (RFC 6429 3) and which must stay as long as somebody answers our probes (RFC
// 9293 3.8.6.1, MUST-37); readers of a byte in a second; and what waits behind gaps that
// are never filled. Whoever comes next must get his request through all the same, and its
// answer.
func TestAttackHoardedMemory(t *testing.T) {
	full := make([]byte, 1460)
	ask := func(wnd uint16) func(a *tcpDirect, c *Conn) {
		return func(a *tcpDirect, c *Conn) { // 64 KB for the send buffer, and 64 KB that wait
			go apps.Echo(c)
			for range 3 {
				var window [][]byte
				for at := 0; at+len(full) <= c.rcv.wnd; at += len(full) {
					seg := segment{srcPort: c.key.remotePort, dstPort: 80, seq: c.rcv.nxt.add(at), ack: c.snd.nxt, flags: flagACK, wnd: wnd, data: full}
					window = append(window, forge(peerIP, seg))
				}
				a.hit(window...)
			}
		}
	}
	for _, attack := range []struct {
		what, source string
		hoard, again func(a *tcpDirect, c *Conn)
	}{
		{"sockstress: windows that stay closed", "RFC 6429, CVE-2008-4609", ask(0), func(a *tcpDirect, c *Conn) { a.push(c, 0, 0, nil) }},
		{"slow readers", "RFC 6429", ask(1), func(a *tcpDirect, c *Conn) { a.push(c, 0, 1, nil) }},
		{"gaps that are never filled", "RFC 9293 3.10.7.4, CVE-2018-5390",
			func(a *tcpDirect, c *Conn) {
				go apps.Echo(c)
				a.push(c, minBuffer-1, 65535, full[:1]) // one byte, for which the buffer has to be there
			},
			func(a *tcpDirect, c *Conn) { a.push(c, 2, 65535, full[:1]) }},
	} {
		t.Run(attack.what, func(t *testing.T) {
			if attack.what == "slow readers" {
				notUnderRace(t) // which sees in them what it sees in sockstress
			}
			onTCPDirect(t, func(a *tcpDirect) {
				a.forget = true
				before := suite.Heap()
				conns := make([]*Conn, suite.Many(1600, maxConns-1))
				for i := range conns {
					conns[i] = a.open(uint16(1000+i), optMSS)
					attack.hoard(a, conns[i])
				}
				for range 5 {
					a.pass(time.Second)
					for _, c := range conns {
						attack.again(a, c)
					}
				}
				used, grown := a.s.tcp.chunks.used, suite.Heap()-before
				if limit := maxChunks + 3*len(conns); used > limit {
					t.Errorf("%d chunks are in use, at most %d", used, limit)
				}
				if limit := int64(2*chunkLen*maxChunks + 32<<10*len(conns)); grown > limit { // half is for the connections, and their users
					t.Errorf("the heap has grown by %d MB", grown>>20)
				}
				took := a.echoed(100_000)
				for i, c := range conns {
					if c.state == stateClosed {
						a.Fatalf("connection %d: %v", i, c.err)
					}
					c.Abort()
				}
				a.pass(0)
				suite.Row{Area: "attack", What: attack.what, Source: attack.source, Tried: fmt.Sprintf("%d connections", len(conns)),
					Outcome: fmt.Sprintf("%d MB of data held; an honest peer, meanwhile, has 100,000 bytes echoed in %v", used*chunkLen>>20, took.Round(10*time.Millisecond))}.Report(t)
			})
		})
	}
}

// When the user has closed, a closed window is waited for no longer than closeTimeout (RFC
// 6429 3: nobody uses the connection any more, and it is a resource that others need),
// although each probe is answered. A peer that never closes, RFC 9293's FIN-WAIT-2, gets a
// minute.
func TestAttackHoardedOrphans(t *testing.T) {
	for _, attack := range []struct {
		what  string
		limit time.Duration
		wnd   uint16
		n     int // bytes that are to be sent before the FIN
	}{
		{"closed windows, after our Close", closeTimeout + maxRTO, 0, 10_000},
		{"connections kept in FIN-WAIT-2", orphanTimeout + 2*time.Second, 65535, 0},
	} {
		t.Run(attack.what, func(t *testing.T) {
			onTCPDirect(t, func(a *tcpDirect) {
				a.forget = true
				conns := make([]*Conn, suite.Many(500, 5000))
				for i := range conns {
					c := a.open(uint16(1000+i), optMSS)
					conns[i] = c
					a.push(c, 0, attack.wnd, nil)
					if n := attack.n; n > 0 {
						c.Write(make([]byte, n))
					}
					c.Close()
				}
				began, left := time.Now(), len(conns)
				for left > 0 && time.Since(began) < time.Hour {
					a.pass(time.Second)
					left = 0
					for _, c := range conns {
						if a.conn(c.key.remotePort) != c {
							continue
						}
						seg := segment{srcPort: c.key.remotePort, dstPort: 80, seq: c.rcv.nxt, ack: c.snd.una, flags: flagACK, wnd: attack.wnd}
						if attack.n == 0 {
							seg.ack = c.snd.nxt // the FIN
						}
						a.hit(forge(peerIP, seg))
						left++
					}
				}
				took := time.Since(began)
				if left > 0 || took > attack.limit {
					t.Errorf("after %v %d are left", took, left)
				}
				if used := a.s.tcp.chunks.used; used > 0 {
					t.Errorf("%d chunks are in use", used)
				}
				suite.Row{Area: "attack", What: attack.what, Source: "RFC 6429, RFC 9293 3.8.6.1", Tried: fmt.Sprintf("%d connections whose peer answers everything", len(conns)),
					Outcome: fmt.Sprintf("all gone, with their memory, after %v", took.Round(time.Second))}.Report(t)
			})
		})
	}
}

// Every second byte, in the whole of the window, on one connection: at most maxOutOfOrder pieces
// are kept, each ACK is as cheap as any, and what was sent in order goes on.
func TestAttackEverySecondByte(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		c := a.open(8000, optMSS+optSACK)
		before, sent, came := suite.Heap(), 0, 0
		for at := 1; at < minBuffer; at += 2 {
			sent += len(a.push(c, at, 65535, []byte{byte(at)}))
			came++
		}
		if n := len(c.rcv.outOfOrder); n > maxOutOfOrder {
			t.Errorf("%d pieces", n)
		}
		if sent > came {
			t.Errorf("%d segments were sent for %d", sent, came)
		}
		grown := suite.Heap() - before
		if grown > 1<<20 {
			t.Errorf("the heap has grown by %d bytes", grown)
		}
		// Then the same text in order, and another text for the same numbers: first come, first served
		// is not asked for, but what has been read does not change.
		text := pattern(minBuffer)
		for at := 0; at < minBuffer; {
			n := min(1460, minBuffer-at)
			a.push(c, 0, 65535, text[at:at+n])
			a.push(c, -n, 65535, make([]byte, n)) // all zeros, too late
			at += n
		}
		got := make([]byte, minBuffer)
		n, _ := c.Read(got)
		if n != minBuffer {
			t.Errorf("%d bytes arrived", n)
		}
		for i := range n {
			if kept := byte(i); got[i] != text[i] && (i%2 == 0 || got[i] != kept) {
				a.Fatalf("byte %d is %#x", i, got[i])
			}
		}
		suite.Row{Area: "attack", What: "every second byte, and texts that contradict each other", Source: "CVE-2018-5390 (SegmentSmack), RFC 9293 3.10.7.4", Tried: fmt.Sprintf("%d pieces of one byte", came),
			Outcome: fmt.Sprintf("%d pieces kept, %d KB more memory, %.2f ACKs for each; the stream goes on behind it", maxOutOfOrder, max(0, grown>>10), float64(sent)/float64(came))}.Report(t)
	})
}
