package stack

import (
	"math"
	"time"
)

// congestion is what we think of the network between us and the peer (RFC 5681).
type congestion struct {
	cwnd     int // the congestion window: how much may be on its way, in bytes
	ssthresh int // slow start goes up to here

	synLost bool // our SYN was sent more than once

	cwndLimited bool          // it was the window that kept us from sending more
	sentAt      time.Duration // when a segment was last sent
	paceAt      time.Duration // when the next one should be

	cubic cubic
}

// initialCwnd is the window of a new connection: "min (10*MSS, max (2*MSS, 14600))"
// (RFC 6928 2).
func initialCwnd(mss int) int { return min(10*mss, max(2*mss, 14600)) }

// openCongestion is told that the connection is ESTABLISHED.
func (c *Conn) openCongestion() {
	mss := c.effSndMSS()
	c.cc.cwnd, c.cc.ssthresh = initialCwnd(mss), 1<<30
	if c.cc.synLost {
		// "If the SYN or SYN/ACK is lost, the initial window ... MUST be one segment" (RFC
		// 5681 3.1).
		c.cc.cwnd = mss
		if c.rto.srtt == 0 {
			c.rto.rto, c.rto.backoff = handshakeRTO, 0 // RFC 6298 5.7
		}
	}
	c.recovery.recover = c.snd.iss // "set to the initial send sequence number" (RFC 6582 3.2)
}

// congestionFeedback is told of an acknowledgment: up to ack, acked bytes more than
// before, and delivered bytes more have arrived, in order or not.
func (c *Conn) congestionFeedback(ack seqNum, acked, delivered int, now time.Duration) {
	ended := c.endRecovery(ack)
	switch {
	case ended, c.cc.cwnd == 0: // in the handshake there is no window yet
	case c.recovery.recovering && !c.recovery.timedOut:
		c.prr(delivered)
	case acked > 0 && c.cc.cwndLimited:
		c.growWindow(acked, now)
	}
	if !c.recovery.recovering && c.recovery.recover.less(ack) {
		c.recovery.recover = ack - 1 // still behind, but never by 2^31 bytes (RFC 6582 6)
	}
}

// maxSlowStart is by how many segments the window grows at most for one ACK in slow
// start, so that one for very many does not make us send them all at once (RFC 3465,
// with the limit of RFC 9406 4.2).
const maxSlowStart = 8

// growWindow makes the window larger: in slow start by what was acknowledged, which
// doubles it each round trip; above ssthresh slowly.
func (c *Conn) growWindow(acked int, now time.Duration) {
	mss := c.effSndMSS()
	if c.cc.cwnd < c.cc.ssthresh {
		more := min(acked, maxSlowStart*mss, c.cc.ssthresh-c.cc.cwnd)
		c.cc.cwnd += more
		acked -= more
		c.cc.cubic.slowStart()
		if c.cc.cwnd < c.cc.ssthresh {
			return
		}
	}
	c.cc.cwnd = c.cc.cubic.grow(c.cc.cwnd, acked, mss, now, c.rto.srtt)
}

// restartAfterIdle forgets a window that was not in use for so long that it says nothing
// about the network any more: "a TCP SHOULD set cwnd to no more than RW before beginning
// transmission if the TCP has not sent data in an interval exceeding the retransmission
// timeout" (RFC 5681 4.1).
func (c *Conn) restartAfterIdle() {
	if len(c.sentSegments.live()) == 0 && c.cc.sentAt > 0 && c.s.clock()-c.cc.sentAt > c.rto.timeout() {
		c.cc.cwnd = min(c.cc.cwnd, initialCwnd(c.effSndMSS()))
	}
}

// sendWindow returns how far beyond SND.UNA we may send: as far as the peer's window, or
// less if the congestion window is used up before.
func (c *Conn) sendWindow() int {
	if len(c.sentSegments.live()) >= maxSentSegments {
		return 0
	}
	// One segment always goes. It may be longer than when cwnd was set: see pathMTULife.
	limit := int(c.snd.nxt-c.snd.una) + max(c.cc.cwnd, c.effSndMSS()) - c.pipe()
	if limit >= c.snd.wnd {
		return c.snd.wnd
	}
	if limit < int(c.end()-c.snd.una) { // there is more to send
		c.cc.cwndLimited = true
	}
	return limit
}

// paceQuantum is how much is sent at once, in time: a timer for each segment would cost
// more than it brings.
const paceQuantum = time.Millisecond

