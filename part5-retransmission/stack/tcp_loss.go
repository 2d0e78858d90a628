package stack

import (
	"fmt"
	"time"
)

// isDuplicate reports whether a segment is a duplicate acknowledgment as RFC 5681 2
// defines it: there is something on its way, it carries no data, no SYN and no FIN, and
// neither the acknowledgment nor the window are new. What answers a probe of a closed
// window looks the same.
func (c *Conn) isDuplicate(seg *segment) bool {
	return c.snd.wnd > 0 && seg.len() == 0 && seg.ack == c.snd.una && int(seg.wnd)<<c.snd.shift == c.snd.wnd
}

// dupThresh is how many duplicate acknowledgments mean a loss: "The TCP sender SHOULD use
// the 'fast retransmit' algorithm to detect and repair loss, based on incoming duplicate
// ACKs ... 3 duplicate ACKs" (RFC 5681 3.2). One or two come if segments arrive in
// another order than they were sent.
const dupThresh = 3

// Without SACK all that we know is that each duplicate acknowledgment means one segment
// which has arrived after a gap. This is NewReno (RFC 6582).

// duplicateACK counts a duplicate acknowledgment. With SACK the scoreboard knows better.
func (c *Conn) duplicateACK() {
	if c.sackOK || c.recovery.timedOut {
		return
	}
	most := len(c.sentSegments.live()) // there cannot have been more
	if c.recovery.recovering {
		// Each lets a new segment go, for which there could be one more in turn, and so on:
		// an attacker who makes them up would get all of his window (RFC 5681 5).
		most = min(most, max(dupThresh, int(c.recovery.prrFlight)/c.effSndMSS()))
	}
	c.recovery.dups = min(c.recovery.dups+1, most)
	// "... check to see if the Cumulative Acknowledgment field covers more than recover"
	// (RFC 6582 3.2): otherwise what was sent again in vain would start another recovery. A
	// timeout may have all of a window sent again in vain; a recovery that three duplicates
	// began has sent only what was missing, so that its end guards against nothing.
	if c.recovery.dups == dupThresh && !c.recovery.recovering && c.recovery.recover.less(c.snd.una) {
		c.lose(0, "three duplicate ACKs")
		c.startRecovery(0)
	}
}

// partialACK handles an acknowledgment of something new, made up of a number of segments.
// In recovery, if it does not cover all that was sent before, it means that the next
// segment is lost, too.
func (c *Conn) partialACK(ack seqNum, segments int) {
	if !c.recovery.recovering {
		c.recovery.dups = 0
		return
	}
	c.recovery.dups = max(0, c.recovery.dups-segments+1) // those after the gap are acknowledged now
	if live := c.sentSegments.live(); ack.less(c.recovery.recover) && len(live) > 0 && !c.recovery.timedOut {
		c.lose(0, "partial ACK")
	}
}

// rackState finds out from the times of sending which segments are lost: when a segment
// has arrived, all those that were sent a good while before it should have, too. It
// is RACK, "Recent Acknowledgment", of RFC 8985. Unlike counting duplicate
// acknowledgments it also finds retransmissions that were lost, and it can wait for
// segments that took another way.
type rackState struct {
	at      time.Duration // when the latest of those that have arrived was sent
	end     seqNum        // the number after it
	rtt     time.Duration // how long it took
	highest seqNum        // the number after the highest that has arrived
	seen    bool          // there is such a segment

	reordering    bool   // some have arrived after later ones
	reoWndMult    int    // quarters of the shortest round trip to wait, beyond the first
	inRound       bool   // reoWndMult has grown in this round trip, and stays as it is
	round         seqNum // until this is acknowledged
	reoWndPersist int    // how many more recoveries it stays for
}

// reoWndRecoveries is for how many recoveries reoWndMult stays (RFC 8985 6.2, step 4).
const reoWndRecoveries = 16

// sentBefore reports whether a segment was sent before the one that has arrived.
func (r *rackState) sentBefore(sent *sentSegment) bool {
	return sent.at < r.at || sent.at == r.at && sent.end.less(r.end)
}

// update takes in a segment that has arrived rtt after it was sent.
func (r *rackState) update(sent *sentSegment, rtt time.Duration) {
	if !r.seen || r.highest.less(sent.end) {
		r.highest = sent.end
	} else if sent.end.less(r.highest) && !sent.resent {
		r.reordering = true
	}
	if !r.seen || !r.sentBefore(sent) {
		r.at, r.end, r.rtt = sent.at, sent.end, rtt
	}
	r.seen = true
}

// acknowledged takes in SND.UNA: the round trip may be over. What has stayed behind is
// brought along, or it would be ahead again after 2^31 bytes.
func (r *rackState) acknowledged(una seqNum) {
	if r.inRound && r.round.leq(una) {
		r.inRound = false
	}
	if r.highest.less(una) {
		r.highest = una
	}
}

// duplicate notes that the peer has received something twice: we were too impatient. It
// counts once per round trip.
func (r *rackState) duplicate(nxt seqNum) {
	if r.inRound {
		return
	}
	r.reoWndMult, r.round, r.inRound, r.reoWndPersist = r.reoWndMult+1, nxt, true, reoWndRecoveries
}

