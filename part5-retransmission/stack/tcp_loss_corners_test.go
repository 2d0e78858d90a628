package stack

import (
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"
)

// A peer that echoes a timestamp which we have not sent yet says nothing of the round
// trip: it has not taken 49 days.
func TestRTOEchoFromTheFuture(t *testing.T) {
	d := newSteadyOptions(t)
	d.c.Write(d.text)
	d.c.sentSegments.live()[0].resent = true
	d.stamp(d.ack)
	at(d.ack, 28, seqNum(d.c.ts.value(d.s.clock()))+5)
	d.receive(d.ack)
	if srtt := d.c.rto.srtt; srtt > time.Second || d.c.snd.una != d.c.snd.nxt {
		t.Errorf("SRTT is %v", srtt)
	}
}

// Nor does one that echoes a timestamp from before the connection began: whatever we
// believe of the round trip, a connection that its user has closed ends in time.
func TestRTOEchoFromThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newSteadyOptions(t)
		defer d.s.Close()
		d.c.Write(d.text)
		d.c.sentSegments.live()[0].resent = true
		d.stamp(d.ack)
		at(d.ack, 28, seqNum(d.c.ts.value(d.s.clock()))-1e9)
		d.receive(d.ack)
		d.c.Write(make([]byte, 60_000))
		d.c.Close()
		for range 3 {
			d.stamp(d.ack)
			d.receive(d.ack)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if d.c.state != stateClosed {
			t.Errorf("in %s, SRTT is %v, timers run: %v", d.c.state, d.c.rto.srtt, d.c.timers.due)
		}
	})
}

// "A TSecr value received in a segment MAY be used to update the averaged RTT measurement
// only if the segment advances the left edge of the send window" (RFC 7323 4.1). That is
// not enough if the ACK of long ago was lost, and the one that comes now answers a segment
// that the peer has got twice (RFC 2883): it echoes the timestamp of the first time.
func TestDSACKIsNoSample(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK+optTS)
		una := r.una()
		var old uint32
		r.locked(func() { old = r.c.ts.value(r.s.clock()) })
		r.write(100)
		r.pass(20 * time.Second) // it is sent again and again
		ack := r.ack(r.nxt(), 60000, span{una, r.nxt()})
		r.ts = false
		ack.options = r.stampEcho(ack.options, old)
		r.in(ack)
		r.locked(func() {
			if r.c.snd.una != r.c.snd.nxt || r.c.rto.rto > time.Second {
				t.Errorf("RTO %v, %d bytes acknowledged of %d", r.c.rto.rto, r.c.snd.una-una, r.c.snd.nxt-una)
			}
		})
	})
}

// A timestamp counts milliseconds: one that comes back in the same millisecond does not
// say that the round trip takes no time at all. The shortest round trip, by which RACK
// waits (RFC 8985 6.2), is measured by segments that were sent once.
func TestMinRTTIsNoTimestamp(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK+optTS)
		r.write(100)
		r.pass(1300 * time.Microsecond)
		r.in(r.ack(r.nxt(), 60000))
		r.write(100)
		r.pass(3 * time.Second) // it is sent again
		for len(r.pass(100*time.Microsecond)) == 0 {
		}
		r.in(r.ack(r.nxt(), 60000)) // at once, in the same millisecond
		r.locked(func() {
			if r.c.rto.minRTT.rtt < time.Microsecond {
				t.Errorf("minRTT %v, srtt %v", r.c.rto.minRTT.rtt, r.c.rto.srtt)
			}
		})
	})
}

// A wrong MAC address that a bit error has left in the ARP table is asked for again while
// the connection has still time.
func TestWrongNeighbour(t *testing.T) {
	lost := false
	loseData := func(frame []byte) bool { return lost && len(frame) > 70 }
	onBadPair(t, wire.Faults{DropOut: loseData}, func(p *pair) {
		ours, peer := p.connect(80)
		lost = true
		ours.Write(make([]byte, 100))
		time.Sleep(4 * time.Second) // the neighbour was asked by now, and is there
		p.ours.mu.Lock()
		lost = false
		p.ours.arp.neighbours[peerIP].mac = otherMAC
		p.ours.mu.Unlock()
		start := time.Now()
		if _, err := peer.Read(make([]byte, 100)); err != nil || time.Since(start) > 30*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}
