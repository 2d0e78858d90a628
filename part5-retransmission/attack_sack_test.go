//go:build !race

package main

import (
	"fmt"
	"testing"
	"time"
)

// download has the peer acknowledge a stream of n bytes in the way that makes our window
// grow fastest, after a round trip of 10 ms. It returns how many segments were on their
// way at most.
func (a *target) download(c *Conn, n int, wnd uint16) (most int) {
	a.Helper()
	done := make(chan bool)
	go func() { c.Write(make([]byte, n)); close(done) }()
	for began := time.Now(); time.Since(began) < time.Hour; {
		time.Sleep(10 * time.Millisecond)
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
	onTarget(t, func(a *target) {
		const n = 3 << 20
		low := "02040001" + optSACK + optWS7
		a.forget = true
		first := a.open(999, low)
		a.download(first, n, 65535) // so that the pool of chunks is full
		conns := make([]*Conn, many(10, 500))
		before := heap()
		a.segments, a.bytes = 0, 0
		most := 0
		for i := range conns {
			c := a.open(uint16(1000+i), low)
			conns[i] = c
			most = max(most, a.download(c, n, 65535))
		}
		grown := (heap() - before) / int64(len(conns))
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
		robustRow{"attack", "an MSS of 1", "CVE-2019-11479", fmt.Sprintf("%d downloads of %d MB", len(conns), n>>20),
			fmt.Sprintf("segments of %d bytes, %.2f bytes sent for each of data; at most %d segments on their way; %d KB stay with an idle connection",
				conns[0].effSndMSS(), float64(a.bytes)/float64(n*len(conns)), most, grown>>10)}.report(t)
	})
}