// recovered is called when all losses are repaired.
func (r *rackState) recovered() {
	if r.reoWndPersist > 0 {
		if r.reoWndPersist--; r.reoWndPersist == 0 {
			r.reoWndMult = 0
		}
	}
}

// reoWnd is for how long a segment may be overtaken: not at all while nothing ever was and
// three have arrived after it, as in RFC 5681; otherwise for a quarter of the shortest
// round trip, or more if that was too short.
func (c *Conn) reoWnd() time.Duration {
	if !c.rack.reordering && (c.recovery.recovering || c.sentSegments.sacked >= dupThresh) {
		return 0
	}
	return min(time.Duration(1+c.rack.reoWndMult)*c.rto.minRTT.rtt/4, c.rto.srtt)
}

// detectLosses notes which segments are lost by now, reports whether there are any, and
// looks again when the last of those may be that were overtaken. They are the oldest, in
// the order of sending. delivered is how much has just arrived.
func (c *Conn) detectLosses(delivered int, now time.Duration) (lossy bool) {
	list := &c.sentSegments
	c.stopTimer(timerReorder)
	if !c.rack.seen || list.sacked == 0 && !c.recovery.recovering {
		return false // nothing has been overtaken
	}
	wait := c.rack.rtt + c.reoWnd()
	for next := list.after(list.order.overtaken); next != 0 && c.rack.sentBefore(list.at(next)); next = list.after(next) {
		list.order.overtaken = next
		list.visited++
	}
	for list.order.overtaken != 0 && list.at(list.order.oldest).at+wait <= now {
		c.lose(list.order.oldest-list.place(0), "RACK")
		list.visited++
		lossy = true
	}
	if last := list.order.overtaken; last != 0 {
		c.startTimer(timerReorder, list.at(last).at+wait-now)
	}
	if list.lost > 0 {
		c.startRecovery(delivered)
	}
	return lossy
}

// reorderTimeout is called when segments that were overtaken have had time enough.
func (c *Conn) reorderTimeout() {
	if c.detectLosses(0, c.s.clock()) {
		c.prr(0) // or all that is lost would go again in one burst
	}
	c.output()
}

// lastAckDelay is how long a peer may delay the acknowledgment of a single segment, for
// all that we know at first: it may be up to half a second (RFC 9293 3.8.6.3).
const lastAckDelay = 200 * time.Millisecond

// probeFloor is the shortest time after which we probe: goroutines, ours and the peer's,
// need as long to be woken.
const probeFloor = time.Millisecond

// tailProbe is the tail loss probe of RFC 8985 7: if the last segments of all are lost,
// nothing comes after them that would show it, and only the retransmission timer is left,
// which is long. So after two round trips without an answer one segment is sent, to get
// one.
//
// The RFC leaves it at one segment, for a connection that is not in a recovery. Three
// things go further, for each of which there is nothing but the timer otherwise:
//
//   - We probe in a recovery, too: what is sent again may be lost together with all that
//     came after it.
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
	if c.sentSegments.flight <= c.effSndMSS() && c.sentSegments.sacked == 0 { // at a gap ACKs are not delayed (RFC 5681 4.2)
		d += lastAckDelay << c.rto.backoff
	}
	if left := c.timeLeft(timerRetransmit); c.tail.sent == 0 {
		c.tail.end = c.snd.nxt
		c.startTimer(timerLossProbe, min(d, left))
	} else if d < left {
		c.startTimer(timerLossProbe, d)
	}
}

// TailLossProbe is the event that nothing has come back for a while, and a probe goes out.
type TailLossProbe struct{ ConnID }

func (e TailLossProbe) String() string {
	return fmt.Sprintf("TCP %v: no answer, a tail loss probe goes out", e.Remote)
}

// probeTail sends the probe: the next segment, or otherwise again the last one that the
// peer may not have.
func (c *Conn) probeTail() {
	live := c.sentSegments.live()
	if len(live) == 0 || !c.sending() {
		return
	}
	if c.s.observed() {
		c.s.tell(TailLossProbe{c.s.connID(c.key)})
	}
	c.tail.sent++
	c.tail.again = !c.probeNew()
	if c.tail.again {
		last := len(live) - 1
		for last > 0 && (live[last].sacked || !live[last].seq.in(c.snd.una, c.snd.wnd)) {
			last-- // it has arrived, or is beyond a window that has shrunk (RFC 9293 3.8.6, SHLD-16)
		}
		c.resend(last, "tail loss probe")
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

// endProbe looks at an acknowledgment. If it covers the probe and there was only one copy
// of it, the original was lost, and the probe has hidden that: the window has been too
// large.
//
// In a recovery there may be another one as soon as anything has arrived. If nothing does,
// only the retransmission timer helps, which a first probe starts anew.
func (c *Conn) endProbe(seg *segment, arrived bool) {
	if c.tail.sent == 0 || seg.ack.less(c.tail.end) && !(c.recovery.recovering && arrived) {
		return
	}
	if c.tail.again && !seg.hasDSACK() && !c.recovery.recovering && c.cc.control != nil {
		c.reduceWindow()
		c.cc.cwnd = c.cc.ssthresh
	}
	if c.tail.again {
		// It is not known which copy was answered. If it was the first, and only late, the
		// next answer will be late, too: so we wait for longer until a round trip is
		// measured (Karn).
		c.rto.backoff = max(c.rto.backoff, 1)
	}
	c.tail = tailProbe{}
}
