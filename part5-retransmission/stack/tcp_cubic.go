package stack

import (
	"math"
	"time"
)

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
