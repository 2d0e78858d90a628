package stack

import (
	"math"
	"testing"
	"time"
)

// lossAt returns the window of a connection that had one of cwnd bytes, lost something, and
// has recovered.
func lossAt(control congestionControl, cwnd, mss int) *congestionWindow {
	w := &congestionWindow{cwnd: cwnd, mss: mss}
	control.onLoss(w)
	w.cwnd = w.ssthresh
	return w
}

// acknowledge has control take in the acknowledgment of two segments, which used up the window.
func acknowledge(control congestionControl, w *congestionWindow, now, rtt time.Duration) {
	control.onACK(w, ackSample{now: now, srtt: rtt, acked: 2 * w.mss, delivered: 2 * w.mss, limited: true})
}

// congestionAvoidance has a window grow for some time without a loss: each round trip all of
// it is acknowledged, two segments at a time. It returns the window at the end of each round
// trip.
func congestionAvoidance(control congestionControl, w *congestionWindow, rtt, d time.Duration) (windows []int) {
	now := time.Hour
	for end := now + d; now < end; {
		acks := max(w.cwnd/(2*w.mss), 1)
		for range acks {
			now += rtt / time.Duration(acks)
			acknowledge(control, w, now, rtt)
		}
		windows = append(windows, w.cwnd)
	}
	return windows
}

// Above ssthresh: W_cubic(t) = C*(t-K)^3 + W_max, with K = cubic_root((W_max-cwnd_epoch)/C)
// (RFC 9438 4.2). After a loss at 1000 segments the window is 700, and K is 9.1 seconds.
func TestCubicGrowth(t *testing.T) {
	const mss, rtt = 1000, 100 * time.Millisecond
	var q cubic
	w := lossAt(&q, 1000*mss, mss)
	if w.cwnd != 700*mss {
		t.Fatalf("after a loss at 1000 segments it is %d bytes", w.cwnd)
	}
	k := math.Cbrt(300 / 0.4)
	for i, got := range congestionAvoidance(&q, w, rtt, 15*time.Second) {
		at := float64(i+1)*rtt.Seconds() - k
		want := 0.4*at*at*at + 1000
		if math.Abs(float64(got)/mss-want) > 0.03*want {
			t.Fatalf("after %v it is %d bytes, want %.0f segments", time.Duration(i+1)*rtt, got, want)
		}
	}
}

// Where Reno would be faster, the window grows as Reno's would, on average, which makes it
// one segment for each round trip or a little less (RFC 9438 4.3; RFC 5681 3.1: "During
// congestion avoidance, cwnd is incremented by roughly 1 full-sized segment per round-trip
// time").
func TestCubicRenoFriendly(t *testing.T) {
	const mss, rtt = 1000, 10 * time.Millisecond
	var q cubic
	windows := congestionAvoidance(&q, lossAt(&q, 20*mss, mss), rtt, 400*time.Millisecond)
	n := len(windows)
	slope := func(from, to int) float64 { return float64(windows[to]-windows[from]) / mss / float64(to-from) }
	// alpha is 3*(1-0.7)/(1+0.7) = 0.53 up to the window of the loss, 1 from there on.
	if got := slope(0, 9); got < 0.45 || got > 0.6 {
		t.Errorf("below Wmax it grows by %.2f segments in a round trip, want 0.53: %v", got, windows)
	}
	if got := slope(n-15, n-1); got < 0.9 || got > 1.1 {
		t.Errorf("above Wmax it grows by %.2f segments in a round trip, want 1: %v", got, windows)
	}
}

