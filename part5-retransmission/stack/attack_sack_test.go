//go:build linux && !race

// (What is measured here is CPU time, which only Linux tells, and which the race detector
// multiplies.)

package stack

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// download has the peer acknowledge a stream of n bytes in the way that makes our window
// grow fastest, after a round trip of 10 ms. It returns how many segments were on their
// way at most.
func (a *tcpDirect) download(c *Conn, n int, wnd uint16) (most int) {
	a.Helper()
	done := make(chan bool)
	go func() { c.Write(make([]byte, n)); close(done) }()
	for began := time.Now(); time.Since(began) < time.Hour; {
		a.pass(10 * time.Millisecond)
		most = max(most, len(c.sentSegments.live()))
		var acks [][]byte
		for ack := c.snd.una; ack != c.snd.nxt; { // as many as make the window grow fastest
			ack = ack.add(min(int(c.snd.nxt-ack), maxSlowStart*c.effSndMSS()))
			acks = append(acks, forge(peerIP, segment{srcPort: c.key.remotePort, dstPort: 80, seq: c.rcv.nxt, ack: ack, flags: flagACK, wnd: wnd}))
		}
		a.hit(acks...)
		select {
		case <-done:
			if c.snd.una == c.end() {
				return most
			}
		default:
		}
	}
	a.Errorf("the download does not end: %d bytes are left", c.end()-c.snd.una)
	return most
}

// A peer that asks for tiny segments (CVE-2019-11479) and has a large window: how many
// segments are on their way at most, and what is left of the list of them when all are
// acknowledged. An idle connection must not cost what it needed at its best.
func TestAttackLowMSS(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		const n = 3 << 20
		low := "02040001" + optSACK + optWS7
		a.forget = true
		first := a.open(999, low)
		a.download(first, n, 65535) // so that the pool of chunks is full
		conns := make([]*Conn, suite.Many(10, 500))
		before := suite.Heap()
		a.segments, a.bytes = 0, 0
		most := 0
		for i := range conns {
			c := a.open(uint16(1000+i), low)
			conns[i] = c
			most = max(most, a.download(c, n, 65535))
		}
		grown := (suite.Heap() - before) / int64(len(conns))
		if most > maxSentSegments || most < maxSentSegments/2 {
			t.Errorf("up to %d segments were on their way, at most %d", most, maxSentSegments)
		}
		if grown > 32<<10 {
			t.Errorf("%d bytes stay with each connection", grown)
		}
		if min := n / minMSS * len(conns); a.segments > min*21/20 {
			t.Errorf("%d segments, %d would do", a.segments, min)
		}
		for _, c := range conns {
			if c.state != stateEstablished {
				t.Errorf("in %s", c.state)
			}
		}
		suite.Row{Area: "attack", What: "an MSS of 1", Source: "CVE-2019-11479", Tried: fmt.Sprintf("%d downloads of %d MB", len(conns), n>>20),
			Outcome: fmt.Sprintf("segments of %d bytes, %.2f bytes sent for each of data; at most %d segments on their way; %d KB stay with an idle connection",
				conns[0].effSndMSS(), float64(a.bytes)/float64(n*len(conns)), most, grown>>10)}.Report(t)
	})
}

// SACK panic and its kin (CVE-2019-11477, 11478): with the least MSS and the largest window,
// blocks that mark every second segment, as many as there can be, in the order that makes
// the list longest. The scoreboard stays as long as it is, and an ACK is cheap.
func TestAttackSACKHoles(t *testing.T) {
	onTCPDirect(t, func(a *tcpDirect) {
		c := a.open(8000, "02040001"+optSACK+optWS7)
		a.forget = true
		a.ackAt(c, c.snd.una, 65535)
		a.download(c, 2<<20, 65535) // so that the congestion window is large
		go c.Write(make([]byte, 4<<20))
		for range 12 { // paced, and before the timer is due
			a.pass(10 * time.Millisecond)
		}
		live := len(c.sentSegments.live())
		if live < 1000 {
			a.Fatalf("only %d segments are on their way", live)
		}
		una, mss := c.snd.una, c.effSndMSS()
		acks, before := 0, suite.Heap()
		a.segments = 0
		began := cpuTime()
		for i := live - 2; i > 8; i -= 8 { // every second one, the last first
			var blocks []span
			for j := range 4 {
				at := una.add((i - 2*j) * mss)
				blocks = append(blocks, span{at, at.add(mss)})
			}
			a.ackAt(c, una, 65535, blocks...)
			acks++
		}
		each := (cpuTime() - began) / time.Duration(acks)
		grown := suite.Heap() - before
		if n := len(c.sentSegments.live()); n > maxSentSegments { // not even with tail loss probes
			t.Errorf("the list has %d segments", n)
		}
		if grown > 4<<20 {
			t.Errorf("the heap has grown by %d bytes", grown)
		}
		if each > 5*time.Millisecond { // a machine that is busy takes its time
			t.Errorf("%v for one ACK", each)
		}
		sent := a.segments
		if sent > 2*live {
			t.Errorf("%d segments for %d ACKs", sent, acks)
		}
		a.ackAt(c, c.snd.nxt, 65535)
		if c.snd.una == una || c.state != stateEstablished {
			t.Errorf("%s, and nothing goes on", c.state)
		}
		suite.Row{Area: "attack", What: "SACK blocks with thousands of holes", Source: "CVE-2019-11477, CVE-2019-11478", Tried: fmt.Sprintf("%d segments of %d bytes on their way, %d ACKs with four blocks each", live, mss, acks),
			Outcome: fmt.Sprintf("less than %v of CPU for one ACK; %d segments sent again; %d KB more memory", max(time.Millisecond, each.Round(time.Millisecond)), sent, max(0, grown>>10))}.Report(t)
		c.Abort()
	})
}

// cpuTime is how much of it this process has had: the clock of a bubble stands still.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
