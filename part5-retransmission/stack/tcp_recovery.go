package stack

import (
	"fmt"
	"time"
)

// recovery is what we know of losses, and what is being done about them. It learns of three
// things: that a segment is sent (onSend), that an acknowledgment comes (onACK), and that a
// timer fires (retransmitTimeout, reorderTimeout, probeTail).
type recovery struct {
	sentSegments sentList
	rto          rtoState
	rack         rackState
	tail         tailProbe

	recovering bool   // losses are being repaired
	timedOut   bool   // and it was the timer that noticed them
	recover    seqNum // SND.NXT when they were noticed
	dups       int    // duplicate acknowledgments in a row, if there is no SACK

	// RFC 9937, in bytes: what the peer did not have yet when the recovery began, what has
	// arrived since, and what was sent. An int of 32 bits would not hold their products.
	prrFlight, prrDelivered, prrOut int64
}

// onSend remembers each segment that takes sequence space until it is acknowledged, and
// makes sure that the retransmission timer runs.
func (c *Conn) onSend(seq seqNum, flags uint8, n int) {
	seg := segment{flags: flags}
	n += seg.len()
	if n == 0 || flags&flagRST != 0 {
		return
	}
	end, now, list := seq.add(n), c.s.clock(), &c.sentSegments
	live := list.live()
	probing := len(live) == 0 // if the timer runs, it is for the window
	if probing || live[len(live)-1].end.leq(seq) {
		list.add(sentSegment{seq: seq, end: end, at: now, first: now})
	} else {
		list.again(list.find(seq), end, now)
	}
	c.cc.sentAt = now
	c.pace(n, now)
	c.recovery.prrOut += int64(n)
	// "Every time a packet containing data is sent (including a retransmission), if the
	// timer is not running, start it running" (RFC 6298 5.1).
	if probing || !c.runs(timerRetransmit) {
		c.startTimer(timerRetransmit, c.rto.timeout())
	}
}

