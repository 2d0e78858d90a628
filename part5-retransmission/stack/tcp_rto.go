package stack

import (
	"fmt"
	"net/netip"
	"syscall"
	"time"
)

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

	// handshakeRTO is the RTO after a handshake in which a SYN was lost, if no round trip
	// was measured: 1 second was too short for it (5.7).
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

// RTOInfo is what is known of the round trip, by RFC 6298.
type RTOInfo struct {
	SRTT    time.Duration `json:"srtt_ns"`    // the smoothed round-trip time; 0: not measured yet
	RTTVAR  time.Duration `json:"rttvar_ns"`  // how much it varies
	RTO     time.Duration `json:"rto_ns"`     // the retransmission timeout, backed off
	Backoff int           `json:"backoff"`    // how often it was doubled
	MinRTT  time.Duration `json:"min_rtt_ns"` // the shortest round trip of late; 0: not measured yet
}

func (r *rtoState) info() RTOInfo {
	return RTOInfo{SRTT: r.srtt, RTTVAR: r.rttvar, RTO: r.timeout(), Backoff: r.backoff, MinRTT: r.minRTT.rtt}
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

// measure takes in the round trip of a segment of which there was only one copy: "RTT
// samples MUST NOT be made using segments that were retransmitted" (3), as it would be a
// guess which copy was meant. One in each round trip is enough: with more, the average
// would forget too fast.
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

// add adds a measurement. What was measured before a pause says nothing any more, but the
// first one after it is of an empty path.
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

const (
	// thresholdR1 is the number of retransmissions after which the layer below learns that
	// something may be wrong: "at least 3 retransmissions" (RFC 9293 3.8.3, SHLD-10).
	thresholdR1 = 3

	// userTimeout is how long the peer may be silent: the threshold R2, "at least 100
	// seconds" (3.8.3, SHLD-11). SetUserTimeout changes it (MUST-21).
	userTimeout = 5 * time.Minute

	// openTimeout is R2 for our SYN: "at least 3 minutes" (3.8.3, MUST-23).
	openTimeout = 3 * time.Minute

	// acceptTimeout is R2 for our SYN,ACK. It bends MUST-23, because strangers decide how
	// many half-open connections there are.
	acceptTimeout = time.Minute

	// closeTimeout is R2 once the user has closed.
	closeTimeout = 100 * time.Second
)

// errTimeout ends a connection whose peer does not answer.
var errTimeout = fmt.Errorf("the peer does not answer: %w", syscall.ETIMEDOUT)

// restartRetransmitTimer is called when something new was acknowledged: "restart the
// retransmission timer so that it will expire after RTO seconds" (RFC 6298 5.3), or, "when
// all outstanding data has been acknowledged, turn off the retransmission timer" (5.2).
func (c *Conn) restartRetransmitTimer() {
	c.stopTimer(timerLossProbe) // output starts it again
	if len(c.sentSegments.live()) == 0 {
		c.stopTimer(timerRetransmit)
		return
	}
	c.startTimer(timerRetransmit, c.rto.timeout())
}

// timeLeft returns how long a timer still runs.
func (c *Conn) timeLeft(which connTimer) time.Duration {
	return c.timers.due[which] - c.s.clock()
}

// RetransmissionTimeout is the event that there was no answer for as long as an RTO: what is on
// its way is taken for lost. In an open connection that begins a recovery, until RecoveryEnded.
type RetransmissionTimeout struct {
	ConnID
	Seq    uint32        `json:"seq"`       // the first number without an answer, counted as in SegmentPlace
	Waited time.Duration `json:"waited_ns"` // the RTO
}

func (e RetransmissionTimeout) String() string {
	return fmt.Sprintf("TCP %v: no answer for %v, sending again from %d", e.Remote, e.Waited.Round(time.Millisecond), e.Seq)
}

// retransmitTimeout is called when the timer expires (RFC 6298 5.4 to 5.6): there was no
// answer for as long as an RTO.
func (c *Conn) retransmitTimeout() {
	now := c.s.clock()
	if c.rto.since == 0 {
		c.rto.since = now
		if len(c.sentSegments.live()) > 0 && !(c.rto.sign && c.snd.wnd == 0) { // otherwise what was asked is answered
			c.rto.since -= c.rto.timeout()
		}
	}
	c.rto.sign = false
	if now-c.rto.since >= c.thresholdR2() {
		c.giveUp()
		return
	}
	waited := c.rto.timeout()
	c.rto.backoff++
	if c.rto.backoff >= thresholdR1 && c.rto.since < now { // a probe that was answered is no reason
		c.adviseNegatively(waited)
	}
	switch live := c.sentSegments.live(); {
	case len(live) == 0:
		c.probeWindow(-1)
	case c.snd.wnd == 0 && live[0].seq != c.snd.iss:
		c.probeWindow(0)
	default:
		if c.s.observed() {
			c.s.tell(RetransmissionTimeout{c.s.connID(c.key), uint32(live[0].seq - c.snd.iss), waited})
		}
		c.enterLoss()
		c.resend(0, "timeout")
	}
	if c.state != stateClosed { // the SYN may have failed at once
		c.startTimer(timerRetransmit, c.rto.timeout())
	}
}

// adviseNegatively says that nothing comes back from the peer, unless another connection's
// data were acknowledged by way of the same neighbour while this one has waited: then it is
// there, and what is missing was lost elsewhere. Where a full queue loses what comes to us,
// the neighbour's answer to ARP would be lost, too.
func (c *Conn) adviseNegatively(waited time.Duration) {
	s, peer := c.s, c.remote().Addr()
	if now := s.clock(); s.tcp.ackedAt > 0 && now-s.tcp.ackedAt < waited {
		theirs, err := s.nextHop(netip.AddrFrom4(s.tcp.acker))
		if ours, _ := s.nextHop(peer); err == nil && theirs == ours {
			return
		}
	}
	s.negativeAdvice(peer)
}

// thresholdR2 is how long to go on.
func (c *Conn) thresholdR2() time.Duration {
	switch {
	case c.state == stateSynSent:
		return openTimeout
	case c.state == stateSynReceived:
		return acceptTimeout
	case c.user.closed:
		return closeTimeout
	}
	return c.user.timeout
}

// giveUp ends the connection: "close the connection", when the threshold R2 is reached.
// If a router has told why the peer cannot be reached, the user learns that.
func (c *Conn) giveUp() {
	err := errTimeout
	if c.soft != nil {
		err = fmt.Errorf("the peer does not answer: %w", c.soft)
	}
	c.abort(err)
}

// SetUserTimeout sets how long the peer may leave what we sent without an answer before
// the connection is given up. 0 stands for the default, five minutes.
func (c *Conn) SetUserTimeout(d time.Duration) error {
	return c.set(func() {
		c.user.timeout = d
		if d <= 0 {
			c.user.timeout = userTimeout
		}
	})
}
