package main

import "time"

// minRTTLife is for how long a round trip counts as the shortest, at least, and at most
// for twice as long. BBR takes the same.
const minRTTLife = 10 * time.Second

// minRTT is the shortest of the round trips that were measured lately. The others took
// longer because something waited in a queue, or for an ACK that was delayed. But it must
// not be the shortest of all times, as the path may change: it is "a windowed min-filtered
// estimate of recent RTT measurements that can adapt when migrating to significantly longer
// paths" (RFC 8985 6.2 step 1). So there are two: that of now, and its successor.
type minRTT struct {
	rtt         time.Duration // the shortest; 0: none was measured
	next        time.Duration // the shortest of those since
	since, last time.Duration // when next began, and when something was last measured
}

// add adds a measurement. What was measured before a pause says nothing any more, but
// the first one behind it is of an empty path.
func (m *minRTT) add(rtt, now, pause time.Duration) {
	rtt = max(rtt, 1)
	switch {
	case m.rtt == 0 || now-m.last > pause:
		m.rtt, m.next, m.since = rtt, rtt, now
	case now-m.since > minRTTLife:
		m.rtt, m.next, m.since = min(m.next, rtt), rtt, now
	default:
		m.rtt, m.next = min(m.rtt, rtt), min(m.next, rtt)
	}
	m.last = now
}

// near reports whether the peer is so close that nothing need ever be on its way for long.
func (m *minRTT) near() bool { return m.rtt > 0 && m.rtt < nearRTT }
