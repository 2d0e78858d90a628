package main

import "time"

// The retransmission timeout, RTO (RFC 6298): how long a segment may stay without an
// acknowledgment before it is sent again. Too short, and segments are sent again that
// were on their way; too long, and a loss costs more time than it has to.
const (
	initialRTO = time.Second // as long as no round trip has been measured (2.1)

	// minRTO: "Whenever RTO is computed, if it is less than 1 second, then the RTO SHOULD
	// be rounded up to 1 second" (2.4). Like Linux we take less, but more than any peer
	// delays its acknowledgments: on a cable like ours a second is ten thousand round
	// trips, and clocks have become better since.
	minRTO = 200 * time.Millisecond

	maxRTO = 60 * time.Second // "provided it is at least 60 seconds" (2.5)

	// handshakeRTO is the RTO behind a handshake in which a SYN was lost, if no round
	// trip was measured: 1 second was too short for it (5.7).
	handshakeRTO = 3 * time.Second

	clockGranularity = time.Millisecond // G
)

// rtoState is what RFC 6298 computes the RTO from.
type rtoState struct {
	srtt   time.Duration // SRTT, the smoothed round-trip time; 0: not measured yet
	rttvar time.Duration // RTTVAR, how much it varies
	rto    time.Duration // before any backing off
	minRTT minRTT        // the shortest round trip

	next    seqNum        // a segment from here on is the next one to be timed
	backoff int           // how often the timer has expired since the last measurement
	since   time.Duration // since when there is no answer, if the timer has expired; 0: it has not
	sign    bool          // the peer has answered since then, although it takes nothing
}

// startMeasuring is for a new connection, of which no round trip has been measured.
func (c *Conn) startMeasuring() {
	c.rto.rto = initialRTO
	c.startTimestamps()
}

// timeout returns the RTO with the backing off: "The host MUST set RTO <- RTO * 2"
// each time the timer expires (5.5).
func (r *rtoState) timeout() time.Duration {
	if r.backoff > 8 {
		return maxRTO
	}
	return min(r.rto<<r.backoff, maxRTO)
}

// sample takes in a measurement of the round-trip time, and ends the backing off.
func (r *rtoState) sample(rtt time.Duration) {
	if r.srtt == 0 { // (2.2)
		r.srtt = rtt
		r.rttvar = rtt / 2
	} else { // (2.3), with alpha = 1/8 and beta = 1/4, in this order
		r.rttvar += ((r.srtt - rtt).Abs() - r.rttvar) / 4
		r.srtt += (rtt - r.srtt) / 8
	}
	r.rto = min(max(r.srtt+max(clockGranularity, 4*r.rttvar), minRTO), maxRTO)
	r.backoff = 0
}

// measure is told of a segment that has reached the peer rtt after it was sent, and of
// which there was one copy only: "RTT samples MUST NOT be made using segments that were
// retransmitted" (3), as it would be a guess which copy was meant. One in each round
// trip is enough: with more, the average would forget too fast.
func (c *Conn) measure(seg *sentSegment, rtt, now time.Duration) {
	r := &c.rto
	if !seg.resent { // timestamps are too coarse for that
		r.minRTT.add(rtt, now, r.timeout())
	}
	if r.srtt == 0 || r.next.leq(seg.seq) || r.backoff > 0 {
		r.next = c.snd.nxt
		r.sample(max(rtt, 1))
	}
}
