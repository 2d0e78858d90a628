//go:build !race

// (This harness looks at the stack from outside of its lock, between two steps.)

package main

import (
	"bytes"
	"testing"
	"time"
)

// an ACK that marks segments as lost and a RST in one batch.
func TestRegressLostThenReset(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		una := r.c.snd.una
		r.pass(time.Second)
		r.write(14600)
		at := func(n int) seqNum { return una.add(1460 * n) }
		r.pass(50 * time.Millisecond)
		out := r.in(r.ack(una, 60000, span{at(5), at(10)}), segment{flags: flagRST, seq: r.c.rcv.nxt})
		t.Log(r.c.state, len(out), r.c.sentSegments.lost)
		if len(out) > 0 {
			t.Errorf("sent %d segments from CLOSED", len(out))
		}
	})
}

// H1b: the same with one segment: SACK and data, when the user has closed.
func TestRegressLostThenDataAfterClose(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		una := r.c.snd.una
		r.pass(time.Second)
		r.write(14600)
		r.c.Close()
		at := func(n int) seqNum { return una.add(1460 * n) }
		r.pass(50 * time.Millisecond)
		seg := r.ack(una, 60000, span{at(5), at(10)})
		seg.data = []byte("x")
		r.in(seg)
	})
}

// a hole made by FINs that are not the last: recycled memory goes to the reader.
func TestRegressFINHole(t *testing.T) {
	onRig(t, func(r *rig) {
		// somebody's secret passes through the stack
		r.open(60000, optMSS)
		secret := bytes.Repeat([]byte("SECRET42"), 100)
		r.in(segment{flags: flagACK | flagPSH, seq: 1, ack: r.c.snd.nxt, wnd: 60000, data: secret})
		got := make([]byte, 2000)
		n, _ := r.c.Read(got)
		_ = n
		r.c.Abort()
		// the attacker
		r.key.remotePort = 666
		r.ts = false
		r.open(60000, optMSS)
		const hole = 64
		for i := range hole {
			r.in(segment{flags: flagACK | flagFIN, seq: seqNum(2 + i), ack: r.c.snd.nxt, wnd: 60000})
		}
		r.in(segment{flags: flagACK, seq: seqNum(2 + hole), ack: r.c.snd.nxt, wnd: 60000, data: []byte("y")})
		r.in(segment{flags: flagACK, seq: 1, ack: r.c.snd.nxt, wnd: 60000, data: []byte("x")})
		n, err := r.c.Read(got)
		t.Logf("%d %v: %q", n, err, got[:n])
		if bytes.Contains(got[:n], []byte("SECRET42")) {
			t.Error("memory of another connection was delivered")
		}
	})
}

// the ACK from TIME-WAIT has no timestamp, so our own stack drops it.
func TestRegressTimeWaitTimestamp(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optTS)
		r.c.Close()
		nxt := r.c.snd.nxt
		r.in(segment{flags: flagACK, seq: 1, ack: nxt, wnd: 60000})
		r.in(segment{flags: flagACK | flagFIN, seq: 1, ack: nxt, wnd: 60000})
		out := r.in(segment{flags: flagACK | flagFIN, seq: 1, ack: nxt, wnd: 60000})
		if len(out) != 1 {
			t.Fatal(out)
		}
		if _, _, found := findTimestamps(out[0].options); !found {
			t.Errorf("the ACK from TIME-WAIT has no timestamp: %+v", out[0])
		}
	})
}

// the persist timer is the retransmission timer of what is sent when the window opens.
func TestRegressPersistTimerFiresEarly(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		r.in(r.ack(r.c.snd.una, 0))
		r.write(14600)
		r.c.s.mu.Lock()
		due := r.c.timers.due[timerRetransmit] - r.c.s.clock()
		r.c.s.mu.Unlock()
		r.pass(due - 5*time.Millisecond)
		out := r.in(r.ack(r.c.snd.una, 60000))
		t.Logf("window opens: %d segments", len(out))
		out = r.pass(10 * time.Millisecond)
		if len(out) > 0 {
			t.Errorf("10 ms later %d segments are sent again, cwnd %d, backoff %d", len(out), r.c.cc.cwnd, r.c.rto.backoff)
		}
	})
}

// H4b: and behind a long persist the timer is as long as the last back-off.
func TestRegressPersistTimerFiresLate(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS)
		r.in(r.ack(r.c.snd.una, 0))
		r.write(1000)
		for range 300 {
			if out := r.pass(time.Second); len(out) > 0 {
				r.in(r.ack(r.c.snd.una, 0))
			}
		}
		out := r.in(r.ack(r.c.snd.una, 60000))
		start := time.Now()
		t.Logf("window opens: %d segments, backoff %d", len(out), r.c.rto.backoff)
		for len(r.pass(time.Millisecond)) == 0 && time.Since(start) < 2*time.Minute {
		}
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("what was sent into the open window is sent again after %v", d)
		}
	})
}

// data go out, so no SACK and no duplicate ACK does.
func TestRegressSACKHiddenByData(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		una := r.c.snd.una
		r.write(50000) // cwnd is full; each ACK lets data go
		acked := una
		for i := range 8 {
			acked = acked.add(1460)
			seg := r.ack(acked, 60000)
			seg.seq, seg.data = r.c.rcv.nxt.add(1460*(i+1)), pattern(1460)
			sacks, pure := 0, 0
			for _, o := range r.in(seg) {
				if findSACK(o.options).n > 0 {
					sacks++
				}
				if len(o.data) == 0 {
					pure++
				}
			}
			if sacks == 0 {
				t.Errorf("segment %d behind the gap: answered with %d segments, %d pure ACKs, no SACK", i, len(r.out), pure)
			}
		}
	})
}

// the crossing of two SYNs leaves the SYN on the list.
func TestRegressCrossedSYN(t *testing.T) {
	playTCP(t, `
		+0 do! dial
		+0 > S 0:0(0) <...>
		+.010 < S 0:0(0) win 1000 <mss 1460>
		+0 > S. 0:0(0) ack 1 <...>
		+.010 < S. 0:0(0) ack 1 win 1000 <mss 1460>
		+0 > . 1:1(0) ack 1
		+5 > nothing`)
}
