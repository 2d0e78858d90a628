package main

import (
	"slices"
	"time"
)

// sentSegment is a segment that was sent and is not acknowledged yet. Its data are in
// the send buffer; this is what must be known to decide when to send them again.
type sentSegment struct {
	seq    seqNum
	end    seqNum        // the number behind it; a FIN counts
	at     time.Duration // when it was sent last, by the stack's clock
	first  time.Duration // when it was sent first
	sacked bool          // the peer has it, but something before it is missing
	lost   bool          // it seems to be lost, and has not been sent again since
	resent bool          // it was sent more than once
}

// len returns how much sequence space it takes.
func (seg *sentSegment) len() int { return int(seg.end - seg.seq) }

// maxSentSegments is how many there may be: 16,384 full ones are more than any window
// holds. A peer that asks for tiny ones must not make the list long, as some
// acknowledgments have us go through all of it (CVE-2019-11478).
const maxSentSegments = 16384

// sentList has all segments from SND.UNA to SND.NXT, in their order. It is what RFC 6675
// calls the scoreboard.
type sentList struct {
	all    []sentSegment
	first  int // all[first:] are those that are not acknowledged
	flight int // bytes on their way: neither sacked nor lost; RFC 6675's pipe
	sacked int // how many segments are sacked
	lost   int // how many are lost
}

func (l *sentList) live() []sentSegment { return l.all[l.first:] }

// add adds a segment behind all others.
func (l *sentList) add(seg sentSegment) {
	l.all = append(l.all, seg)
	l.flight += seg.len()
}

// keptSegments is how many there is room for on an idle connection, at most. A list that
// was longer once, for a large window, goes: there may be very many such connections.
const keptSegments = 256

// drop forgets the first segment. What is left moves to the front now and then, which is
// cheap as it happens seldom.
func (l *sentList) drop() {
	l.leave(&l.all[l.first])
	l.first++
	if l.first*2 <= len(l.all) {
		return
	}
	live := l.live()
	if cap(l.all) > max(keptSegments, 8*len(live)) {
		l.all = append([]sentSegment(nil), live...)
	} else {
		l.all = l.all[:copy(l.all, live)]
	}
	l.first = 0
}

// removeLast forgets the last segment.
func (l *sentList) removeLast() {
	last := len(l.all) - 1
	l.leave(&l.all[last])
	l.all = l.all[:last]
}

// leave takes a segment out of the sums.
func (l *sentList) leave(seg *sentSegment) {
	switch {
	case seg.sacked:
		l.sacked--
	case seg.lost:
		l.lost--
	default:
		l.flight -= seg.len()
	}
}

// sack notes that the peer has a segment.
func (l *sentList) sack(seg *sentSegment) {
	l.leave(seg)
	seg.sacked, seg.lost = true, false
	l.sacked++
}

// lose notes that a segment seems to be lost.
func (l *sentList) lose(seg *sentSegment) {
	if seg.sacked || seg.lost {
		return
	}
	l.leave(seg)
	seg.lost = true
	l.lost++
}

// loseAll takes everything for lost that the peer does not say it has. If it says so of
// the very first segment, and does not acknowledge it, it has thrown it away since, and
// nothing that it has said counts any more (RFC 2018 8).
func (l *sentList) loseAll() {
	live := l.live()
	reneged := len(live) > 0 && live[0].sacked
	for i := range live {
		if reneged && live[i].sacked {
			l.again(i, live[i].end, live[i].at)
		}
		l.lose(&live[i])
	}
}

// again notes that a segment is sent again.
func (l *sentList) again(i int, end seqNum, now time.Duration) {
	seg := &l.live()[i]
	l.leave(seg)
	seg.sacked, seg.lost, seg.resent, seg.at = false, false, true, now
	if i == len(l.live())-1 && seg.end.less(end) {
		seg.end = end // the last one may have got a FIN
	}
	l.flight += seg.len()
}

// split cuts a segment in two, the first of which has n bytes.
func (l *sentList) split(i, n int) {
	head := l.live()[i]
	tail := head
	head.end = head.seq.add(n)
	tail.seq = head.end
	l.live()[i] = head
	l.all = slices.Insert(l.all, l.first+i+1, tail)
	if head.sacked {
		l.sacked++
	}
	if head.lost {
		l.lost++
	}
}

// trim forgets the part of the first segment that is before ack.
func (l *sentList) trim(ack seqNum) {
	seg := &l.live()[0]
	if !seg.sacked && !seg.lost {
		l.flight -= int(ack - seg.seq)
	}
	seg.seq = ack
}

// find returns the index of the first segment that ends behind seq.
func (l *sentList) find(seq seqNum) int {
	i, _ := slices.BinarySearchFunc(l.live(), seq, func(seg sentSegment, seq seqNum) int {
		if seg.end.leq(seq) {
			return -1
		}
		return 1
	})
	return i
}

// sent is told of each segment that takes sequence space: it is kept in mind until it
// is acknowledged, and the retransmission timer runs.
func (c *Conn) sent(seq seqNum, flags uint8, n int) {
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
	c.cc.prrOut += n
	// "Every time a packet containing data is sent (including a retransmission), if the
	// timer is not running, start it running" (RFC 6298 5.1).
	if probing || !c.runs(timerRetransmit) {
		c.startTimer(timerRetransmit, c.rto.timeout())
	}
}
