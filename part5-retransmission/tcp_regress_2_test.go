//go:build !race

// (This harness looks at the stack from outside of its lock, between two steps.)

package main

import (
	"testing"
	"time"
)

// a D-SACK counts from the first, whatever the ISS.
func TestRegressPatienceWraps(t *testing.T) {
	for _, highest := range []seqNum{1000, 0x7fffffff, 0x80000001, 0xf0000000} {
		r := rackState{seen: true, highest: highest}
		r.duplicate(highest + 10)
		if r.patience != 1 {
			t.Errorf("highest %#x: patience %d", uint32(highest), r.patience)
		}
	}
}

// without SACK, behind 2 GB without a loss, there is no fast retransmit.
func TestRegressRecoverWraps(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS)
		r.c.cc.recover = r.c.snd.una - 1<<31 + 10000 // as nearly 2 GB later
		for range 5 {
			r.write(10000)
			r.in(r.ack(r.c.snd.nxt, 60000))
			r.pass(time.Millisecond)
			r.in(r.ack(r.c.snd.nxt, 60000))
		}
		r.pass(time.Second) // so that pacing lets a burst go
		r.write(14600)
		una := r.c.snd.una
		for range 5 {
			r.in(r.ack(una, 60000))
		}
		if !r.c.cc.recovering {
			t.Error("five duplicate ACKs, and no recovery")
		}
	})
}

// minRTT becomes 1 ns by a timestamp of the same millisecond.
func TestRegressMinRTT(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK+optTS)
		r.write(100)
		r.pass(1300 * time.Microsecond)
		r.in(r.ack(r.c.snd.nxt, 60000))
		t.Log("RTT measured", r.c.rto.minRTT)
		r.write(100)
		r.pass(3 * time.Second) // RTO
		r.out = nil
		for len(r.pass(100*time.Microsecond)) == 0 {
		}
		r.in(r.ack(r.c.snd.nxt, 60000)) // at once, in the same millisecond
		if r.c.rto.minRTT < time.Microsecond {
			t.Errorf("minRTT %v, srtt %v", r.c.rto.minRTT, r.c.rto.srtt)
		}
	})
}

// an echo out of thin air makes the RTT 49 days.
func TestRegressTimestampPoison(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK+optTS)
		r.write(100)
		r.pass(10 * time.Second) // sent again
		seg := r.ack(r.c.snd.nxt, 60000)
		r.ts = false
		seg.options = r.stampEcho(nil, r.c.ts.value(r.s.clock())+5)
		r.in(seg)
		if r.c.rto.srtt > time.Minute {
			t.Errorf("srtt %v rto %v", r.c.rto.srtt, r.c.rto.rto)
		}
	})
}

// the receiver has thrown away what it had sacked (RFC 2018 8).
func TestRegressRenege(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		una := r.c.snd.una
		r.write(14600)
		at := func(n int) seqNum { return una.add(1460 * n) }
		r.pass(20 * time.Millisecond)
		r.in(r.ack(una, 60000, span{at(1), at(10)}))
		start := time.Now()
		r.pass(20 * time.Millisecond)
		have := at(1) // what the receiver has in order; all else it forgets at once
		r.in(r.ack(have, 60000))
		for have != at(10) && time.Since(start) < 5*time.Minute {
			out := r.pass(time.Millisecond)
			for _, o := range out {
				if o.seq == have && len(o.data) > 0 {
					have = have.add(len(o.data))
				}
			}
			if len(out) > 0 {
				r.in(r.ack(have, 60000))
				for again := true; again; {
					again = false
					for _, o := range r.out {
						if o.seq == have && len(o.data) > 0 {
							have, again = have.add(len(o.data)), true
						}
					}
					if again {
						r.pass(time.Millisecond)
						r.in(r.ack(have, 60000))
					}
				}
			}
		}
		t.Logf("nine segments after %v", time.Since(start))
		if time.Since(start) > 2*time.Second {
			t.Errorf("it took %v", time.Since(start))
		}
	})
}

// a repackaged segment goes beyond the window.
func TestRegressResendBeyondWindow(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(2100, optMSS+optSACK)
		una := r.c.snd.una
		r.c.SetNoDelay(true)
		r.write(1000)
		r.write(1000)
		r.write(3000) // 100 fit
		edge := una.add(2100)
		for range 40 {
			for _, o := range r.pass(100 * time.Millisecond) {
				if end := o.seq.add(len(o.data)); edge.less(end) {
					t.Fatalf("sent up to %d, the window ends at %d", end-una, edge-una)
				}
			}
		}
	})
}

// window 0, window open, with the same ACK: everything is sent again each time.
func TestRegressRefusalAmplifies(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		una := r.c.snd.una
		r.write(14600)
		r.pass(20 * time.Millisecond)
		sent := 0
		for range 100 {
			r.in(r.ack(una, 0))
			sent += len(r.out)
			r.in(r.ack(una, 60000))
			sent += len(r.out)
		}
		if sent > 100 {
			t.Errorf("200 ACKs, %d segments sent again, cwnd %d", sent, r.c.cc.cwnd)
		}
	})
}
