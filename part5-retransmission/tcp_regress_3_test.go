//go:build !race

// (This harness looks at the stack from outside of its lock, between two steps.)

package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

// a peer that has restarted without timestamps gets no challenge ACK.
func TestRegressSYNWithoutTimestamp(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optTS)
		r.ts = false
		out := r.in(segment{flags: flagSYN, seq: 77777777, wnd: 1000, options: unhex(optMSS)})
		if len(out) != 1 {
			t.Errorf("answers: %v", out)
		}
	})
}

// when memory is used up by what waits behind gaps, the gaps cannot be filled.
func TestRegressMemoryGapDeadlock(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS)
		r.in(segment{flags: flagACK, seq: 30001, ack: r.c.snd.nxt, wnd: 60000, data: pattern(1000)})
		held := len(r.c.rcv.text.chunks)
		r.s.tcp.chunks.used = maxChunks // others
		r.in(segment{flags: flagACK, seq: 1, ack: r.c.snd.nxt, wnd: 60000, data: pattern(1000)})
		if r.c.rcv.nxt != 1001 {
			t.Errorf("%d chunks are there already, and what fits into them is refused", held)
		}
		r.s.tcp.chunks.used = held
	})
}

// a FIN that goes with a retransmission is not on the scoreboard; if that one is lost
// and the original is acknowledged, nobody ever sends the FIN again.
func TestRegressFINWithRetransmission(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		r.write(14600) // as much as the congestion window takes
		nxt := r.c.snd.nxt
		r.c.Close() // the FIN has to wait
		r.fast = true
		r.pass2(30 * time.Millisecond) // the tail loss probe takes the FIN along, and is lost
		t.Logf("probe: %d segments, flags %x", len(r.out), r.out[0].flags)
		r.in(r.ack(nxt, 60000)) // all originals have arrived
		fin := false
		for range 600 {
			for _, o := range r.pass2(time.Second) {
				fin = fin || o.has(flagFIN)
			}
		}
		if !fin {
			t.Errorf("no FIN in ten minutes, the connection is in %s", r.c.state)
		}
	})
}

func (r *rig) pass2(d time.Duration) []segment {
	r.out = nil
	time.Sleep(d)
	synctest.Wait()
	return r.out
}

// a tail loss probe behind a FIN: SND.NXT is beyond the data, the difference is taken
// as unsigned, and 1460 bytes of recycled memory are sent behind the FIN; or it panics.
func TestRegressProbeBehindFIN(t *testing.T) {
	onRig(t, func(r *rig) {
		// somebody's secret passes through the stack
		r.open(60000, optMSS)
		secret := bytes.Repeat([]byte("SECRET42"), 500)
		for i := range 3 {
			r.in(segment{flags: flagACK | flagPSH, seq: seqNum(1 + i*1333), ack: r.c.snd.nxt, wnd: 60000, data: secret[i*1333 : (i+1)*1333]})
		}
		r.c.Read(make([]byte, 5000))
		r.c.Abort()
		r.key.remotePort = 666
		r.open(60000, optMSS+optSACK)
		r.write(3000)
		r.c.Close()
		r.fast = true
		end := r.c.snd.nxt
		for _, o := range r.pass2(700 * time.Millisecond) {
			if end.less(o.seq.add(o.len())) {
				t.Errorf("sent %d bytes behind the FIN: %q...", len(o.data), o.data[:24])
			}
		}
	})
}

// without SACK, a segment that waited at the peer for a retransmission is taken for a
// round trip of that length. The RTO grows to a minute, and then every loss costs one.
func TestRegressRTTBehindHole(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS)
		una := r.c.snd.una
		r.write(14600) // the first and its retransmissions are lost, the others arrive
		r.fast = true
		r.pass2(3 * time.Second)
		r.in(r.ack(una.add(14600), 60000))
		if r.c.rto.rto > time.Second {
			t.Errorf("the path's round trip is 10 ms, srtt %v, RTO %v", r.c.rto.srtt, r.c.rto.rto)
		}
	})
}
