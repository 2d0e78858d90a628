package main

import (
	"math"
	"testing"
	"time"
)

// congestionAvoidance has a window grow for some time without a loss: each round trip all of
// it is acknowledged, two segments at a time. It returns the window at the end of each round
// trip.
func congestionAvoidance(q *cubic, cwnd, mss int, rtt, d time.Duration) (windows []int) {
	now := time.Hour
	for end := now + d; now < end; {
		acks := max(cwnd/(2*mss), 1)
		for range acks {
			now += rtt / time.Duration(acks)
			cwnd = q.grow(cwnd, 2*mss, mss, now, rtt)
		}
		windows = append(windows, cwnd)
	}
	return windows
}

// Above ssthresh: W_cubic(t) = C*(t-K)^3 + W_max, with K = cubic_root((W_max-cwnd_epoch)/C)
// (RFC 9438 4.2). After a loss at 1000 segments the window is 700, and K is 9.1 seconds.
func TestCubicGrowth(t *testing.T) {
	const mss, rtt = 1000, 100 * time.Millisecond
	var q cubic
	cwnd := q.reduce(1000*mss, mss)
	if cwnd != 700*mss {
		t.Fatalf("after a loss at 1000 segments it is %d bytes", cwnd)
	}
	k := math.Cbrt(300 / 0.4)
	for i, got := range congestionAvoidance(&q, cwnd, mss, rtt, 15*time.Second) {
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
	cwnd := q.reduce(20*mss, mss)
	windows := congestionAvoidance(&q, cwnd, mss, rtt, 400*time.Millisecond)
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
	if got := q.reduce(100_000, 1000); got != 70_000 || q.wMax != 100_000 {
		t.Errorf("ssthresh is %d, and Wmax %v", got, q.wMax)
	}
	if got := q.reduce(80_000, 1000); got != 56_000 || q.wMax != 80_000*1.7/2 {
		t.Errorf("ssthresh is %d, and Wmax %v", got, q.wMax)
	}
	if got := q.reduce(1000, 1000); got != 2000 {
		t.Errorf("ssthresh is %d, want two segments", got)
	}
}
