package stack

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// greedy opens a connection with so much to send that only the windows are in the way.
func (a *tcpDirect) greedy(options string, wnd uint16) *Conn {
	a.Helper()
	c := a.open(8000, options)
	a.ackAt(c, c.snd.una, wnd)
	go c.Write(make([]byte, 64<<20))
	a.pass(10 * time.Millisecond)
	return c
}

// ackAt has an ACK come, with SACK blocks or without.
func (a *tcpDirect) ackAt(c *Conn, ack seqNum, wnd uint16, blocks ...span) []segment {
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
		onTCPDirect(t, func(a *tcpDirect) {
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
		onTCPDirect(t, func(a *tcpDirect) {
			c := a.greedy(options, 65535)
			una, flight := c.snd.una, int(c.snd.nxt-c.snd.una)
			a.segments = 0
			acks := suite.Many(10_000, 1_000_000)
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
	onTCPDirect(t, func(a *tcpDirect) {
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

// stamped is the option with the peer's clock, which shows 1 at first.
func stamped(value uint32) []byte {
	list := binary.BigEndian.AppendUint32([]byte{tcpOptionNOP, tcpOptionNOP, tcpOptionTimestamps, 10}, value)
	return append(list, 0, 0, 0, 0)
}

// CVE-2005-0356: one forged segment with a timestamp of the future has PAWS (RFC 7323 5.3)
// drop all that the peer says, for 24 days. It must be as hard as to inject data (RFC 5961
// 5): who does not know the acknowledgment number has no say about TS.Recent, either. Nor
// may a segment that comes in another order than it was sent.
func TestAttackTimestamps(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		c := a.open(8000, optMSS)
		c.ts.on, c.ts.recent, c.ts.recentAt = true, 1, a.s.clock() // as if the SYNs had had it
		nxt, una := c.rcv.nxt, c.snd.una
		random := rand.New(rand.NewPCG(7323, 5))
		tried, answered := suite.Many(20_000, 200_000), 0
		for i := range tried {
			seg := segment{srcPort: 8000, dstPort: 80, seq: nxt, flags: flagACK, wnd: 1000, options: stamped(1 + uint32(random.Uint64N(1<<31)))}
			switch i % 4 {
			case 0, 1: // the right sequence number, and any acknowledgment
				seg.ack = una + 1 + seqNum(random.Int64N(1<<32-65535-2))
			case 2: // none at all
				seg.flags = 0
			case 3: // the right acknowledgment, and any sequence number
				seg.seq, seg.ack = nxt+65535+seqNum(random.Int64N(1<<32-65535-1460)), una
			}
			if i%2 == 1 {
				seg.data = make([]byte, 1460)
			}
			answered += len(a.hit(forge(peerIP, seg)))
			a.pass(time.Millisecond)
			if c.ts.recent != 1 {
				a.Fatalf("segment %d, %+v: TS.Recent is %d", i, seg, c.ts.recent)
			}
		}
		a.hit(forge(peerIP, segment{srcPort: 8000, dstPort: 80, seq: nxt, ack: una, flags: flagACK, wnd: 1000, options: stamped(2), data: []byte("honest")}))
		if c.readable() != 6 {
			t.Error("what the peer says is not taken any more")
		}
		// The peer's own old segments, which PAWS is for.
		old := suite.Many(20_000, 200_000)
		for range old {
			answered += len(a.hit(forge(peerIP, segment{srcPort: 8000, dstPort: 80, seq: c.rcv.nxt, ack: una, flags: flagACK, options: stamped(1), data: []byte("old")})))
			a.pass(time.Millisecond)
		}
		if c.readable() != 6 {
			t.Error("old segments are taken")
		}
		if limit := mostChallenges(time.Duration(tried+old) * time.Millisecond); answered > limit+tried/4 {
			t.Errorf("%d segments in return for %d", answered, tried+old)
		}
		suite.Row{Area: "attack", What: "forged timestamps", Source: "CVE-2005-0356, RFC 7323 5.3, RFC 5961 5", Tried: fmt.Sprintf("%d guesses with timestamps of the future, %d segments of the past", tried, old),
			Outcome: "TS.Recent does not move, the connection goes on"}.Report(t)
	})
}

// The same in TIME-WAIT: a timestamp of the future in a segment with any numbers would have
// the SYN of the peer's next connection taken for an old one (RFC 6191 2).
func TestAttackTimestampInTimeWait(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		c := a.open(8000, optMSS)
		c.ts.on, c.ts.recent = true, 1
		c.Close()
		last := segment{srcPort: 8000, dstPort: 80, seq: c.rcv.nxt, ack: c.snd.nxt, flags: flagFIN | flagACK, wnd: 1000, options: stamped(2)}
		a.hit(forge(peerIP, last))
		key := connKey{peerIP.As4(), 8000, 80}
		recent := func() uint32 { return a.s.tcp.timeWait.conns[key].ts.recent }
		for i, seg := range strangers(last.seq+1, last.ack) {
			if seg.has(flagSYN) {
				continue // that is the way to begin a new one (RFC 9293 3.6.1, MAY-2)
			}
			seg.srcPort, seg.dstPort, seg.options = 8000, 80, stamped(1<<30)
			a.hit(forge(peerIP, seg))
			if recent() > 2 {
				t.Fatalf("segment %d, %+v: TS.Recent is %d", i, seg, recent())
			}
		}
		last.options = stamped(3)
		a.hit(forge(peerIP, last))
		if recent() != 3 {
			t.Errorf("TS.Recent is %d after the peer's FIN with 3", recent())
		}
		next := segment{srcPort: 8000, dstPort: 80, seq: last.seq + 1000, flags: flagSYN, wnd: 1000, options: stamped(1000)}
		if sent := a.hit(forge(peerIP, next)); len(sent) != 1 || !sent[0].has(flagSYN) {
			t.Errorf("the next SYN is answered with %+v", sent)
		}
	})
}