// onACK is what we learn from the acknowledgment in a segment: which of ours have
// arrived, how long that took, which seem to be lost, and how much the network takes. It
// comes before SND.UNA is set.
func (c *Conn) onACK(seg *segment) {
	if c.snd.wnd == 0 {
		c.noteRefusal(seg)
	}
	if len(c.sentSegments.live()) == 0 {
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
	c.adjustWindow(seg.ack, ackSample{
		now: now, srtt: c.rto.srtt, acked: acked, delivered: acked + sacked, limited: c.cc.cwndLimited,
	})
	if acked > 0 {
		c.rto.since, c.rto.sign, c.soft = 0, false, nil
		c.s.tcp.acker, c.s.tcp.ackedAt = c.key.remote, now
		c.restartRetransmitTimer()
	} else if c.snd.wnd == 0 {
		c.noteSign()
	}
}

// adjustWindow has the window follow an acknowledgment up to ack.
func (c *Conn) adjustWindow(ack seqNum, sample ackSample) {
	ended := c.endRecovery(ack)
	switch {
	case ended, c.cc.control == nil: // in the handshake there is no window yet
	case c.recovery.recovering && !c.recovery.timedOut:
		c.prr(sample.delivered)
	case sample.acked > 0:
		c.cc.mss = c.effSndMSS()
		c.cc.control.onACK(&c.cc.congestionWindow, sample)
	}
	if !c.recovery.recovering && c.recovery.recover.less(ack) {
		c.recovery.recover = ack - 1 // still behind, but never by 2^31 bytes (RFC 6582 6)
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
			c.onDelivered(first, seg, ambiguous, now)
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
	for i, block := range seg.opt.sack.list[:seg.opt.sack.n] {
		if i == 0 && seg.hasDSACK() {
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
			c.onDelivered(&live[j], seg, false, now)
			list.sack(j)
		}
		list.nextUnsacked(start, block.to)
	}
	return sacked
}

// onDelivered takes in a segment that has arrived, as far as we know for the first time.
// ambiguous says that the same ACK covers something before it that was sent twice: then it
// has waited at the peer, and the time until now is no round trip.
func (c *Conn) onDelivered(sent *sentSegment, seg *segment, ambiguous bool, now time.Duration) {
	rtt := now - sent.at
	if !sent.resent {
		if !ambiguous {
			c.measure(sent, rtt, now)
		}
		c.rack.update(sent, rtt)
		return
	}
	// Karn: it may have been any of its copies. A timestamp tells which, but only for what
	// advances SND.UNA (RFC 7323 4.1): what came after a gap is not echoed. Nor is what has
	// come twice: the answer to it echoes what came before, which may be long ago. Nor is a
	// SYN: a SYN,ACK that is sent again for want of an answer echoes the first.
	if echo := seg.opt.tsEcr; seg.opt.timestamp && c.ts.on && sent.end.leq(seg.ack) && sent.seq != c.snd.iss {
		took := time.Duration(int32(c.ts.value(now)-echo)) * timestampTick
		if took >= 0 && took <= now-sent.first+timestampTick && !seg.hasDSACK() {
			c.measure(sent, took, now)
		}
		if int32(echo-c.ts.value(sent.at)) < 0 {
			return // it was an earlier one
		}
	}
	if rtt >= c.rto.minRTT.rtt { // it can have been the last one
		c.rack.update(sent, rtt)
	}
}

// SegmentPlace says which segment of ours is meant: by the sequence number of its first byte,
// counted from the beginning of the stream as in the trace, and how many it has.
type SegmentPlace struct {
	Seq    uint32 `json:"seq"`
	Length int    `json:"length"`
}

func (c *Conn) placeOf(seg *sentSegment) SegmentPlace {
	return SegmentPlace{uint32(seg.seq - c.snd.iss), seg.len()}
}

// SegmentLost is the event that a segment seems to be lost. For those that a timeout is about,
// RetransmissionTimeout stands alone. The trace does not have it.
type SegmentLost struct {
	ConnID
	SegmentPlace
	Why string `json:"why"` // what has shown it
}

// Retransmitted is the event that a segment is sent again. The trace does not have it: it has
// the segment.
type Retransmitted struct {
	ConnID
	SegmentPlace
	Why string `json:"why"` // "lost", "timeout", "tail loss probe", "window probe" or "asked again"
}

// RecoveryStarted is the event that losses are noticed by what has arrived behind them, and are
// repaired from now on, until RecoveryEnded.
type RecoveryStarted struct {
	ConnID
	Seq uint32 `json:"seq"` // the first number that is lost, counted as in SegmentPlace
}

// RecoveryEnded is the event that all is acknowledged that had been sent when a recovery, or a
// timeout, began.
type RecoveryEnded struct{ ConnID }

func (e SegmentLost) String() string {
	return fmt.Sprintf("TCP %v: segment %d lost (%s)", e.Remote, e.Seq, e.Why)
}

func (e Retransmitted) String() string {
	return fmt.Sprintf("TCP %v: segment %d goes again (%s)", e.Remote, e.Seq, e.Why)
}

func (e RecoveryStarted) String() string {
	return fmt.Sprintf("TCP %v: segment %d lost, recovery starts", e.Remote, e.Seq)
}

func (e RecoveryEnded) String() string { return fmt.Sprintf("TCP %v: recovered", e.Remote) }

// lose takes a segment for lost. why is for whoever observes.
func (c *Conn) lose(i int, why string) {
	if seg := &c.sentSegments.live()[i]; c.s.observer != nil && !seg.sacked && !seg.lost {
		c.s.observer(SegmentLost{c.s.connID(c.key), c.placeOf(seg), why})
	}
	c.sentSegments.lose(i)
}

// Loss recovery: from the moment a loss is noticed until all that had been sent by then
// is acknowledged. The window is made smaller once in that time, however much is lost.

// startRecovery begins a recovery, unless one is going on. delivered is how much has
// arrived by the ACK that has shown the loss: it is part of what was on its way before.
func (c *Conn) startRecovery(delivered int) {
	if c.recovery.recovering {
		return
	}
	if c.s.observed() {
		first := c.sentSegments.live()[c.sentSegments.firstLost()]
		c.s.tell(RecoveryStarted{c.s.connID(c.key), uint32(first.seq - c.snd.iss)})
	}
	c.recovery.recovering, c.recovery.timedOut = true, false
	c.recovery.recover = c.snd.nxt
	c.recovery.prrFlight = int64(c.snd.nxt-c.sentSegments.live()[0].seq) - int64(c.sentSegments.there-delivered)
	c.recovery.prrDelivered, c.recovery.prrOut = 0, 0
	c.stopTimer(timerLossProbe)
	c.reduceWindow()
	if !c.sackOK { // with SACK the window follows, see prr
		c.cc.cwnd = c.cc.ssthresh
	}
}

// reduceWindow has ssthresh reduced, as something was lost: the window was too large.
func (c *Conn) reduceWindow() {
	c.cc.mss = c.effSndMSS()
	c.cc.control.onLoss(&c.cc.congestionWindow)
}

// endRecovery ends it when everything is acknowledged that was sent before it began, and
// reports whether it does.
func (c *Conn) endRecovery(ack seqNum) bool {
	if !c.recovery.recovering || ack.less(c.recovery.recover) {
		return false
	}
	if !c.recovery.timedOut {
		c.recovery.recover = ack - 1 // nothing was sent again in vain, see duplicateACK
		c.cc.cwnd = c.cc.ssthresh
		if !c.sackOK { // RFC 6582 3.2 step 3, (1): no burst for what has piled up
			mss := c.effSndMSS()
			c.cc.cwnd = min(c.cc.ssthresh, max(c.sentSegments.flight, mss)+mss)
		}
	}
	c.recovery.recovering, c.recovery.timedOut, c.recovery.dups = false, false, 0
	c.rack.recovered()
	if c.s.observed() {
		c.s.tell(RecoveryEnded{c.s.connID(c.key)})
	}
	return true
}

// retransmitLost sends again what is lost, as far as the congestion window allows.
func (c *Conn) retransmitLost() {
	list := &c.sentSegments
	if !c.sending() {
		return
	}
	for i := list.firstLost(); i < len(list.live()); i = list.nextLost(i + 1) {
		sent := &list.live()[i]
		// Without SACK the first one goes in any case: "The lost segment starting at SND.UNA
		// MUST be retransmitted" (RFC 5681 3.2).
		fast := i == 0 && !c.sackOK && !c.recovery.timedOut
		if !fast && c.pipe() > 0 && c.pipe()+sent.len() > c.cc.cwnd {
			c.cc.cwndLimited = true
			return
		}
		if i > 0 && !sent.seq.in(c.snd.una, c.snd.wnd) {
			return // RFC 9293 3.8.6, SHLD-16: only "between SND.UNA and SND.UNA+SND.WND"
		}
		c.resend(i, "lost")
	}
}

// resend sends a segment again. It may be "repackaged": cut in two if segments have to
// be smaller by now; or, if it is the last one, filled up with what came later. why is for
// whoever observes.
func (c *Conn) resend(i int, why string) {
	list := &c.sentSegments
	sent := list.live()[i]
	if c.s.observer != nil {
		c.s.observer(Retransmitted{c.s.connID(c.key), c.placeOf(&sent), why})
	}
	if sent.seq == c.snd.iss {
		c.resendSYN()
		return
	}
	mss, queued := c.effSndMSS(), int(c.end()-sent.seq)
	text := min(queued, sent.len()) // without a FIN
	room := c.snd.wnd - int(sent.seq-c.snd.una)
	if more := min(mss, queued, room); i == len(list.live())-1 && more > sent.len() {
		list.removeLast()
		c.sendText(sent.seq, more)
		list.live()[i].resent = true
		return
	}
	if text > mss {
		list.split(i, mss)
		text = mss
	}
	c.sendText(sent.seq, text)
}

// shrinkSegments sends what was too large for the path again, in smaller pieces. That
// says nothing about how much the network takes, so the congestion window stays (RFC
// 1191 6.4).
func (c *Conn) shrinkSegments() {
	live, mss := c.sentSegments.live(), c.effSndMSS()
	for i := range live {
		if live[i].len() > mss {
			c.lose(i, "too large for the path")
		}
	}
	c.output()
}

// resendSYN sends the SYN again, or the SYN,ACK.
func (c *Conn) resendSYN() {
	flags := uint8(flagSYN)
	if c.state == stateSynReceived {
		flags |= flagACK
	}
	c.cc.synLost = true
	c.send(flags, c.snd.iss, c.s.newPacket(0))
}

// pipe is an estimate of how much is on its way, in bytes (RFC 6675 2). Without SACK each
// duplicate acknowledgment means one segment less.
func (c *Conn) pipe() int {
	return max(0, c.sentSegments.flight-c.recovery.dups*c.effSndMSS())
}

// enterLoss is called when there was no answer at all: what is on its way is taken for
// lost, and the window is one segment, "the loss window" (RFC 5681 3.1). With SACK that
// does not go for what was sent a moment ago, and cannot have been answered yet (RFC 8985
// 6.3).
func (c *Conn) enterLoss() {
	old := c.s.clock()
	if c.sackOK {
		old -= c.rack.rtt + c.reoWnd()
	}
	if !c.recovery.timedOut && c.cc.control != nil { // not once more for what was sent again
		if !c.recovery.recovering {
			c.reduceWindow()
		}
		c.cc.control.onTimeout(&c.cc.congestionWindow)
		c.recovery.recover = c.snd.nxt
		c.recovery.recovering, c.recovery.timedOut = true, true
	}
	c.cc.cwnd, c.recovery.dups, c.cc.cwndLimited = c.effSndMSS(), 0, true
	c.sentSegments.loseOld(old)
	c.stopTimer(timerLossProbe)
	c.stopTimer(timerReorder)
}

// prr is proportional rate reduction (RFC 9937 6.2): during a recovery the window
// goes down to ssthresh with what arrives, rather than at once, so that there is always
// something to send, and never a burst. Once less than ssthresh is on its way, what has
// arrived is replaced, and a segment more is sent for each ACK, as in slow start. The RFC
// wants that only for an ACK that is safe: SND.UNA advances, and nothing else is lost. On a
// cable that loses every tenth segment whatever is sent, that costs a quarter of the speed,
// as hardly any ACK is safe there, while ssthresh bounds what is sent all the same.
func (c *Conn) prr(delivered int) {
	if !c.sackOK || !c.recovery.recovering || c.recovery.timedOut {
		return
	}
	mss, pipe, ssthresh := int64(c.effSndMSS()), int64(c.sentSegments.flight), int64(c.cc.ssthresh)
	c.recovery.prrDelivered += int64(delivered)
	count := int64(0)
	if pipe > ssthresh {
		count = (c.recovery.prrDelivered*ssthresh+c.recovery.prrFlight-1)/c.recovery.prrFlight - c.recovery.prrOut
	} else {
		count = min(max(c.recovery.prrDelivered-c.recovery.prrOut, int64(delivered))+mss, ssthresh-pipe)
	}
	if c.recovery.prrOut == 0 {
		count = max(count, mss) // the fast retransmit
	}
	c.cc.cwnd = int(max(pipe+max(0, count), mss)) // if nothing is on its way, no ACK comes that would raise it
}

// PathInfo is what a connection knows of the way to its peer, and of what is lost there.
type PathInfo struct {
	Congestion CongestionInfo `json:"congestion"`
	RTO        RTOInfo        `json:"rto"`
	Recovery   RecoveryInfo   `json:"recovery"`
	OutOfOrder []PieceInfo    `json:"out_of_order"` // what has come behind a gap, the latest first
}

// RecoveryInfo is what is known of losses, and what is being done about them.
type RecoveryInfo struct {
	SACK       bool          `json:"sack"`       // both sides have said that they know it
	Recovering bool          `json:"recovering"` // losses are being repaired
	TimedOut   bool          `json:"timed_out"`  // and it was the retransmission timer that noticed them
	Recover    uint32        `json:"recover"`    // the recovery is over when all before this number is acknowledged
	Flight     int           `json:"flight"`     // bytes on their way: neither sacked nor lost; RFC 6675's pipe
	Sacked     int           `json:"sacked"`     // segments that have arrived behind a gap
	Lost       int           `json:"lost"`       // segments that seem to be lost, and have not been sent again
	DupACKs    int           `json:"dup_acks"`   // duplicate acknowledgments in a row, if there is no SACK
	Probes     int           `json:"probes"`     // tail loss probes on their way
	ReoWnd     time.Duration `json:"reo_wnd_ns"` // RACK.reo_wnd: for how long a segment may be overtaken
}

func (c *Conn) pathInfo() PathInfo {
	r, list := &c.recovery, &c.sentSegments
	return PathInfo{
		Congestion: c.cc.info(), RTO: c.rto.info(), OutOfOrder: c.rcv.info(),
		Recovery: RecoveryInfo{
			SACK: c.sackOK, Recovering: r.recovering, TimedOut: r.timedOut, Recover: uint32(r.recover),
			Flight: c.pipe(), Sacked: list.sacked, Lost: list.lost, DupACKs: r.dups, Probes: c.tail.sent, ReoWnd: c.reoWnd(),
		},
	}
}
