package main

import "time"

// lastAckDelay is how long a peer may delay the acknowledgment of a single segment.
const lastAckDelay = 200 * time.Millisecond

// probeFloor is the shortest time after which we probe: goroutines, ours and the peer's,
// need as long to be woken.
const probeFloor = time.Millisecond

// tailProbe is the tail loss probe of RFC 8985 7: if the last segments of all are lost,
// nothing comes behind them that would show it, and only the retransmission timer is
// left, which is long. So after two round trips without an answer one segment is sent,
// to get one.
//
// The RFC leaves it at that, for a connection that is not in a recovery. We probe in a
// recovery, too: when what is sent again is lost together with all that came behind it,
// nothing but the timer is left there as well.
type tailProbe struct {
	sent  bool   // one is on its way
	again bool   // it was nothing new
	end   seqNum // SND.NXT when it was sent
}

// watchTail sets the timer for the probe.
func (c *Conn) watchTail() {
	if !c.sackOK || c.cc.timedOut || c.tail.sent || c.runs(timerLossProbe) ||
		c.rto.srtt == 0 || c.snd.wnd == 0 || len(c.sentSegments.live()) == 0 {
		return
	}
	d := max(2*c.rto.srtt, probeFloor)
	if c.sentSegments.flight <= c.effSndMSS() {
		d += lastAckDelay
	}
	c.startTimer(timerLossProbe, min(d, c.timeLeft(timerRetransmit)))
}

// probeTail sends the probe: the next segment, or else the last one again that the peer
// may not have.
func (c *Conn) probeTail() {
	live := c.sentSegments.live()
	if len(live) == 0 || !c.sending() {
		return
	}
	c.s.note("TCP %v: no answer, a tail loss probe goes out", c.remote())
	c.tail = tailProbe{sent: true}
	queued := int(int32(c.end() - c.snd.nxt)) // -1 if the FIN is on its way, too
	room := c.snd.wnd - int(c.snd.nxt-c.snd.una)
	if n := min(queued, room, c.effSndMSS()); n > 0 {
		c.sendText(c.snd.nxt, n)
	} else {
		c.tail.again = true
		last := len(live) - 1
		for last > 0 && live[last].sacked {
			last--
		}
		c.resend(last)
	}
	c.tail.end = c.snd.nxt
	c.startTimer(timerRetransmit, c.rto.timeout())
}

// endProbe is told of an acknowledgment. If it covers the probe and there was only one
// copy of it, the original was lost, and the probe has hidden that: the window has been
// too large.
func (c *Conn) endProbe(seg *segment) {
	if !c.tail.sent || seg.ack.less(c.tail.end) && !c.cc.recovering {
		return
	}
	blocks := findSACK(seg.options)
	twice := blocks.n > 0 && c.isDSACK(seg.ack, &blocks, 0)
	if c.tail.again && !twice && !c.cc.recovering && c.cc.cwnd > 0 {
		c.cc.ssthresh = c.cc.cubic.reduce(c.cc.cwnd, c.effSndMSS())
		c.cc.cwnd = c.cc.ssthresh
	}
	c.tail = tailProbe{}
}
