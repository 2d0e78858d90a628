package stack

import (
	"testing"
	"time"
)

// The first D-SACK counts as one more "RACK.reo_wnd_mult" (RFC 8985 6.2), wherever in the
// sequence space the connection is.
func TestPatienceWraps(t *testing.T) {
	for _, highest := range []seqNum{1000, 0x7fffffff, 0x80000001, 0xf0000000} {
		r := rackState{seen: true, highest: highest}
		r.acknowledged(highest - 10)
		r.duplicate(highest + 10)
		if r.reoWndMult != 1 {
			t.Errorf("highest %#x: reoWndMult %d", uint32(highest), r.reoWndMult)
		}
	}
}

// "If RACK.dsack_round is not None AND SND.UNA >= RACK.dsack_round: RACK.dsack_round =
// None" (RFC 8985 6.2, step 4): the next round trip's D-SACK counts again, also when the
// last one was 2 GB ago.
func TestPatienceRoundEnds(t *testing.T) {
	r := rackState{}
	r.duplicate(1000)
	r.acknowledged(999)
	if r.duplicate(1500); r.reoWndMult != 1 {
		t.Errorf("reoWndMult %d, within one round trip", r.reoWndMult)
	}
	for una := seqNum(1000); una < 0xd0000000; una += 1 << 28 {
		r.acknowledged(una)
		before := r.reoWndMult
		if r.duplicate(una + 1000); r.reoWndMult != before+1 {
			t.Errorf("%#x: reoWndMult %d, then %d", uint32(una), before, r.reoWndMult)
		}
	}
	r.reoWndPersist = 0
	for una := seqNum(0xd0000000); una != 0x80000000; una += 1 << 28 { // nobody asks meanwhile
		r.acknowledged(una)
	}
	if r.highest != 0x70000000 || r.inRound {
		t.Errorf("%+v stays behind", r)
	}
}

// Without SACK three duplicate ACKs begin a recovery if SND.UNA is beyond recover (RFC
// 6582 3.2): also when the last loss is 2 GB ago, and recover would look as if it were
// ahead.
func TestRecoverWraps(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS)
		r.locked(func() { r.c.recovery.recover = r.c.snd.una - 1<<31 + 20000 }) // as nearly 2 GB later
		r.c.SetNoDelay(true)
		for range 5 {
			r.write(10000)
			r.pass(10 * time.Millisecond) // the round trip, for which pacing makes it last
			r.in(r.ack(r.nxt(), 60000))
		}
		r.pass(time.Second) // so that pacing lets a burst go
		r.write(14600)
		una := r.una()
		recovering := func() (yes bool) {
			r.locked(func() { yes = r.c.recovery.recovering })
			return yes
		}
		if recovering() {
			t.Error("in recovery, and nothing was lost")
		}
		for range dupThresh {
			r.in(r.ack(una, 60000))
		}
		if !recovering() {
			t.Error("three duplicate ACKs, and no recovery")
		}
	})
}

// A peer can forge duplicate ACKs, each of which would stand for a segment that has left
// the network. "A TCP MAY therefore limit the number of times cwnd is artificially
// inflated ... to the number of outstanding segments" (RFC 5681 3.2), and we do.
func TestForgedDuplicateACKs(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(65535, optMSS)
		una := r.una()
		r.write(14600) // ten segments
		for range 40 {
			r.in(r.ack(una, 65535))
		}
		r.write(50000)
		r.pass(100 * time.Millisecond) // or pacing would not let them go
		if flight := r.nxt() - una; flight > 30*1460 {
			t.Errorf("%d bytes are on their way: duplicate ACKs open the window without limit", flight)
		}
	})
}

// The receiver forgets what it had acknowledged with SACK. It is sent again, for "the
// sender MUST NOT discard data before it is acknowledged by the Acknowledgment Number
// field" (RFC 2018 8); and soon, although the peer does not say that it forgets.
func TestRenegingReceiver(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		una := r.una()
		r.write(14600)
		r.pass(20 * time.Millisecond)
		at := func(n int) seqNum { return una.add(1460 * n) }
		r.in(r.ack(una, 60000, span{at(1), at(10)}))
		start := time.Now()
		r.pass(20 * time.Millisecond)
		have := at(1) // what the receiver has in order; all else it forgets at once
		out := r.in(r.ack(have, 60000))
		for have != at(10) {
			if since := time.Since(start); since > 2*time.Second {
				t.Fatalf("after %v it has %d of 14600 bytes", since, have-una)
			}
			more := false
			for _, o := range append(out, r.pass(time.Millisecond)...) {
				if o.seq == have && len(o.data) > 0 {
					have, more = have.add(len(o.data)), true
				}
			}
			out = nil
			if more {
				out = r.in(r.ack(have, 60000))
			}
		}
	})
}