// Pacing spreads a window over the round trip. Without it, whatever one ACK allows goes
// out at once, and a router in the middle of a long path gets half a window in a burst:
// more than its queue has room for, although on average it would have time for all of
// it. Where a round trip takes no time there is nothing to be spread, whatever the average
// says: a few acknowledgments that the peer has delayed are enough to raise that.

// paced reports whether the next segment has to wait, and sees to it that it is sent
// later.
func (c *Conn) paced() bool {
	if c.rto.minRTT.near() || c.sentSegments.flight == 0 {
		return false
	}
	if c.runs(timerPace) {
		return true
	}
	now := c.s.clock()
	if c.cc.paceAt <= now+paceQuantum {
		return false
	}
	c.startTimer(timerPace, c.cc.paceAt-now)
	return true
}

// pace is told that n bytes were sent. In slow start the window is sent twice as fast as
// it would have to be, as it will be twice as large in the next round trip; later, a
// little faster.
func (c *Conn) pace(n int, now time.Duration) {
	window := max(c.cc.cwnd+c.cc.cwnd/5, 1)
	if c.cc.cwnd < c.cc.ssthresh {
		window = max(2*c.cc.cwnd, 1)
	}
	takes := func(n int) time.Duration { return c.rto.srtt * time.Duration(n) / time.Duration(window) }
	credit := takes(initialCwnd(c.effSndMSS())) // a burst that any path is expected to take
	c.cc.paceAt = min(max(c.cc.paceAt, now-credit)+takes(n), now+c.rto.srtt)
}

// CUBIC (RFC 9438): how the window grows above ssthresh. Where Reno adds one segment
// each round trip, so that it takes hours to fill a long fast path again after a loss,
// CUBIC's growth depends on the time since the last loss: fast at first, slow around the
// window at which something was lost, then faster and faster.
//
//	W(t) = C * (t - K)^3 + Wmax
const (
	cubicC    = 0.4
	cubicBeta = 0.7 // what is left of the window after a loss

	// cubicAlpha is Reno's rate of growth if it also left 0.7 of the window (4.3).
	cubicAlpha = 3 * (1 - cubicBeta) / (1 + cubicBeta)
)

// cubic has windows in bytes, as everywhere.
type cubic struct {
	elapsed  time.Duration // t: how long this stage of congestion avoidance has lasted
	updated  time.Duration // when the window last grew; 0: the stage has not begun
	wMax     float64       // the window at the last loss
	k        float64       // when the window is there again, in seconds from the stage's beginning
	wEst     float64       // what Reno's window would be
	fraction float64       // of a byte, that the window has not grown yet
}

// reduce returns ssthresh for a loss at a window (4.6). A flow that lost at a smaller
// window than before has company, and leaves more room (4.7).
func (q *cubic) reduce(cwnd, mss int) int {
	w := float64(cwnd)
	if w < q.wMax {
		q.wMax = w * (1 + cubicBeta) / 2
	} else {
		q.wMax = w
	}
	q.updated = 0
	return max(int(w*cubicBeta), 2*mss)
}

// collapse is for a timeout: in "the first congestion avoidance stage after a timeout" Wmax
// is the window that it begins with, and K is 0 (4.8).
func (q *cubic) collapse() { q.wMax, q.updated = 0, 0 }

// slowStart is told that the window grows by slow start: congestion avoidance begins anew
// behind it.
func (q *cubic) slowStart() { q.updated = 0 }

// grow returns the window after acked bytes were acknowledged (4.2 to 4.5).
func (q *cubic) grow(cwnd, acked, mss int, now, rtt time.Duration) int {
	w, segment := float64(cwnd), float64(mss)
	if q.updated == 0 {
		q.elapsed, q.updated, q.wEst, q.fraction = 0, now, w, 0
		q.wMax = max(q.wMax, w)
		q.k = math.Cbrt((q.wMax - w) / segment / cubicC)
	}
	// "The elapsed time t ... MUST NOT include periods during which cwnd has not been updated
	// due to application-limited behavior" (4.2). A window that is used up grows with each
	// ACK, so that more than a round trip between two of them was such a period.
	q.elapsed += min(now-q.updated, rtt)
	q.updated = now
	alpha := cubicAlpha
	if q.wEst >= q.wMax {
		alpha = 1
	}
	q.wEst += alpha * segment * float64(acked) / w
	t := (q.elapsed + rtt).Seconds() - q.k
	target := min(max(q.wMax+cubicC*t*t*t*segment, w), 1.5*w)
	next := max(w+(target-w)*float64(acked)/w, q.wEst) + q.fraction
	q.fraction = next - math.Floor(next)
	return int(next)
}
