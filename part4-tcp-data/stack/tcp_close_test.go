package stack

import "testing"

// As long as there is something of ours on its way, it is not for this timer to give up.
func TestScriptOrphanTimer(t *testing.T) {
	for _, state := range []string{"ESTABLISHED", "FIN-WAIT-1", "CLOSE-WAIT", "CLOSING", "LAST-ACK"} {
		onBench(t, func(b *bench) {
			p := b.NewPeer(inOpenState[state])
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

// inOpenState are scripts that lead to the states.
var inOpenState = map[string]string{
	"SYN-RECEIVED": inState["SYN-RECEIVED passive"],
	"ESTABLISHED":  accepted,
	"FIN-WAIT-1":   finWait1,
	"FIN-WAIT-2":   finWait1 + "+0 < . 1:1(0) ack 2 win 1000\n",
	"CLOSE-WAIT":   closeWait,
	"CLOSING":      finWait1 + "+0 < F. 1:1(0) ack 1 win 1000\n+0 > . 2:2(0) ack 2\n",
	"LAST-ACK":     closeWait + "+0 do closewrite\n+0 > F. 1:1(0) ack 2\n",
	"TIME-WAIT":    finWait1 + "+0 < F. 1:1(0) ack 2 win 1000\n+0 > . 2:2(0) ack 2\n",
}

const (
	finWait1  = accepted + "+0 do closewrite\n+0 > F. 1:1(0) ack 1\n"
	closeWait = accepted + "+0 < F. 1:1(0) ack 1 win 1000\n+0 > . 1:1(0) ack 2\n"
)

// inState are scripts that lead to the states.
var inState = map[string]string{
	"CLOSED":   "+0 do unlisten",
	"LISTEN":   "+0 state LISTEN",
	"SYN-SENT": dialled,
	"SYN-RECEIVED passive": `
		+0 < S 0:0(0) win 1000 <mss 1460>
		+0 > S. 0:0(0) ack 1`,
	"SYN-RECEIVED active": dialled + `
		+0 < S 0:0(0) win 1000 <mss 1460>
		+0 > S. 0:0(0) ack 1`,
	"ESTABLISHED": handshake,
}
