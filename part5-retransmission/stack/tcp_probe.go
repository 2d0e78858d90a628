package stack

import "time"

// Zero-window probing (RFC 9293 3.8.6.1): when the peer's window is 0, it will tell us
// that it is open again with an ACK, which may be lost, and ACKs are not repeated. So we
// ask, by sending a byte that it need not take; the retransmission timer says when.

// watchWindow makes sure that a closed window is probed, if there is something to send
// and nothing on its way that could be answered. "The transmitting host SHOULD send the
// first zero-window probe when a zero window has existed for the retransmission timeout
// period" (SHLD-29), and "increase exponentially the interval" (SHLD-30).
func (c *Conn) watchWindow() {
	waits := c.snd.nxt.less(c.end()) || c.snd.closed && c.snd.nxt == c.end()
	if waits && c.snd.wnd == 0 && len(c.sentSegments.live()) == 0 && !c.runs(timerRetransmit) {
		c.startTimer(timerRetransmit, c.rto.timeout())
	}
}

// probeWindow sends "at least one octet of new data (if available)": one that was never
// sent, or again the segment i.
func (c *Conn) probeWindow(i int) {
	if !c.sending() {
		return
	}
	wnd := c.snd.wnd
	c.snd.wnd = max(wnd, 1)
	if i >= 0 {
		c.resend(i)
	} else { // more than one if the window is open by now, and only too small
		c.sendText(c.snd.nxt, min(c.snd.wnd, int(c.end()-c.snd.nxt), c.effSndMSS()))
	}
	c.snd.wnd = wnd
}

// noteRefusal is told of an acknowledgment: if it opens the window again and does not
// cover what was sent into the closed one, that was refused, and goes again at once.
// Otherwise the timer need not run for as long as the probes had backed off; but it is
// not put off. Only "an ACK ... that acknowledges new data" does that (RFC 6298 5.3): a
// window that opens and closes all the time would else have us wait for ever.
func (c *Conn) noteRefusal(seg *segment) {
	if c.snd.wnd > 0 || seg.wnd == 0 || seg.ack != c.snd.una {
		return
	}
	c.rto.backoff = 0
	switch {
	case len(c.sentSegments.live()) == 1:
		c.sentSegments.lose(0)
		c.restartRetransmitTimer()
	case c.runs(timerRetransmit):
		c.startTimer(timerRetransmit, min(c.timeLeft(timerRetransmit), c.rto.timeout()))
	}
}

// lastAckDelay is how long a peer may delay the acknowledgment of a single segment, for
// all that we know at first: it may be up to half a second (RFC 9293 3.8.6.3).
const lastAckDelay = 200 * time.Millisecond

// probeFloor is the shortest time after which we probe: goroutines, ours and the peer's,
// need as long to be woken.
const probeFloor = time.Millisecond

// tailProbe is the tail loss probe of RFC 8985 7: if the last segments of all are lost,
// nothing comes behind them that would show it, and only the retransmission timer is
// left, which is long. So after two round trips without an answer one segment is sent,
// to get one.
//
// The RFC leaves it at one segment, for a connection that is not in a recovery. Three
// things go further, for each of which there is nothing but the timer otherwise:
//
//   - We probe in a recovery, too: what is sent again may be lost together with all that
//     came behind it.
//   - If there is something new, two segments of it are sent: if it was only an ACK that
//     was lost, the peer answers the second one at once, while it may keep the answer to a
//     single one for half a second (RFC 9293 3.8.6.3).
//   - A probe may be lost like anything else. So it is repeated, each time after twice the
//     time, until the retransmission timer expires.
//
// QUIC does the last two for the same reasons (RFC 9002 6.2.1, 6.2.4).
type tailProbe struct {
	sent  int    // how many are on their way
	again bool   // the last was nothing new
	end   seqNum // SND.NXT when it was sent, or when the timer was started
}

// probeSegments is how many new segments a probe consists of, at most.
const probeSegments = 2

// watchTail sets the timer for the probe: "after transmitting new data (that was not itself
// a loss probe)" it starts anew (RFC 8985 7.2), as it is for the last segment.
func (c *Conn) watchTail() {
	waits := c.runs(timerLossProbe) && (c.tail.sent > 0 || c.tail.end == c.snd.nxt)
	if !c.sackOK || c.recovery.timedOut || waits || c.rto.srtt == 0 || c.snd.wnd == 0 || len(c.sentSegments.live()) == 0 {
		return
	}
	d := max(2*c.rto.srtt, probeFloor) << c.tail.sent
	if c.sentSegments.flight <= c.effSndMSS() && c.sentSegments.sacked == 0 { // at a gap nobody delays (RFC 5681 4.2)
		d += lastAckDelay << c.rto.backoff
	}
	if left := c.timeLeft(timerRetransmit); c.tail.sent == 0 {
		c.tail.end = c.snd.nxt
		c.startTimer(timerLossProbe, min(d, left))
	} else if d < left {
		c.startTimer(timerLossProbe, d)
	}
}

