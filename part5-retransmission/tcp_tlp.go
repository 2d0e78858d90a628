package main

import "time"

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
	if !c.sackOK || c.cc.timedOut || waits || c.rto.srtt == 0 || c.snd.wnd == 0 || len(c.sentSegments.live()) == 0 {
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
	if c.tail.sent == 0 || seg.ack.less(c.tail.end) && !(c.cc.recovering && arrived) {
		return
	}
	if c.tail.again && !c.tellsDSACK(seg) && !c.cc.recovering && c.cc.cwnd > 0 {
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
