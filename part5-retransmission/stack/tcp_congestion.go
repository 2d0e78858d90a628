package stack

import (
	"math"
	"time"
)

// congestion is what we think of the network between us and the peer (RFC 5681).
type congestion struct {
	congestionWindow
	control congestionControl // nil before ESTABLISHED

	synLost     bool          // our SYN was sent more than once
	cwndLimited bool          // it was the window that kept us from sending more
	sentAt      time.Duration // when a segment was last sent
	paceAt      time.Duration // when the next one should be
}

// congestionWindow says how much may be on its way, in bytes.
type congestionWindow struct {
	cwnd     int // the congestion window; 0 before ESTABLISHED
	ssthresh int // slow start goes up to here
	mss      int // a full segment, Eff.snd.MSS
}

// CongestionInfo is what we think of the network, in bytes.
type CongestionInfo struct {
	CWND     int  `json:"cwnd"`     // the congestion window; 0 before ESTABLISHED
	SSThresh int  `json:"ssthresh"` // slow start goes up to here
	Limited  bool `json:"limited"`  // it is the window that keeps us from sending more
}

func (cc *congestion) info() CongestionInfo {
	return CongestionInfo{cc.cwnd, cc.ssthresh, cc.cwndLimited}
}

// congestionControl is an algorithm that finds out how much the network takes. It sets the
// window; while losses are being repaired, the recovery leads the window down to ssthresh.
type congestionControl interface {
	// onACK takes in an acknowledgment of something new, outside of a recovery.
	onACK(w *congestionWindow, sample ackSample)
	// onLoss sets ssthresh: the window was too large. It is called once for all that is
	// lost in a round trip.
	onLoss(w *congestionWindow)
	// onTimeout is called, maybe after onLoss, when nothing has come back for an RTO: the
	// window is one segment, and slow start begins anew.
	onTimeout(w *congestionWindow)
}

// ackSample is what an acknowledgment tells.
type ackSample struct {
	now       time.Duration // when it came, by the stack's clock
	srtt      time.Duration // the smoothed round trip
	acked     int           // bytes that it covers and that were not known to have arrived
	delivered int           // the same with those after a gap
	limited   bool          // the window was used up; otherwise its size was not tried
}

// controlNamed returns what starts an algorithm for a new connection. It panics if there is
// none of that name.
func controlNamed(name string) func() congestionControl {
	switch name {
	case "cubic", "":
		return func() congestionControl { return new(cubic) }
	case "reno":
		return func() congestionControl { return new(reno) }
	}
	panic("stack: no such congestion control: " + name)
}

// initialCwnd is the window of a new connection: "min (10*MSS, max (2*MSS, 14600))"
// (RFC 6928 2).
func initialCwnd(mss int) int { return min(10*mss, max(2*mss, 14600)) }

