package main

import (
	"fmt"
	"testing"
	"time"
)

// Somebody opens far more connections than there may be, and says nothing more (naptha,
// CERT CA-2000-21). He makes room with his own: a connection that was there before, and
// is in use, stays; and whoever comes next gets one.
func TestAttackHoardedConns(t *testing.T) {
	onTarget(t, func(a *target) {
		a.forget = true
		used := a.open(1, "020405b4")
		before, opened := heap(), 0
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
		each := (heap() - before) / maxConns
		if each > 8<<10 {
			t.Errorf("%d bytes for each", each)
		}
		if c := a.open(60000, "020405b4"); a.state(c) != stateEstablished {
			t.Errorf("the next one is in %s", c.state)
		}
		robustRow{"attack", "more idle connections than there may be", "CERT CA-2000-21 (naptha), RFC 6429", fmt.Sprintf("%d connections", opened),
			fmt.Sprintf("%d are open, less than %d KB each; a connection in use stays, and the next one opens", maxConns, each>>10+1)}.report(t)
	})
}
