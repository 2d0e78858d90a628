package stack

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/suite"
)

// answers is what a flood of one kind of segment brings about, for each of them.
type answers struct {
	segments, bytes, mallocs float64
}

// flood sends a stack n segments that make forges, in batches, and counts.
func (a *tcpDirect) flood(n int, batch int, next func(i int) []byte) answers {
	a.Helper()
	a.forget = true
	allocated, came, frames := uint64(0), 0, make([][]byte, 0, batch)
	round := func(first int) {
		frames = frames[:0]
		for i := range batch {
			frames = append(frames, next(first+i))
			came += len(frames[i])
		}
		before := mallocs()
		a.hit(frames...)
		allocated += mallocs() - before
	}
	round(0) // so that all buffers are there
	a.segments, a.bytes, allocated, came = 0, 0, 0, 0
	for i := batch; i <= n; i += batch {
		round(i)
		a.pass(10 * time.Microsecond)
	}
	n = n / batch * batch
	return answers{float64(a.segments) / float64(n), float64(a.bytes) / float64(came), float64(allocated) / float64(n)}
}

// Floods of segments that are right, or nearly so: what each costs us at most, and how much
// of it would hit somebody in whose name they come.
func TestAttackFloods(t *testing.T) {
	text := make([]byte, 1460)
	size := suite.Many(20_000, 1_000_000)
	for _, attack := range []struct {
		what, source string
		batch        int
		most         float64 // answers for each
		next         func(c *Conn, i int) segment
	}{
		{"FIN flood", "RFC 9293 3.10.7.2", 64, 0, func(_ *Conn, i int) segment {
			return segment{srcPort: 9000, seq: seqNum(i), flags: flagFIN}
		}},
		{"ACK flood", "RFC 9293 3.10.7.2", 64, 1, func(_ *Conn, i int) segment {
			return segment{srcPort: 9000, seq: seqNum(i), ack: seqNum(i), flags: flagACK}
		}},
		{"RST flood", "RFC 9293 3.10.7.2", 64, 0, func(_ *Conn, i int) segment {
			return segment{srcPort: 9000, seq: seqNum(i), flags: flagRST}
		}},
		{"empty segments on an open connection", "RFC 9293 3.10.7.4", 64, 0, func(c *Conn, _ int) segment {
			return segment{srcPort: 8000, seq: c.rcv.nxt, ack: c.snd.nxt, flags: flagACK, wnd: 65535}
		}},
		{"segments of one byte", "RFC 9293 3.8.6.3 (MUST-58)", 64, 0.51, func(c *Conn, i int) segment {
			return segment{srcPort: 8000, seq: c.rcv.nxt.add(i % 64), ack: c.snd.nxt, flags: flagACK, wnd: 65535, data: text[:1]}
		}},
		{"urgent pointers far away", "RFC 9293 3.8.5, RFC 6093", 64, 0.51, func(c *Conn, i int) segment {
			return segment{srcPort: 8000, seq: c.rcv.nxt.add(i % 64), ack: c.snd.nxt, flags: flagACK | flagURG, up: 65535, wnd: 65535, data: text[:1]}
		}},
		{"old segments again", "RFC 9293 3.10.7.4", 40, 1, func(c *Conn, _ int) segment {
			return segment{srcPort: 8000, seq: c.rcv.irs + 1, ack: c.snd.nxt, flags: flagACK, wnd: 65535, data: text[:1]}
		}},
		{"data beyond the window", "RFC 9293 3.10.7.4", 40, 1, func(c *Conn, i int) segment {
			return segment{srcPort: 8000, seq: c.rcv.nxt.add(c.rcv.wnd + i), ack: c.snd.nxt, flags: flagACK, wnd: 65535, data: text[:1]}
		}},
		{"acknowledgments of what was not sent", "RFC 5961 5, RFC 9293 3.10.7.4", 64, 0.01, func(c *Conn, i int) segment {
			return segment{srcPort: 8000, seq: c.rcv.nxt, ack: c.snd.nxt.add(1 + i), flags: flagACK, wnd: 65535}
		}},
		{"old acknowledgments", "RFC 5961 5, RFC 9293 3.10.7.4", 64, 0, func(c *Conn, i int) segment {
			return segment{srcPort: 8000, seq: c.rcv.nxt, ack: c.snd.una.add(-i % 60000), flags: flagACK, wnd: 65535}
		}},
		{"empty segments that are outside of the window", "RFC 9293 3.10.7.4", 64, 0.01, func(c *Conn, i int) segment {
			return segment{srcPort: 8000, seq: c.rcv.nxt - 1 - seqNum(i), ack: c.snd.nxt, flags: flagACK, wnd: 65535}
		}},
	} {
		t.Run(attack.what, func(t *testing.T) {
			onTCPDirect(t, func(a *tcpDirect) {
				c := a.open(8000, "020405b4")
				a.hit(forge(peerIP, segment{srcPort: 8000, dstPort: 80, seq: 1, ack: c.snd.nxt, flags: flagACK, wnd: 65535, data: text[:100]}))
				go apps.Discard(c)
				a.pass(time.Second) // or the delayed ACK of the text would be among the answers
				nxt, una := c.rcv.nxt, c.snd.una
				got := a.flood(size, attack.batch, func(i int) []byte {
					seg := attack.next(c, i)
					seg.dstPort = 80
					return forge(peerIP, seg)
				})
				if got.segments > attack.most {
					t.Errorf("%.3f segments are sent for each, at most %.3f", got.segments, attack.most)
				}
				if got.bytes > 1 {
					t.Errorf("%.2f bytes are sent for each that comes", got.bytes)
				}
				if got.mallocs > 0.1 {
					t.Errorf("%.2f allocations for each", got.mallocs)
				}
				if a.state(c) != stateEstablished || c.snd.una != una || c.snd.wnd != 65535 || c.Urgent() > 65535 {
					t.Errorf("in %s: SND.UNA %+d, SND.WND %d", c.state, c.snd.una-una, c.snd.wnd)
				}
				if inOrder := attack.most == 0.51; (c.rcv.nxt != nxt) != inOrder {
					t.Errorf("RCV.NXT has moved by %d", c.rcv.nxt-nxt)
				}
				suite.Row{Area: "attack", What: attack.what, Source: attack.source, Tried: fmt.Sprintf("%d segments in batches of %d", size, attack.batch),
					Outcome: fmt.Sprintf("%.2f segments and %.2f bytes sent for each that comes, no memory taken; the connection goes on", got.segments, got.bytes)}.Report(t)
			})
		})
	}
}

// mallocs is how often memory has been allocated so far.
func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
