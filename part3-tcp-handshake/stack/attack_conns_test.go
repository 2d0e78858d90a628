package stack

import (
	"fmt"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// Somebody opens far more connections than there may be, and says nothing more (naptha,
// CERT CA-2000-21). He makes room with his own: a connection that was there before, and
// is in use, stays; and whoever comes next gets one.
func TestAttackHoardedConns(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		a.forget = true
		used := a.open(1, "020405b4")
		before, opened := suite.Heap(), 0
		for range maxConns * 3 / 2 {
			opened++
			a.open(uint16(1000+opened), "020405b4")
			if opened%(maxConns/4) == 0 {
				a.hit(forge(peerIP, segment{srcPort: 1, dstPort: 80, seq: 1, ack: used.snd.nxt, flags: flagACK, wnd: 65535}))
			}
			a.pass(time.Millisecond)
		}
		if a.state(used) != stateEstablished {
			t.Errorf("the connection that was in use is in %s: %v", used.state, used.err)
		}
		if n := a.s.tcp.open.Len(); n != maxConns {
			t.Errorf("%d connections are open, at most %d", n, maxConns)
		}
		each := (suite.Heap() - before) / maxConns
		if each > 8<<10 {
			t.Errorf("%d bytes for each", each)
		}
		if c := a.open(60000, "020405b4"); a.state(c) != stateEstablished {
			t.Errorf("the next one is in %s", c.state)
		}
		suite.Row{Area: "attack", What: "more idle connections than there may be", Source: "CERT CA-2000-21 (naptha), RFC 6429", Tried: fmt.Sprintf("%d connections", opened),
			Outcome: fmt.Sprintf("%d are open, less than %d KB each; a connection in use stays, and the next one opens", maxConns, each>>10+1)}.Report(t)
	})
}

// What strangers send in a peer's name does not count as a word of his: of two connections
// the one whose peer is more silent goes first. Keep-alives count (RFC 9293 3.8.4), and what
// the peer has to send again.
func TestAttackStrangersAreNotHeard(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		silent := a.open(1, "020405b4")
		a.open(2, "020405b4")
		first := func() (c *Conn) {
			a.locked(func() { c = a.s.tcp.open.Front().Value.(*Conn) })
			return c
		}
		for i, seg := range strangers(silent.rcv.nxt, silent.snd.nxt) {
			seg.srcPort, seg.dstPort = 1, 80
			a.hit(forge(peerIP, seg))
			if first() != silent {
				t.Fatalf("segment %d, %+v, counts as the peer's", i, seg)
			}
		}
		for _, data := range []string{"", "x"} {
			for _, port := range []uint16{1, 2} {
				c := a.conn(port)
				a.hit(forge(peerIP, segment{srcPort: port, dstPort: 80, seq: c.rcv.nxt - 1, ack: c.snd.nxt, flags: flagACK, wnd: 65535, data: []byte(data)}))
				if first() == c {
					t.Errorf("what port %d sends again, %q, does not count", port, data)
				}
			}
		}
	})
}
