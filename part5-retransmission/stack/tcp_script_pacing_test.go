package stack

import (
	"fmt"
	"testing"
	"time"
)

// after is a script in which a peer that is rtt away acknowledges ten single segments late
// and then ten together, which grows the window to 18 segments.
func after(rtt, late string) string {
	text := withRTT(sackPeer, 60000, rtt)
	next := 1
	for range 10 {
		text += fmt.Sprintf(`
			+0  do write 1000 = 1000
			+0  > P. %d:%d(1000) ack 1
			+%s < . 1:1(0) ack %[2]d win 60000`, next, next+1000, late)
		next += 1000
	}
	text += "\n+0 do write 30000 = 30000\n"
	for range 10 {
		text += fmt.Sprintf("+0 > . %d:%d(1000) ack 1\n", next, next+1000)
		next += 1000
	}
	return text
}

// On a long path what is more than the initial window, "a burst that any path is expected
// to take", is spread over the round trip, in slow start over half of it (RFC 6928 5 leaves
// it to pacing that the window itself is no burst).
func TestScriptFarIsPaced(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(after(".04", ".04"))
		defer p.Close()
		p.Sent(40 * time.Millisecond)
		p.Send(p.Parse(". 1:1(0) ack 20001 win 60000"))
		if n := len(p.Sent(100 * time.Microsecond)); n < 10 || n > 15 {
			t.Errorf("%d segments at once, want 10 and what fits into %v", n, paceQuantum)
		}
		for range 7 {
			if n := len(p.Sent(3 * time.Millisecond)); n > 7 {
				t.Errorf("%d segments within 3 ms, want no more than 18 in 20 ms", n)
			}
		}
	})
}
