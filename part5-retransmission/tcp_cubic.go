package main

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
	began    time.Duration // of this period without a loss; 0: it has not begun
	wMax     float64       // the window at the last loss
	k        float64       // when the window is there again, in seconds from began
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
	q.began = 0
	return max(int(w*cubicBeta), 2*mss)
}

// grow returns the window after acked bytes were acknowledged (4.2 to 4.5).
func (q *cubic) grow(cwnd, acked, mss int, now, rtt time.Duration) int {
	w, segment := float64(cwnd), float64(mss)
	if q.began == 0 {
		q.began, q.wEst, q.fraction = now, w, 0
		q.wMax = max(q.wMax, w)
		q.k = math.Cbrt((q.wMax - w) / segment / cubicC)
	}
	alpha := cubicAlpha
	if q.wEst >= q.wMax {
		alpha = 1
	}
	q.wEst += alpha * segment * float64(acked) / w
	t := (now - q.began + rtt).Seconds() - q.k
	target := min(max(q.wMax+cubicC*t*t*t*segment, w), 1.5*w)
	next := max(w+(target-w)*float64(acked)/w, q.wEst) + q.fraction
	q.fraction = next - math.Floor(next)
	return int(next)
}
