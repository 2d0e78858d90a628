package stack

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

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
	onTarget(t, func(a *target) {
		c := a.open(8000, optMSS)
		c.ts.on, c.ts.recent, c.ts.recentAt = true, 1, a.s.clock() // as if the SYNs had had it
		nxt, una := c.rcv.nxt, c.snd.una
		random := rand.New(rand.NewPCG(7323, 5))
		tried, answered := many(20_000, 200_000), 0
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
		old := many(20_000, 200_000)
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
	onTarget(t, func(a *target) {
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
