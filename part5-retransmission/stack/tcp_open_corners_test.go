package stack

import (
	"net/netip"
	"testing"
	"time"
)

// A SYN that is sent again fails at once, for there is no room for a question to ARP. The
// connection ends, and no timer is left.
func TestSYNFailsAgain(t *testing.T) {
	onRig(t, func(r *rig) {
		r.locked(func() {
			var err error
			if r.c, err = r.s.activeOpen(netip.AddrPortFrom(peerIP, 8000)); err != nil {
				t.Fatal(err)
			}
			r.s.arp.neighbours[peerIP].timer.stop()
			delete(r.s.arp.neighbours, peerIP)
			r.s.arp.asking = arpMaxAsked
		})
		r.pass(1500 * time.Millisecond)
		r.locked(func() {
			r.s.arp.asking = 0
			if r.c.state != stateClosed || r.c.runs(timerRetransmit) {
				t.Errorf("in %s, the retransmission timer runs: %v", r.c.state, r.c.runs(timerRetransmit))
			}
		})
	})
}

// The peer has restarted, and its SYN has no timestamps. "In these synchronized states, if
// the SYN bit is set, irrespective of the sequence number, TCP endpoints MUST send a
// challenge ACK" (RFC 9293 3.10.7.4), whatever RFC 7323 3.2 says of segments without
// timestamps: only its answer, a RST, can end the old connection.
func TestSYNWithoutTimestamps(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optTS)
		r.ts = false
		out := r.in(segment{flags: flagSYN, seq: 77777777, wnd: 1000, options: unhex(optMSS)})
		if len(out) != 1 || out[0].flags != flagACK || out[0].ack != r.rcvNxt() {
			t.Errorf("sent %+v, want a challenge ACK", out)
		}
	})
}