// What a loss leaves: 0.7 of the window, and two segments at least (RFC 9438 4.6). Whoever
// loses again before he has reached Wmax makes room for others (4.7).
func TestCubicReduce(t *testing.T) {
	var q cubic
	if w := lossAt(&q, 100_000, 1000); w.ssthresh != 70_000 || q.wMax != 100_000 {
		t.Errorf("ssthresh is %d, and Wmax %v", w.ssthresh, q.wMax)
	}
	if w := lossAt(&q, 80_000, 1000); w.ssthresh != 56_000 || q.wMax != 80_000*1.7/2 {
		t.Errorf("ssthresh is %d, and Wmax %v", w.ssthresh, q.wMax)
	}
	if w := lossAt(&q, 1000, 1000); w.ssthresh != 2000 {
		t.Errorf("ssthresh is %d, want two segments", w.ssthresh)
	}
}

// However long a pause in which nothing makes the window grow, it grows on from where it
// was: "The elapsed time t ... MUST NOT include periods during which cwnd has not been
// updated due to application-limited behavior" (RFC 9438 4.2).
func TestCubicPause(t *testing.T) {
	const mss, rtt = 1000, 100 * time.Millisecond
	after := func(pause time.Duration) int {
		var q cubic
		w, now := lossAt(&q, 100*mss, mss), time.Hour
		acknowledge(&q, w, now, rtt)
		now += pause
		for range 35 { // one round trip
			now += rtt / 35
			acknowledge(&q, w, now, rtt)
		}
		return w.cwnd
	}
	for _, pause := range []time.Duration{time.Second, time.Minute, time.Hour, 60 * 24 * time.Hour} {
		if got, want := after(pause), after(rtt); got != want {
			t.Errorf("a round trip after %v it is %d bytes, want %d", pause, got, want)
		}
	}
}

// After a timeout K is 0, and the window is slow at first from where slow start has ended,
// wherever the loss was (RFC 9438 4.8). After slow start congestion avoidance begins anew
// in any case.
func TestCubicStages(t *testing.T) {
	const mss, rtt = 1000, 100 * time.Millisecond
	var q cubic
	w := lossAt(&q, 1000*mss, mss)
	q.onTimeout(w)
	w.cwnd -= mss // the last segment of slow start
	acknowledge(&q, w, time.Hour, rtt)
	if q.k != 0 || q.wMax != 700*mss {
		t.Errorf("after a timeout K is %v and Wmax %v, want 0 and %d", q.k, q.wMax, 700*mss)
	}
	w = lossAt(&q, 1000*mss, mss)
	congestionAvoidance(&q, w, rtt, time.Minute)
	w.cwnd = w.ssthresh - mss // as after an idle time
	acknowledge(&q, w, 2*time.Hour, rtt)
	if want := math.Cbrt(300 / cubicC); q.elapsed != 0 || q.wMax != 1000*mss || math.Abs(q.k-want) > 0.01 {
		t.Errorf("after slow start t is %v, K %v, Wmax %v", q.elapsed, q.k, q.wMax)
	}
}

// Reno leaves half of the window after a loss, and adds a segment in each round trip from there
// on: "During congestion avoidance, cwnd is incremented by roughly 1 full-sized segment per
// round-trip time" (RFC 5681 3.1).
func TestReno(t *testing.T) {
	const mss, rtt = 1000, 100 * time.Millisecond
	var r reno
	w := lossAt(&r, 100*mss, mss)
	if w.cwnd != 50*mss {
		t.Fatalf("after a loss at 100 segments it is %d bytes", w.cwnd)
	}
	windows := congestionAvoidance(&r, w, rtt, 20*rtt)
	for i, got := range windows {
		if want := (51 + i) * mss; got < want-mss || got > want {
			t.Errorf("after %d round trips it is %d bytes, want %d", i+1, got, want)
		}
	}
	if w := lossAt(&r, 3*mss, mss); w.ssthresh != 2*mss {
		t.Errorf("ssthresh is %d, want two segments", w.ssthresh)
	}
	was := *w
	r.onACK(w, ackSample{acked: 100 * mss})
	if *w != was {
		t.Errorf("what did not use up the window has changed it: %+v, and it was %+v", *w, was)
	}
}
