package main

import (
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"
)

// Corners in which a loss meets something else.
func TestScriptLossCorners(t *testing.T) {
	const withSACK = `
		+0 < S 0:0(0) win 65535 <mss 1000,sackOK>
		+0 > S. 0:0(0) ack 1
		+.001 < . 1:1(0) ack 1 win 65535
		+0 do accept
	`
	playAll(t, map[string]string{
		// The SYN of figure 7 to the letter is acknowledged: it is not sent again.
		"simultaneous open, acknowledged by a SYN,ACK": dialled + `
			+0 < S 0:0(0) win 1000
			+0 > S. 0:0(0) ack 1
			+0 < S. 0:0(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 done dial
			+5 > nothing`,
		// The FIN goes with a segment that is sent again. When the segment was there before,
		// but not the FIN, the FIN is still to be sent again.
		"a FIN on a segment that was sent again": opened("<mss 1000>", 65535) + `
			+0 do write 1000 = 1000
			+0 > P. 1:1001(1000) ack 1
			+.2 > P. 1:1001(1000) ack 1
			+0 do closewrite
			+.4 > FP. 1:1001(1000) ack 1
			+.1 < . 1:1(0) ack 1001 win 65535
			+0~+5 > F. 1001:1001(0) ack 1
			+0 < . 1:1(0) ack 1002 win 65535
			+0 state FIN-WAIT-2`,
		// The probe for the tail finds nothing but a FIN, which is sent already.
		"a tail with a FIN": withSACK + `
			+0 do write 2000 = 2000
			+0 > . 1:1001(1000) ack 1
			+0 > P. 1001:2001(1000) ack 1
			+0 do closewrite
			+0 > F. 2001:2001(0) ack 1
			+0~+.1 > F. 2001:2001(0) ack 1
			+0 < . 1:1(0) ack 2002 win 65535
			+0 state FIN-WAIT-2`,
		// "an acknowledgment ... Once [timestamps have] been successfully negotiated, ... the
		// TSopt MUST be sent in every non-<RST> segment" (RFC 7323 3.2), in TIME-WAIT, too.
		"TIME-WAIT has timestamps": `
			+0 < S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 100 ecr 0>
			+0 > S. 0:0(0) ack 1 <mss 1460,TS val a ecr 100,...>
			+0 < . 1:1(0) ack 1 win 65535 <nop,nop,TS val 101 ecr a>
			+0 do accept
			+0 do closewrite
			+0 > F. 1:1(0) ack 1 <nop,nop,TS val * ecr 101>
			+0 < F. 1:1(0) ack 2 win 65535 <nop,nop,TS val 102 ecr a>
			+0 > . 2:2(0) ack 2 <nop,nop,TS val * ecr 102>
			+0 state TIME-WAIT
			+1 < F. 1:1(0) ack 2 win 65535 <nop,nop,TS val 103 ecr a>
			+0 > . 2:2(0) ack 2 <nop,nop,TS val * ecr *>`,
	})
}

// Karn: an acknowledgment that covers something that was sent again says nothing of the
// round trip, not of segments either that were sent once: they have waited for the gap
// before them to be filled.
func TestRTOBehindGap(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		b.play(opened("<mss 1000>", 65535) + `
			+0 do write 3000 = 3000
			+0 > . 1:1001(1000) ack 1
			+0 > . 1001:2001(1000) ack 1
			+0 > P. 2001:3001(1000) ack 1
			+.2 > . 1:1001(1000) ack 1
			+.4 > . 1:1001(1000) ack 1
			+.8 > . 1:1001(1000) ack 1
			+0 < . 1:1(0) ack 3001 win 65535`)
		if srtt := b.kept().rto.srtt; srtt > 10*time.Millisecond {
			t.Errorf("SRTT is %v on a cable without a delay", srtt)
		}
	})
}

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
