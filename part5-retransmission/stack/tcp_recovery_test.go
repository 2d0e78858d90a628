package stack

import (
	"bytes"
	"testing"
	"time"
)

// Proportional rate reduction (RFC 9937 6.2), in numbers: how much may be sent for an ACK.
func TestPRR(t *testing.T) {
	for name, test := range map[string]struct {
		flight, ssthresh   int
		total, before, out int64 // RecoverFS, prr_delivered, prr_out
		delivered          int
		want               int // SndCnt
	}{
		"seven for ten":            {flight: 9000, ssthresh: 7000, total: 10000, before: 9000, out: 6000, delivered: 1000, want: 1000},
		"rounded up":               {flight: 9000, ssthresh: 7000, total: 10001, before: 2000, out: 1000, delivered: 1000, want: 1100},
		"not more":                 {flight: 9000, ssthresh: 7000, total: 10000, before: 1000, out: 2000, delivered: 1000, want: 0},
		"the fast retransmit":      {flight: 9000, ssthresh: 7000, total: 10000, delivered: 1000, want: 1460},
		"below ssthresh: one more": {flight: 3000, ssthresh: 7000, total: 10000, before: 5000, out: 5000, delivered: 1000, want: 2460},
		"what was not used":        {flight: 3000, ssthresh: 7000, total: 10000, before: 5000, out: 4000, delivered: 500, want: 2960},
		"up to ssthresh":           {flight: 6900, ssthresh: 7000, total: 10000, before: 5000, out: 5000, delivered: 1000, want: 100},
		"nothing has arrived":      {flight: 3000, ssthresh: 7000, total: 10000, before: 5000, out: 5000, want: 1460},
		"more than 32 bits":        {flight: 7 << 20, ssthresh: 5 << 20, total: 8 << 20, before: 1<<20 - 4, out: 1, delivered: 4, want: 5<<17 - 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := newSteadyOptions(t)
			d.s.mu.Lock()
			defer d.s.mu.Unlock()
			c := d.c
			c.ts.on, c.sentSegments.flight = false, test.flight
			c.recovery.recovering, c.cc.ssthresh = true, test.ssthresh
			c.recovery.prrFlight, c.recovery.prrDelivered, c.recovery.prrOut = test.total, test.before, test.out
			c.prr(test.delivered)
			if got := c.cc.cwnd - test.flight; got != test.want {
				t.Errorf("%d bytes may be sent, want %d", got, test.want)
			}
			c.sentSegments.flight = 0
		})
	}
}

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

// Below `recover`, which a timeout sets to the highest number that was sent, duplicate
// ACKs do not start a fast retransmit: they come from what was sent twice (RFC 6582 3.2,
// step 4, and 4.1).
func TestScriptNewRenoAfterTimeout(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(opened(plainPeer, 60000) + `
			+0  do write 5000 = 5000
			` + burst(1, 5001, true) + `
			+.2 > . 1:1001(1000) ack 1`)
		defer p.Close()
		var before int
		b.do(func() { before = b.conn(8000).cc.ssthresh })
		for range 10 {
			p.Send(p.Parse(". 1:1(0) ack 1 win 60000"))
			for _, seg := range p.Sent(time.Millisecond) {
				if int32(seg.Seq) == 1 {
					t.Errorf("sent again: %s", seg)
				}
			}
		}
		b.do(func() {
			if after := b.conn(8000).cc.ssthresh; after != before {
				t.Errorf("ssthresh has gone from %d to %d", before, after)
			}
		})
	})
}

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

// A SACK by which some segments are lost, and a RST, come in one batch. "If the RST bit
// is set ... All segment queues should be flushed" (RFC 9293 3.10.7.4): what is lost is
// not sent again.
func TestResetBehindLoss(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		una := r.una()
		r.pass(time.Second)
		r.write(14600)
		r.pass(50 * time.Millisecond)
		sack := r.ack(una, 60000, span{una.add(5 * 1460), una.add(10 * 1460)})
		out := r.in(sack, segment{flags: flagRST, seq: r.rcvNxt()})
		if state := r.state(); len(out) > 0 || state != stateClosed {
			t.Errorf("sent %d segments, in %s", len(out), state)
		}
	})
}

// A segment brings such a SACK, and data for a user who has closed. "If new data is
// received after CLOSE is called, [the] implementation SHOULD send a RST to show that
// data was lost" (RFC 9293 3.6.1, SHLD-3): the RST, and nothing else.
func TestDataBehindCloseWithLoss(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		una := r.una()
		r.pass(time.Second)
		r.write(14600)
		r.c.Close()
		r.pass(50 * time.Millisecond)
		nxt := r.nxt()
		seg := r.ack(una, 60000, span{una.add(5 * 1460), una.add(10 * 1460)})
		seg.data = []byte("x")
		out := r.in(seg)
		if len(out) != 1 || !out[0].has(flagRST) || out[0].seq != nxt {
			t.Errorf("sent %+v, want a RST with number %d", out, nxt)
		}
		if state := r.state(); state != stateClosed {
			t.Errorf("in %s", state)
		}
	})
}

// The tail loss probe takes the FIN along, which had to wait, and is lost; then the
// segment that it was sent again for is acknowledged. The FIN is still on its way, and
// sent again until it is acknowledged (RFC 6298 5.4).
func TestFINWithProbe(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		r.write(14600) // as much as the congestion window takes
		nxt := r.nxt()
		r.c.Close()
		probe := r.pass(30 * time.Millisecond)
		if len(probe) == 0 || !probe[len(probe)-1].has(flagFIN) {
			t.Fatalf("no probe with the FIN: %d segments", len(probe))
		}
		r.in(r.ack(nxt, 60000))
		for range 60 {
			for _, o := range r.pass(time.Second) {
				if o.has(flagFIN) {
					return
				}
			}
		}
		t.Errorf("no FIN in a minute, the connection is in %s", r.state())
	})
}

// The tail loss probe behind a FIN (RFC 8985 7.3) has no more than was sent: SND.NXT is
// one beyond the text.
func TestProbeBehindFIN(t *testing.T) {
	onRig(t, func(r *rig) {
		r.secret(bytes.Repeat([]byte("SECRET42"), 500))
		r.open(60000, optMSS+optSACK)
		r.write(3000)
		r.c.Close()
		end := r.nxt()
		out := r.pass(150 * time.Millisecond)
		if len(out) == 0 {
			t.Error("no probe")
		}
		for _, o := range append(out, r.pass(550*time.Millisecond)...) {
			if end.less(o.seq.add(o.len())) {
				t.Errorf("sent %d bytes from %d on behind the FIN", len(o.data), o.seq-end)
			}
		}
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
