package main

import "time"

// feedback is what we learn from the acknowledgment in a segment: which of ours have
// arrived, how long that took, which seem to be lost, and how much the network takes. It
// comes before SND.UNA is set.
func (c *Conn) feedback(seg *segment) {
	list := &c.sentSegments
	c.noteRefusal(seg)
	if len(list.live()) == 0 {
		c.noteSign()
		return
	}
	now := c.s.clock()
	acked, segments := c.takeACK(seg, now)
	c.rack.acknowledged(seg.ack)
	sacked := c.takeSACK(seg, now)
	if acked == 0 && sacked == 0 && c.isDuplicate(seg) {
		c.duplicateACK()
	}
	if acked > 0 && !c.sackOK {
		c.partialACK(seg.ack, segments)
	}
	if c.sackOK {
		c.detectLosses(acked+sacked, now)
	}
	c.endProbe(seg, acked+sacked > 0)
	c.congestionFeedback(seg.ack, acked, acked+sacked, now)
	if acked > 0 {
		c.rto.since, c.rto.sign, c.soft = 0, false, nil
		c.restartRetransmitTimer()
	} else if c.snd.wnd == 0 {
		c.noteSign()
	}
}

// noteSign is told that the peer has answered, although nothing new is acknowledged: as
// long as it keeps its window closed, that is all that is asked of it (RFC 9293 3.8.6.1,
// MUST-37). Only if nobody uses the connection any more that may not go on for ever (RFC
// 6429 3).
func (c *Conn) noteSign() {
	if !c.user.closed {
		c.rto.since, c.rto.sign = 0, true
	}
}

// takeACK drops the segments that an acknowledgment covers. It returns how much
// sequence space that is, without what was sacked before, and how many segments.
func (c *Conn) takeACK(seg *segment, now time.Duration) (acked, segments int) {
	list := &c.sentSegments
	ambiguous := false
	for len(list.live()) > 0 {
		first := &list.live()[0]
		if seg.ack.leq(first.seq) {
			break
		}
		ambiguous = ambiguous || first.resent
		if seg.ack.less(first.end) { // the peer has a part of it only
			acked += int(seg.ack - first.seq)
			list.trim(seg.ack)
			break
		}
		if !first.sacked {
			acked += first.len()
			c.delivered(first, seg, ambiguous, now)
		}
		list.drop()
		segments++
	}
	return acked, segments
}

// takeSACK marks the segments that the peer says it has although something before them
// is missing. It returns how much new sequence space that is.
func (c *Conn) takeSACK(seg *segment, now time.Duration) (sacked int) {
	if !c.sackOK {
		return 0
	}
	list := &c.sentSegments
	blocks := findSACK(seg.options)
	for i := range blocks.n {
		block := blocks.list[i]
		if c.isDSACK(seg.ack, &blocks, i) {
			c.rack.duplicate(c.snd.nxt)
			continue
		}
		if !seg.ack.less(block.to) || !block.from.less(block.to) || c.snd.nxt.less(block.to) {
			continue // old, or nonsense
		}
		live := list.live()
		start := list.find(block.from)
		if start < len(live) && live[start].seq.less(block.from) {
			start++ // the peer has only a part of that
		}
		for j := list.nextUnsacked(start, block.to); j < len(live) && live[j].end.leq(block.to); j = list.nextUnsacked(j, block.to) {
			sacked += live[j].len()
			c.delivered(&live[j], seg, false, now)
			list.sack(j)
		}
		list.nextUnsacked(start, block.to)
	}
	return sacked
}

// delivered is told of a segment that has arrived, as far as we know for the first time.
// ambiguous says that the same ACK covers something before it that was sent twice: then it
// has waited at the peer, and the time until now is no round trip.
func (c *Conn) delivered(sent *sentSegment, seg *segment, ambiguous bool, now time.Duration) {
	rtt := now - sent.at
	if !sent.resent {
		if !ambiguous {
			c.measure(sent, rtt, now)
		}
		c.rack.delivered(sent, rtt)
		return
	}
	// Karn: it may have been any of its copies. A timestamp tells which, but only for what
	// advances SND.UNA (RFC 7323 4.1): what came behind a gap is not echoed. Nor is what has
	// come twice: the answer to it echoes what came before, which may be long ago. Nor is a SYN:
	// a SYN,ACK that is sent again as nobody has answered it echoes the first.
	_, echo, found := findTimestamps(seg.options)
	if found && c.ts.on && sent.end.leq(seg.ack) && sent.seq != c.snd.iss {
		took := time.Duration(int32(c.ts.value(now)-echo)) * timestampTick
		if took >= 0 && took <= now-sent.first+timestampTick && !c.tellsDSACK(seg) {
			c.measure(sent, took, now)
		}
		if int32(echo-c.ts.value(sent.at)) < 0 {
			return // it was an earlier one
		}
	}
	if rtt >= c.rto.minRTT.rtt { // it can have been the last one
		c.rack.delivered(sent, rtt)
	}
}

// isDuplicate reports whether a segment is a duplicate acknowledgment as RFC 5681 2
// defines it: there is something on its way, it carries no data, no SYN and no FIN, and
// neither the acknowledgment nor the window are new. What answers a probe of a closed
// window looks the same.
func (c *Conn) isDuplicate(seg *segment) bool {
	return c.snd.wnd > 0 && seg.len() == 0 && seg.ack == c.snd.una && int(seg.wnd)<<c.snd.shift == c.snd.wnd
}
