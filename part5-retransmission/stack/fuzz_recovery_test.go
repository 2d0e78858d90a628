package stack

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

var (
	segSeeds = flag.Int("segseeds", 200, "how many seeds TestRandomSegments plays")
	segFirst = flag.Uint64("segfirst", 1, "the first of them")
)

// A peer that says whatever comes to its mind, near enough to the truth to be taken
// seriously: ACKs, SACK blocks, timestamps, windows, FINs, RSTs, ICMP errors, in batches;
// and a user who writes, reads, closes and changes his mind. Nothing may panic, and all
// invariants hold behind each batch.
func TestRandomSegments(t *testing.T) {
	seeds := uint64(*segSeeds)
	if *suite.Long {
		seeds *= 25
	}
	for seed := *segFirst; seed < *segFirst+seeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			onConnDirect(t, func(r *connDirect) { randomSegments(r, seed) })
		})
		if t.Failed() {
			return
		}
	}
	suite.Row{
		Area: "random", What: "a peer that says whatever comes to its mind: ACKs, SACK blocks, timestamps, windows, FINs, RSTs, ICMP errors",
		Source: "RFC 9293 3.10.7", Tried: fmt.Sprintf("%d peers", seeds),
		Outcome: "no panic; the invariants held behind each batch",
	}.Report(t)
}

// A segment is one of a batch more often than not; else the user does something, or time
// passes, or an ICMP error comes.
func randomSegments(r *connDirect, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 3))
	n := random.IntN
	if n(2) == 0 { // numbers that wrap soon
		r.s.fixISS(r.key, uint32(-n(30000)))
	}
	options := []string{"", optMSS, optMSS + optSACK, optMSS + optSACK + optTS, optMSS + optWS7 + optSACK + optTS,
		"02040030" + optSACK, "02040030" + optWS7 + optSACK + optTS, "02040218"}[n(8)]
	c := r.open([]uint16{0, 1, 100, 5000, 65535}[n(5)], options)
	r.l.Close()
	if n(2) == 0 {
		c.SetNoDelay(true)
	}
	var was edges
	for step := 0; step < 300; step++ {
		switch n(12) {
		case 0, 1:
			r.user(random)
		case 2:
			r.pass([]time.Duration{time.Microsecond, time.Millisecond, 50 * time.Millisecond, 300 * time.Millisecond, 5 * time.Second}[n(5)])
		case 3:
			if n(10) == 0 {
				r.icmpTooBig(random)
			}
		default:
			var batch []segment
			r.locked(func() {
				for range 1 + n(4) {
					batch = append(batch, r.random(random))
				}
			})
			r.in(batch...)
		}
		r.locked(func() { was = r.check(was) })
		if r.Failed() {
			r.Logf("seed %d step %d, state %s", seed, step, r.state())
			return
		}
	}
}

// check checks all invariants; and that no edge of the connection went back behind where
// it was. It returns where they are now.
func (r *connDirect) check(was edges) edges {
	c := r.c
	r.s.checkTCP(r.T)
	r.s.checkLoss(r.T)
	r.s.checkChunks(r.T, c)
	for _, o := range r.out {
		r.checkOut(o)
	}
	if c.state != stateClosed && c.state != stateTimeWait {
		c.checkBuffers(r.T)
	}
	return c.checkEdges(r.T, was)
}

// checkEdges checks that RCV.NXT, the right edge of the window and SND.UNA have not gone
// back behind where they were, and returns where they are. When the connection is over, no
// timer runs.
func (c *Conn) checkEdges(t *testing.T, was edges) edges {
	t.Helper()
	if c.state == stateClosed || c.state == stateTimeWait {
		for which, due := range c.timers.due {
			if due != 0 {
				t.Errorf("in %s timer %d runs", c.state, which)
			}
		}
		return was
	}
	now := edges{c.rcv.nxt, c.rcv.nxt.add(c.rcv.wnd), c.snd.una}
	if was != (edges{}) && c.receiving() && (now.nxt.less(was.nxt) || now.edge.less(was.edge) || now.una.less(was.una)) {
		t.Errorf("went back: %+v to %+v", was, now)
	}
	return now
}

// checkOut checks what the stack sends.
func (r *connDirect) checkOut(o segment) {
	c := r.c
	if o.has(flagRST) || c.state == stateClosed {
		return
	}
	if end := c.snd.nxt; end.less(o.seq.add(o.len())) {
		r.Errorf("sent up to %d, SND.NXT is %d", o.seq.add(o.len()), end)
	}
	if blocks := o.opt.sack; blocks.n > 0 && !c.sackOK {
		r.Error("SACK, not agreed")
	}
	if o.opt.timestamp != c.ts.on {
		r.Errorf("timestamps %v in a %x, agreed %v", o.opt.timestamp, o.flags, c.ts.on)
	}
	if len(o.data) > c.s.ourMSS() || len(o.data) > c.snd.mss {
		r.Errorf("%d bytes of data", len(o.data))
	}
}

