package stack

import (
	"testing"
	"time"
)

// A peer may delay its ACK by up to half a second (RFC 9293 3.8.6.3, MUST-40), and we probe
// after less. One probe in vain is enough: nobody knows which copy was answered, so the
// next segment is given more time, and its answer is a sample (RFC 6298 3, Karn). Without
// D-SACK each probe would make the window smaller.
func TestProbePatientWithLateACKs(t *testing.T) {
	for name, options := range map[string]string{"plain SACK": optMSS + optSACK, "with timestamps": optMSS + optSACK + optTS} {
		t.Run(name, func(t *testing.T) {
			onRig(t, func(r *rig) {
				c := r.open(60000, options)
				sent := 0
				for range 20 {
					r.write(1000)
					sent += len(r.pass(300 * time.Millisecond))
					r.in(r.ack(r.nxt(), 60000))
				}
				cwnd := 0
				r.locked(func() { cwnd = c.cc.cwnd })
				t.Logf("%d segments sent again, cwnd %d", sent, cwnd)
				if sent > 4 || cwnd < 5000 {
					t.Errorf("of 20 segments %d were sent again, cwnd %d", sent, cwnd)
				}
			})
		})
	}
}