// "If sent at all, SACK options SHOULD be included in all ACKs which do not ACK the highest
// sequence number in the data receiver's queue" (RFC 2018 4), and a segment behind a gap
// gets a duplicate ACK at once (RFC 5681 4.2): also when there are data to be sent, which
// take the acknowledgment along and have no room for more.
func TestSACKBesideData(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		acked, data := r.una(), 0
		r.write(50000) // the congestion window is full: ACKs let data go
		for i := range 8 {
			acked = acked.add(1460)
			seg := r.ack(acked, 60000)
			seg.seq, seg.data = seg.seq.add(1460*(i+1)), pattern(1460)
			sacks := 0
			for _, o := range r.in(seg) {
				data += len(o.data)
				if len(o.data) == 0 && o.opt.sack.n > 0 {
					sacks++
				}
			}
			if sacks == 0 {
				t.Errorf("segment %d behind the gap: no ACK with SACK", i)
			}
		}
		if data == 0 {
			t.Error("no data went with them")
		}
	})
}

// A window that is not used says nothing of the network, and does not grow (RFC 9438 5.8,
// RFC 7661 1).
func TestWindowNotUsed(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		cwnd := func() (n int) {
			r.locked(func() { n = r.c.cc.cwnd })
			return n
		}
		before := cwnd()
		for range 1000 {
			r.write(100)
			r.pass(10 * time.Millisecond)
			r.in(r.ack(r.nxt(), 60000))
		}
		if after := cwnd(); after > before {
			t.Errorf("never more than 100 bytes on their way, cwnd %d, then %d", before, after)
		}
	})
}

// Two connections have sent segments that are too large for the path. The error for the
// second has each send again what was too large (RFC 1191 6.4), although the path's MTU
// is known by then.
func TestPathMTUOfTwo(t *testing.T) {
	onRig(t, func(r *rig) {
		a := r.open(60000, optMSS+optSACK)
		r.write(14600)
		r.key.remotePort = 8001
		b := r.open(60000, optMSS+optSACK)
		r.write(14600)
		for _, c := range []*Conn{a, b} {
			r.locked(func() {
				r.out = nil
				quote := make([]byte, tcpMinHeaderLen)
				sent := segment{srcPort: 80, dstPort: c.key.remotePort, seq: c.snd.una}
				sent.put(quote, ourIP, peerIP)
				r.s.segmentFailed(ipv4Header{dst: peerIP}, quote,
					icmpError{typ: icmpUnreachable, code: codeFragmentationNeeded, length: 1500, mtu: 1000})
				if len(r.out) == 0 {
					t.Errorf("port %d: nothing is sent again", c.key.remotePort)
				}
				for _, o := range r.out {
					if o.dstPort != c.key.remotePort || len(o.data) > 960 {
						t.Errorf("port %d: %d bytes to port %d", c.key.remotePort, len(o.data), o.dstPort)
					}
				}
			})
		}
	})
}

// A peer without memory throws away all that is not next, and says so with an ACK that has
// no SACK block. What is missing was sent again, and lost again. Each ACK let another tail
// loss probe go, and each probe started the retransmission timer anew, so that it never
// went off (RFC 8985 7.3).
func TestRetransmitTimeoutBehindProbes(t *testing.T) {
	onRig(t, func(r *rig) {
		c := r.open(65535, optMSS+optSACK+optTS)
		c.SetNoDelay(true)
		r.write(20 * 1448)
		una := r.una()
		r.in(r.ack(una, 65535, span{una.add(1448), una.add(5 * 1448)}))
		first := 0 // how often the first one is sent again
		for range 60 {
			for _, seg := range r.pass(100 * time.Millisecond) {
				if seg.seq == una && len(seg.data) > 0 {
					first++
					continue // lost
				}
				r.in(r.ack(una, 65535))
			}
		}
		if first < 3 {
			r.Errorf("in 6 seconds the missing segment was sent again %d times", first)
		}
	})
}
