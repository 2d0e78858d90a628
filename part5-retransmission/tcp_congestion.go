package main

import "time"

// congestion is what we think of the network between us and the peer (RFC 5681).
type congestion struct {
	cwnd     int // the congestion window: how much may be on its way, in bytes
	ssthresh int // slow start goes up to here

	synLost    bool   // our SYN was sent more than once
	recovering bool   // losses are being repaired
	timedOut   bool   // and it was the timer that noticed them
	recover    seqNum // SND.NXT when they were noticed
	dups       int    // duplicate acknowledgments in a row, if there is no SACK

	limited bool          // it was the window that kept us from sending more
	sentAt  time.Duration // when a segment was last sent
	paceAt  time.Duration // when the next one should be

	// RFC 9937, in bytes: what the peer did not have yet when the recovery began, what has
	// arrived since, and what was sent. An int of 32 bits would not hold their products.
	prrFlight, prrDelivered, prrOut int64

	cubic cubic
}

// initialCwnd is the window of a new connection: "min (10*MSS, max (2*MSS, 14600))"
// (RFC 6928 2).
func initialCwnd(mss int) int { return min(10*mss, max(2*mss, 14600)) }

// openCongestion is told that the connection is ESTABLISHED.
func (c *Conn) openCongestion() {
	mss := c.effSndMSS()
	c.cc.cwnd, c.cc.ssthresh = initialCwnd(mss), 1<<30
	if c.cc.synLost {
		// "If the SYN or SYN/ACK is lost, the initial window ... MUST be one segment" (RFC
		// 5681 3.1).
		c.cc.cwnd = mss
		if c.rto.srtt == 0 {
			c.rto.rto, c.rto.backoff = handshakeRTO, 0 // RFC 6298 5.7
		}
	}
	c.cc.recover = c.snd.iss // "set to the initial send sequence number" (RFC 6582 3.2)
}

// congestionFeedback is told of an acknowledgment: up to ack, acked bytes more than
// before, and delivered bytes more have arrived, in order or not.
func (c *Conn) congestionFeedback(ack seqNum, acked, delivered int, now time.Duration) {
	ended := c.endRecovery(ack)
	switch {
	case ended, c.cc.cwnd == 0: // in the handshake there is no window yet
	case c.cc.recovering && !c.cc.timedOut:
		c.reduceRate(delivered)
	case acked > 0 && c.cc.limited:
		c.growWindow(acked, now)
	}
	if !c.cc.recovering && c.cc.recover.less(ack) {
		c.cc.recover = ack - 1 // still behind, but never by 2^31 bytes (RFC 6582 6)
	}
}

// maxSlowStart is by how many segments the window grows at most for one ACK in slow
// start, so that one for very many does not make us send them all at once (RFC 3465,
// with the limit of RFC 9406 4.2).
const maxSlowStart = 8

// growWindow makes the window larger: in slow start by what was acknowledged, which
// doubles it each round trip; above ssthresh slowly.
func (c *Conn) growWindow(acked int, now time.Duration) {
	mss := c.effSndMSS()
	if c.cc.cwnd < c.cc.ssthresh {
		more := min(acked, maxSlowStart*mss, c.cc.ssthresh-c.cc.cwnd)
		c.cc.cwnd += more
		acked -= more
		c.cc.cubic.slowStart()
		if c.cc.cwnd < c.cc.ssthresh {
			return
		}
	}
	c.cc.cwnd = c.cc.cubic.grow(c.cc.cwnd, acked, mss, now, c.rto.srtt)
}

// reduceWindow makes the window smaller, as something was lost: it was too large.
func (c *Conn) reduceWindow() {
	mss := c.effSndMSS()
	c.cc.ssthresh = c.cc.cubic.reduce(c.cc.cwnd, mss)
	if c.sackOK {
		return // the window follows, see reduceRate
	}
	c.cc.cwnd = c.cc.ssthresh
}

// collapseWindow is for when there was no answer at all: what is on its way is taken for
// lost, and the window is one segment, "the loss window" (RFC 5681 3.1). With SACK that
// does not go for what was sent a moment ago, and cannot have been answered yet (RFC 8985
// 6.3).
func (c *Conn) collapseWindow() {
	mss, old := c.effSndMSS(), c.s.clock()
	if c.sackOK {
		old -= c.rack.rtt + c.reorderWindow()
	}
	if !c.cc.timedOut && c.cc.cwnd > 0 { // not once more for what was sent again
		if !c.cc.recovering {
			c.cc.ssthresh = c.cc.cubic.reduce(c.cc.cwnd, mss)
		}
		c.cc.cubic.collapse()
		c.cc.recover = c.snd.nxt
		c.cc.recovering, c.cc.timedOut = true, true
	}
	c.cc.cwnd, c.cc.dups, c.cc.limited = mss, 0, true
	c.sentSegments.loseOld(old)
	c.stopTimer(timerLossProbe)
	c.stopTimer(timerReorder)
}

// reduceRate is proportional rate reduction (RFC 9937 6.2): during a recovery the window
// goes down to ssthresh with what arrives, rather than at once, so that there is always
// something to send, and never a burst. Once less than ssthresh is on its way, what has
// arrived is replaced, and a segment more is sent for each ACK, as in slow start. The RFC
// wants that only for an ACK that is safe: SND.UNA advances, and nothing else is lost. On a
// cable that loses every tenth segment whatever is sent, that costs a quarter of the speed,
// as hardly any ACK is safe there, while ssthresh bounds what is sent all the same.
func (c *Conn) reduceRate(delivered int) {
	if !c.sackOK || !c.cc.recovering || c.cc.timedOut {
		return
	}
	mss, pipe, ssthresh := int64(c.effSndMSS()), int64(c.sentSegments.flight), int64(c.cc.ssthresh)
	c.cc.prrDelivered += int64(delivered)
	count := int64(0)
	if pipe > ssthresh {
		count = (c.cc.prrDelivered*ssthresh+c.cc.prrFlight-1)/c.cc.prrFlight - c.cc.prrOut
	} else {
		count = min(max(c.cc.prrDelivered-c.cc.prrOut, int64(delivered))+mss, ssthresh-pipe)
	}
	if c.cc.prrOut == 0 {
		count = max(count, mss) // the fast retransmit
	}
	c.cc.cwnd = int(max(pipe+max(0, count), mss)) // if nothing is on its way, no ACK comes that would raise it
}

// restartAfterIdle forgets a window that was not in use for so long that it says nothing
// about the network any more: "a TCP SHOULD set cwnd to no more than RW before beginning
// transmission if the TCP has not sent data in an interval exceeding the retransmission
// timeout" (RFC 5681 4.1).
func (c *Conn) restartAfterIdle() {
	if len(c.sentSegments.live()) == 0 && c.cc.sentAt > 0 && c.s.clock()-c.cc.sentAt > c.rto.timeout() {
		c.cc.cwnd = min(c.cc.cwnd, initialCwnd(c.effSndMSS()))
	}
}

// limitWindow returns how far beyond SND.UNA we may send: as far as the peer's window, or
// less if the congestion window is used up before.
func (c *Conn) limitWindow(wnd int) int {
	if len(c.sentSegments.live()) >= maxSentSegments {
		return 0
	}
	// One segment always goes. It may be longer than when cwnd was set: see pathMTULife.
	limit := int(c.snd.nxt-c.snd.una) + max(c.cc.cwnd, c.effSndMSS()) - c.pipe()
	if limit >= wnd {
		return wnd
	}
	if limit < int(c.end()-c.snd.una) { // there is more to send
		c.cc.limited = true
	}
	return limit
}