// probeTail sends the probe: the next segment, or else the last one again that the peer
// may not have.
func (c *Conn) probeTail() {
	live := c.sentSegments.live()
	if len(live) == 0 || !c.sending() {
		return
	}
	c.s.note("TCP %v: no answer, a tail loss probe goes out", c.remote())
	c.tail.sent++
	c.tail.again = !c.probeNew()
	if c.tail.again {
		last := len(live) - 1
		for last > 0 && (live[last].sacked || !live[last].seq.in(c.snd.una, c.snd.wnd)) {
			last-- // it has arrived, or is beyond a window that has shrunk (RFC 9293 3.8.6, SHLD-16)
		}
		c.resend(last)
	}
	c.tail.end = c.snd.nxt
	if c.tail.sent == 1 {
		c.startTimer(timerRetransmit, c.rto.timeout())
	}
	c.watchTail()
}

// probeNew sends what has not been sent yet, and reports whether there is any.
func (c *Conn) probeNew() bool {
	for i := range probeSegments {
		queued := int(int32(c.end() - c.snd.nxt)) // -1 if the FIN is on its way, too
		room := c.snd.wnd - int(c.snd.nxt-c.snd.una)
		n := min(queued, room, c.effSndMSS())
		if n <= 0 || len(c.sentSegments.live()) >= maxSentSegments {
			return i > 0
		}
		c.sendText(c.snd.nxt, n)
	}
	return true
}

// endProbe is told of an acknowledgment. If it covers the probe and there was only one
// copy of it, the original was lost, and the probe has hidden that: the window has been
// too large.
//
// In a recovery there may be another one as soon as anything has arrived. If nothing does,
// only the retransmission timer helps, which a first probe starts anew.
func (c *Conn) endProbe(seg *segment, arrived bool) {
	if c.tail.sent == 0 || seg.ack.less(c.tail.end) && !(c.recovery.recovering && arrived) {
		return
	}
	if c.tail.again && !seg.hasDSACK() && !c.recovery.recovering && c.cc.cwnd > 0 {
		c.cc.ssthresh = c.cc.cubic.reduce(c.cc.cwnd, c.effSndMSS())
		c.cc.cwnd = c.cc.ssthresh
	}
	if c.tail.again {
		// Nobody knows which copy was answered. Was it the first, and only late, so would be the
		// next one's answer: so we wait for longer until a round trip is measured (Karn).
		c.rto.backoff = max(c.rto.backoff, 1)
	}
	c.tail = tailProbe{}
}

// Keep-alives (RFC 9293 3.8.4): a connection on which nobody says anything is asked, now
// and then, whether the peer is still there. They "MUST default to off" (MUST-25).
const (
	// keepAliveIdle "MUST default to no less than two hours" (MUST-28).
	keepAliveIdle = 2 * time.Hour

	keepAliveInterval = 75 * time.Second // between probes that are not answered

	// keepAliveProbes may stay without an answer: an ACK can be lost, so one "MUST NOT"
	// be enough to call the connection dead (MUST-29).
	keepAliveProbes = 9
)

type keepAlive struct {
	idle  time.Duration // 0: off
	heard time.Duration // when something last came from the peer, by the stack's clock
	asked int           // probes since then
}

// SetKeepAlive turns keep-alives on or off (MUST-24).
func (c *Conn) SetKeepAlive(on bool) error {
	if on {
		return c.SetKeepAlivePeriod(keepAliveIdle)
	}
	return c.SetKeepAlivePeriod(0)
}

// SetKeepAlivePeriod sets after how much silence the peer is asked first (MUST-27),
// and turns keep-alives on; or off, with 0.
func (c *Conn) SetKeepAlivePeriod(d time.Duration) error {
	return c.set(func() {
		c.alive = keepAlive{idle: max(d, 0), heard: c.s.clock()}
		c.stopTimer(timerKeepAlive)
		if d > 0 && c.state != stateClosed && c.state != stateTimeWait {
			c.startTimer(timerKeepAlive, d)
		}
	})
}

// putOffKeepAlive is told that the peer has said something.
func (c *Conn) putOffKeepAlive() {
	if c.alive.idle > 0 {
		c.alive.heard, c.alive.asked = c.s.clock(), 0
	}
}

// keepAliveTimeout asks the peer, or gives up. It is asked "only ... when no
// sent data is outstanding" (MUST-26): otherwise the retransmission timer sees to it.
func (c *Conn) keepAliveTimeout() {
	k := &c.alive
	silent := c.s.clock() - k.heard
	switch {
	case k.idle == 0:
		return
	case silent < k.idle:
		c.startTimer(timerKeepAlive, k.idle-silent)
		return
	case k.asked >= keepAliveProbes:
		c.abort(errTimeout)
		return
	case len(c.sentSegments.live()) == 0:
		k.asked++
		c.send(flagACK, c.snd.nxt-1, c.s.newPacket(0)) // "SEG.SEQ = SND.NXT-1", no data (SHLD-12)
	}
	c.startTimer(timerKeepAlive, min(keepAliveInterval, k.idle))
}
