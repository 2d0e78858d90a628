package stack

import "testing"

// As long as there is something of ours on its way, it is not for this timer to give up.
func TestScriptOrphanTimer(t *testing.T) {
	for _, state := range []string{"ESTABLISHED", "FIN-WAIT-1", "CLOSE-WAIT", "CLOSING", "LAST-ACK"} {
		onTCPBench(t, func(b *tcpBench) {
			p := b.newPeer(inOpenState[state])
			defer p.Close()
			b.kept().Close()
			b.do(func() {
				if c := b.conn(8000); c == nil || c.runs(timerOrphan) {
					t.Errorf("closed in %s: the timer is running already", state)
				}
			})
		})
	}
}
