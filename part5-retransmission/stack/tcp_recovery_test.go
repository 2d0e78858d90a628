package stack

import (
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
	onConnDirect(t, func(r *connDirect) {
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

// A SACK by which some segments are lost, and a RST, come in one batch. "If the RST bit
// is set ... All segment queues should be flushed" (RFC 9293 3.10.7.4): what is lost is
// not sent again.
func TestResetBehindLoss(t *testing.T) {
	onConnDirect(t, func(r *connDirect) {
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
