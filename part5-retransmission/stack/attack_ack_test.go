package stack

import (
	"fmt"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// greedy opens a connection with so much to send that only the windows are in the way.
func (a *target) greedy(options string, wnd uint16) *Conn {
	a.Helper()
	c := a.open(8000, options)
	a.ackAt(c, c.snd.una, wnd)
	go c.Write(make([]byte, 64<<20))
	a.pass(10 * time.Millisecond)
	return c
}

// ackAt has an ACK come, with SACK blocks or without.
func (a *target) ackAt(c *Conn, ack seqNum, wnd uint16, blocks ...span) []segment {
	seg := segment{srcPort: c.key.remotePort, dstPort: 80, seq: c.rcv.nxt, ack: ack, flags: flagACK, wnd: wnd}
	if len(blocks) > 0 {
		seg.options = sackOption(blocks...)
	}
	return a.hit(forge(peerIP, seg))
}

// Savage et al., "TCP Congestion Control with a Misbehaving Receiver", 1999. ACK division:
// many ACKs for one segment. Bytes count here, and not ACKs (RFC 3465).
func TestAttackACKDivision(t *testing.T) {
	const mss = 1460
	window := func(acks int) (cwnd int) {
		onTarget(t, func(a *target) {
			c := a.greedy(optMSS, 65535)
			una := c.snd.una
			for i := 1; i <= acks; i++ {
				a.ackAt(c, una.add(mss*i/acks), 65535)
			}
			cwnd = c.cc.cwnd
		})
		return cwnd
	}
	one, divided := window(1), window(mss)
	if divided > one {
		t.Errorf("cwnd is %d after %d ACKs for a segment, and %d after one", divided, mss, one)
	}
	suite.Row{Area: "attack", What: "ACK division", Source: "Savage et al. 1999, RFC 3465", Tried: fmt.Sprintf("%d ACKs for one segment", mss),
		Outcome: fmt.Sprintf("cwnd %d, by one ACK %d: nothing gained", divided, one)}.Report(t)
}

// Duplicate ACKs that nobody has counted: each lets a segment go as if one had arrived (RFC
// 5681 3.2), up to those that are on their way ("there cannot have been more").
func TestAttackDuplicateACKs(t *testing.T) {
	for what, options := range map[string]string{"duplicate ACKs, without SACK": optMSS, "duplicate ACKs, with SACK": optMSS + optSACK} {
		onTarget(t, func(a *target) {
			c := a.greedy(options, 65535)
			una, flight := c.snd.una, int(c.snd.nxt-c.snd.una)
			a.segments = 0
			acks := many(10_000, 1_000_000)
			for range acks {
				a.ackAt(c, una, 65535)
			}
			if grown := int(c.snd.nxt - una); grown > 3*flight {
				t.Errorf("%d bytes are on their way, and %d were: duplicate ACKs open the window", grown, flight)
			}
			if a.segments > 50 {
				t.Errorf("%d segments for %d ACKs", a.segments, acks)
			}
			suite.Row{Area: "attack", What: what, Source: "Savage et al. 1999, RFC 5681 3.2", Tried: fmt.Sprintf("%d forged duplicate ACKs", acks),
				Outcome: fmt.Sprintf("%d segments sent: %d bytes on their way, where %d were", a.segments, c.snd.nxt-una, flight)}.Report(t)
		})
	}
}

// Optimistic ACKs: for what has not arrived, and may be lost. What was not sent cannot be
// acknowledged (RFC 5961 5); what was sent can, and nothing tells that from the truth: the
// congestion window grows as on a path without losses. It is the peer's own data that are
// missing then. How much we send for each byte that comes is what an attacker gains.
func TestAttackOptimisticACKs(t *testing.T) {
	onTarget(t, func(a *target) {
		c := a.greedy(optMSS+optWS7, 65535)
		a.forget = true
		una := c.snd.una
		for i := range 1000 { // guesses, all beyond SND.NXT
			a.ackAt(c, c.snd.nxt.add(1+1460*i), 65535)
		}
		if c.snd.una != una {
			a.Fatalf("what was not sent was acknowledged")
		}
		before, acks := a.bytes, 0
		for began := time.Now(); time.Since(began) < time.Second; acks++ {
			a.ackAt(c, c.snd.nxt, 65535)
			a.pass(10 * time.Millisecond)
		}
		came := acks * len(forge(peerIP, segment{}))
		factor := float64(a.bytes-before) / float64(came)
		if cwnd := c.cc.cwnd; cwnd > maxBuffer {
			t.Errorf("cwnd is %d", cwnd)
		}
		if most := int64(maxBuffer) * int64(acks); int64(c.snd.una-una) > most {
			t.Errorf("%d bytes", c.snd.una-una)
		}
		suite.Row{Area: "attack", What: "optimistic ACKs", Source: "Savage et al. 1999; RFC 5961 5", Tried: fmt.Sprintf("1000 ACKs of what was not sent; %d of all that was, one in 10 ms", acks),
			Outcome: fmt.Sprintf("the first are refused; by the others cwnd grows to %d KB, and %.0f bytes are sent for one that comes: as by any ACKs", c.cc.cwnd>>10, factor)}.Report(t)
		c.Abort()
	})
}
