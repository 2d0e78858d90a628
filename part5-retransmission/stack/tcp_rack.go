package stack

import "time"

// rackState finds out from the times of sending which segments are lost: when a segment
// has arrived, all those that were sent a good while before it should have, too. It
// is RACK, "Recent Acknowledgment", of RFC 8985. Unlike counting duplicate
// acknowledgments it also finds retransmissions that were lost, and it can wait for
// segments that took another way.
type rackState struct {
	at      time.Duration // when the latest of those that have arrived was sent
	end     seqNum        // the number behind it
	rtt     time.Duration // how long it took
	highest seqNum        // the number behind the highest that has arrived
	seen    bool          // there is such a segment

	reordering    bool   // some have arrived behind later ones
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

// update is told of a segment that has arrived rtt after it was sent.
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

// acknowledged is told of SND.UNA: the round trip may be over. Whatever else has stayed
// behind comes along, or it would be ahead again after 2^31 bytes.
func (r *rackState) acknowledged(una seqNum) {
	if r.inRound && r.round.leq(una) {
		r.inRound = false
	}
	if r.highest.less(una) {
		r.highest = una
	}
}

// duplicate is told that the peer has got something twice: we were too impatient. It
// counts once per round trip.
func (r *rackState) duplicate(nxt seqNum) {
	if r.inRound {
		return
	}
	r.reoWndMult, r.round, r.inRound, r.reoWndPersist = r.reoWndMult+1, nxt, true, reoWndRecoveries
}

// recovered is told that all losses are repaired.
func (r *rackState) recovered() {
	if r.reoWndPersist > 0 {
		if r.reoWndPersist--; r.reoWndPersist == 0 {
			r.reoWndMult = 0
		}
	}
}

// reoWnd is for how long a segment may be overtaken: not at all while nothing
// ever was and three have arrived behind it, as in RFC 5681; else for a quarter of the
// shortest round trip, or more if that was too short.
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
	for next := list.behind(list.order.overtaken); next != 0 && c.rack.sentBefore(list.at(next)); next = list.behind(next) {
		list.order.overtaken = next
		list.visited++
	}
	for list.order.overtaken != 0 && list.at(list.order.oldest).at+wait <= now {
		list.lose(list.order.oldest - list.place(0))
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

// reorderTimeout is for when segments that were overtaken have had time enough.
func (c *Conn) reorderTimeout() {
	if c.detectLosses(0, c.s.clock()) {
		c.prr(0) // or all that is lost would go again in one burst
	}
	c.output()
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