// openCongestion starts congestion control when the connection is ESTABLISHED.
func (c *Conn) openCongestion() {
	mss := c.effSndMSS()
	c.cc.control = c.s.tcp.newControl()
	c.cc.congestionWindow = congestionWindow{cwnd: initialCwnd(mss), ssthresh: 1 << 30, mss: mss}
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

// restartAfterIdle forgets a window that was not in use for so long that it says nothing
// about the network any more: "a TCP SHOULD set cwnd to no more than RW before beginning
// transmission if the TCP has not sent data in an interval exceeding the retransmission
// timeout" (RFC 5681 4.1).
func (c *Conn) restartAfterIdle() {
	if c.cc.sentAt > 0 && c.s.clock()-c.cc.sentAt > c.rto.timeout() {
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

// maxSlowStart is by how many segments the window grows at most for one ACK in slow
// start, so that one for very many does not make us send them all at once (RFC 3465,
// with the limit of RFC 9406 4.2).
const maxSlowStart = 8

// slowStart makes the window larger by what was acknowledged, which doubles it in each round
// trip, up to ssthresh. It returns what is left of the acknowledged bytes.
func (w *congestionWindow) slowStart(acked int) (rest int) {
	more := min(acked, maxSlowStart*w.mss, w.ssthresh-w.cwnd)
	w.cwnd += more
	return acked - more
}

// reno is the congestion avoidance of RFC 5681 3.1: above ssthresh one segment more in each
// round trip, and half of the window after a loss.
type reno struct {
	acked int // bytes since the window last grew
}

func (r *reno) onACK(w *congestionWindow, s ackSample) {
	if !s.limited {
		return
	}
	acked := s.acked
	if w.cwnd < w.ssthresh {
		if acked = w.slowStart(acked); w.cwnd < w.ssthresh {
			return
		}
	}
	// "The RECOMMENDED way to increase cwnd during congestion avoidance is to count the number
	// of bytes that have been acknowledged by ACK segments for new data. When the number of
	// bytes acknowledged reaches cwnd, then cwnd can be incremented by up to SMSS bytes."
	if r.acked += acked; r.acked >= w.cwnd {
		r.acked -= w.cwnd
		w.cwnd += w.mss
	}
}

// onLoss sets "ssthresh = max (FlightSize / 2, 2*SMSS)" (equation 4). The window, which grows
// only while it is used up, is about FlightSize.
func (r *reno) onLoss(w *congestionWindow) {
	w.ssthresh = max(w.cwnd/2, 2*w.mss)
	r.acked = 0
}

func (r *reno) onTimeout(*congestionWindow) { r.acked = 0 }

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

func (q *cubic) onACK(w *congestionWindow, s ackSample) {
	if !s.limited {
		return
	}
	if w.cwnd < w.ssthresh {
		q.updated = 0 // after slow start, congestion avoidance begins anew
		if s.acked = w.slowStart(s.acked); w.cwnd < w.ssthresh {
			return
		}
	}
	w.cwnd = q.grow(w, s)
}

// onLoss sets ssthresh (4.6). A flow that lost at a smaller window than before has company,
// and leaves more room (4.7).
func (q *cubic) onLoss(w *congestionWindow) {
	if cwnd := float64(w.cwnd); cwnd < q.wMax {
		q.wMax = cwnd * (1 + cubicBeta) / 2
	} else {
		q.wMax = cwnd
	}
	q.updated = 0
	w.ssthresh = max(int(float64(w.cwnd)*cubicBeta), 2*w.mss)
}

// onTimeout sets Wmax and K: in "the first congestion avoidance stage after a timeout" Wmax
// is the window that it begins with, and K is 0 (4.8).
func (q *cubic) onTimeout(*congestionWindow) { q.wMax, q.updated = 0, 0 }

// grow returns the window after an acknowledgment in congestion avoidance (4.2 to 4.5).
func (q *cubic) grow(w *congestionWindow, s ackSample) int {
	cwnd, acked, segment := float64(w.cwnd), float64(s.acked), float64(w.mss)
	if q.updated == 0 {
		q.elapsed, q.updated, q.wEst, q.fraction = 0, s.now, cwnd, 0
		q.wMax = max(q.wMax, cwnd)
		q.k = math.Cbrt((q.wMax - cwnd) / segment / cubicC)
	}
	// "The elapsed time t ... MUST NOT include periods during which cwnd has not been updated
	// due to application-limited behavior" (4.2). A window that is used up grows with each
	// ACK, so that more than a round trip between two of them was such a period.
	q.elapsed += min(s.now-q.updated, s.srtt)
	q.updated = s.now
	alpha := cubicAlpha
	if q.wEst >= q.wMax {
		alpha = 1
	}
	q.wEst += alpha * segment * acked / cwnd
	t := (q.elapsed + s.srtt).Seconds() - q.k
	target := min(max(q.wMax+cubicC*t*t*t*segment, cwnd), 1.5*cwnd)
	next := max(cwnd+(target-cwnd)*acked/cwnd, q.wEst) + q.fraction
	q.fraction = next - math.Floor(next)
	return int(next)
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

// pace notes that n bytes were sent. In slow start the window is sent twice as fast as
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