// user is a call of the user.
func (r *connDirect) user(random *rand.Rand) {
	c, n := r.c, random.IntN
	deadline := func() { c.SetDeadline(time.Now().Add(time.Millisecond)) }
	switch n(14) {
	case 0, 1, 2, 3, 4:
		deadline()
		c.Write(make([]byte, []int{1, 10, 1000, 5000, 70000}[n(5)]))
	case 5, 6, 7:
		deadline()
		c.Read(make([]byte, []int{1, 100, 10000, 100000}[n(4)]))
	case 8:
		c.SetNoDelay(n(2) == 0)
	case 9:
		if n(3) == 0 {
			c.CloseWrite()
		}
	case 10:
		if n(5) == 0 {
			c.CloseRead()
		}
	case 11:
		if n(8) == 0 {
			c.Close()
		}
	case 12:
		c.SetKeepAlivePeriod(time.Duration(n(3)) * time.Second)
	case 13:
		if n(30) == 0 {
			c.Abort()
		}
	}
}

// random is a segment near the truth. The lock is held.
func (r *connDirect) random(random *rand.Rand) segment {
	c, n := r.c, random.IntN
	near := func(at seqNum, far int) seqNum {
		switch n(6) {
		case 0:
			return at
		case 1:
			return at.add(n(far+1) - far/2)
		case 2:
			return seqNum(random.Uint32())
		}
		return at.add(n(far + 1))
	}
	flight := int(c.snd.nxt - c.snd.una)
	seg := segment{flags: flagACK, seq: c.rcv.nxt, ack: c.snd.una, wnd: []uint16{0, 1, 40, 500, 5000, 65535}[n(6)]}
	switch n(4) {
	case 0:
		seg.ack = near(c.snd.una, flight)
	case 1:
		if flight > 0 {
			seg.ack = c.snd.una.add(n(flight + 1))
		}
	case 2:
		if live := c.sentSegments.live(); len(live) > 0 {
			seg.ack = live[n(len(live))].end
		}
	}
	switch n(8) {
	case 0:
		seg.seq = near(c.rcv.nxt, 70000)
	case 1, 2:
		seg.seq = c.rcv.nxt.add(n(5000))
	}
	if n(2) == 0 {
		seg.data = pattern([]int{1, 10, 500, 1448}[n(4)])
	}
	switch n(60) {
	case 0:
		seg.flags |= flagRST
	case 1, 2:
		seg.flags |= flagFIN
	case 3:
		seg.flags |= flagSYN
	case 4:
		seg.flags = uint8(random.Uint32())
	case 5:
		seg.flags |= flagURG
		seg.up = uint16(random.Uint32())
	}
	if n(2) == 0 {
		var blocks []span
		live := c.sentSegments.live()
		for range 1 + n(3) {
			b := span{near(c.snd.una, flight), near(c.snd.una, flight)}
			if len(live) > 0 && n(4) > 0 {
				i := n(len(live))
				b = span{live[i].seq, live[i+n(len(live)-i)].end}
			}
			if n(10) == 0 {
				b = span{c.snd.una - 100, c.snd.una}
			}
			blocks = append(blocks, b)
		}
		seg.options = sackOption(blocks...)
		if n(30) == 0 {
			seg.options[3] = byte(random.Uint32())
		}
	}
	if r.ts && n(20) == 0 {
		seg.options = binary.BigEndian.AppendUint32([]byte{1, 1, 8, 10}, random.Uint32())
		seg.options = binary.BigEndian.AppendUint32(seg.options, random.Uint32())
	}
	return seg
}

// icmpTooBig sends an error about a segment of ours: it was too large for the path.
func (r *connDirect) icmpTooBig(random *rand.Rand) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	seg := segment{srcPort: r.key.localPort, dstPort: r.key.remotePort, seq: r.c.snd.una, flags: flagACK}
	quote := make([]byte, tcpMinHeaderLen)
	seg.put(quote, ourIP, peerIP)
	d := fuzzDatagram(protocolTCP, quote)
	copy(d[12:20], []byte{10, 0, 0, 4, 10, 0, 0, 1})
	d[1] |= 2
	m := icmpBytes(icmpUnreachable, codeFragmentationNeeded, 0, uint16([]int{0, 68, 600, 1000, 1400}[random.IntN(5)]), fixDatagram(d))
	r.s.receiveFrame(append(unhex("020000000004 02000a000001 0800"), fixDatagram(fuzzDatagram(protocolICMP, m))...))
	r.s.answerAll()
}

type edges struct{ nxt, edge, una seqNum }
