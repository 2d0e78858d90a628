package stack

import (
	"slices"
	"time"
)

// sentSegment is a segment that was sent and is not acknowledged yet. Its data are in
// the send buffer; this is what must be known to decide when to send them again.
type sentSegment struct {
	seq    seqNum
	end    seqNum        // the number after it; a FIN counts
	at     time.Duration // when it was sent last, by the stack's clock
	first  time.Duration // when it was sent first
	sacked bool          // the peer has it, but something before it is missing
	lost   bool          // it seems to be lost, and has not been sent again since
	resent bool          // it was sent more than once

	run          int32 // of one that is sacked: how many from it on certainly are
	older, newer int32 // how far off the ones are that were sent before and after it, see sentOrder
}

// len returns how much sequence space it takes.
func (seg *sentSegment) len() int { return int(seg.end - seg.seq) }

// maxSentSegments is how many there may be: 16,384 full ones are more than any window
// holds. A peer that asks for tiny ones must not make the list long, as some
// acknowledgments have us go through all of it (CVE-2019-11478).
const maxSentSegments = 16384

// sentList has all segments from SND.UNA to SND.NXT, in their order. It is what RFC 6675
// calls the scoreboard. An acknowledgment must not cost more work than there is news in it,
// as the peer decides how many there are: no walk through the list looks again and again at
// what has not changed.
type sentList struct {
	all    []sentSegment
	first  int // all[first:] are those that are not acknowledged
	flight int // bytes on their way: neither sacked nor lost; RFC 6675's pipe
	sacked int // how many segments are sacked
	there  int // how many bytes these have
	lost   int // how many are lost

	order    sentOrder
	lostFrom int // no segment before all[lostFrom] is lost
	visited  int // how many segments all walks have looked at
}

// live returns the segments that are not acknowledged. The other functions count from the
// first of these.
func (l *sentList) live() []sentSegment { return l.all[l.first:] }

// place returns where a segment is in all, counted from 1.
func (l *sentList) place(i int) int { return l.first + i + 1 }

// add adds a segment after all others.
func (l *sentList) add(seg sentSegment) {
	l.all = append(l.all, seg)
	l.flight += seg.len()
	l.sentLast(len(l.all))
}

// keptSegments is how many there is room for on an idle connection, at most. A list that
// was longer once, for a large window, goes: there may be very many such connections.
const keptSegments = 256

// drop forgets the first segment. What is left moves to the front now and then, which is
// cheap because it is rare.
func (l *sentList) drop() {
	l.leave(0)
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
	l.order.move(0, -l.first)
	l.lostFrom = max(0, l.lostFrom-l.first)
	l.first = 0
}

// removeLast forgets the last segment.
func (l *sentList) removeLast() {
	last := len(l.live()) - 1
	l.leave(last)
	l.all = l.all[:l.first+last]
}

// leave takes a segment out of the sums, and out of the order of those on their way.
func (l *sentList) leave(i int) {
	seg := &l.live()[i]
	switch {
	case seg.sacked:
		l.sacked--
		l.there -= seg.len()
	case seg.lost:
		l.lost--
	default:
		l.flight -= seg.len()
		l.leaveOrder(l.place(i))
	}
}

// sack notes that the peer has a segment.
func (l *sentList) sack(i int) {
	l.leave(i)
	seg := &l.live()[i]
	seg.sacked, seg.lost, seg.run = true, false, 1
	l.sacked++
	l.there += seg.len()
}

// lose notes that a segment seems to be lost.
func (l *sentList) lose(i int) {
	seg := &l.live()[i]
	if seg.sacked || seg.lost {
		return
	}
	l.leave(i)
	seg.lost = true
	l.lost++
	if at := l.first + i; l.lost == 1 || at < l.lostFrom {
		l.lostFrom = at
	}
}

// nextLost returns the index of the first segment from i on that is lost, or how many
// segments there are.
func (l *sentList) nextLost(i int) int {
	live := l.live()
	if l.lost == 0 {
		return len(live)
	}
	for i = max(i, l.lostFrom-l.first); i < len(live) && !live[i].lost; i += max(1, int(live[i].run)) {
		l.visited++
	}
	return i
}

// firstLost returns the index of the first segment that is lost. The next time, the
// search begins there.
func (l *sentList) firstLost() int {
	i := l.nextLost(0)
	l.lostFrom = l.first + i
	return i
}

// nextUnsacked returns the index of the first segment from i on that is not sacked, or of
// the first after end. A run of sacked ones that was walked once is passed in one step.
func (l *sentList) nextUnsacked(i int, end seqNum) int {
	live, start := l.live(), i
	for i < len(live) && live[i].sacked && live[i].end.leq(end) {
		l.visited++
		i += int(live[i].run)
	}
	for start < i { // each of them leads to the end of the run now
		start, live[start].run = start+int(live[start].run), int32(i-start)
	}
	return i
}

// loseOld takes for lost what is first, and what was sent at a time or before it. If the
// peer says that it has the first one, and does not acknowledge it, it has thrown it away
// since, and nothing that it has said counts any more (RFC 2018 8).
func (l *sentList) loseOld(at time.Duration) {
	live := l.live()
	if len(live) == 0 {
		return
	}
	if live[0].sacked {
		l.forgetSACK()
	}
	l.lose(0)
	for l.order.oldest != 0 && l.at(l.order.oldest).at <= at {
		l.lose(l.order.oldest - l.place(0))
	}
}

// forgetSACK takes what the peer has said it has for lost.
func (l *sentList) forgetSACK() {
	live := l.live()
	for i := range live {
		if seg := &live[i]; seg.sacked {
			l.leave(i)
			seg.sacked, seg.lost, seg.resent, seg.run = false, true, true, 0
			l.lost++
		}
	}
	l.lostFrom = l.first
}

// again notes that a segment is sent again: one that is not sacked; or the first, to which
// no run leads.
func (l *sentList) again(i int, end seqNum, now time.Duration) {
	l.leave(i)
	seg := &l.live()[i]
	seg.sacked, seg.lost, seg.resent, seg.at, seg.run = false, false, true, now, 0
	if i == len(l.live())-1 && seg.end.less(end) {
		seg.end = end // the last one may have got a FIN
	}
	l.flight += seg.len()
	l.sentLast(l.place(i))
}

// split cuts a segment that is not sacked in two, the first of which has n bytes.
func (l *sentList) split(i, n int) {
	place := l.place(i)
	l.makeRoom(place)
	head, tail := l.at(place), l.at(place+1)
	*tail = *head
	head.end = head.seq.add(n)
	tail.seq = head.end
	if head.lost {
		l.lost++
		return
	}
	next := l.after(place)
	l.join(place, place+1)
	l.join(place+1, next)
	if l.order.overtaken == place {
		l.order.overtaken++
	}
}

// trim forgets the part of the first segment that is before ack.
func (l *sentList) trim(ack seqNum) {
	seg := &l.live()[0]
	switch n := int(ack - seg.seq); {
	case seg.sacked:
		l.there -= n
	case !seg.lost:
		l.flight -= n
	}
	seg.seq = ack
}

// find returns the index of the first segment that ends after seq.
func (l *sentList) find(seq seqNum) int {
	live := l.live()
	low, high := 0, len(live)
	for low < high {
		if mid := (low + high) / 2; live[mid].end.leq(seq) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// sentOrder is the order in which the segments that are on their way, neither sacked nor
// lost, were sent last: a chain through the list, in which each segment has the distance
// to the one sent before it and to the next. RFC 8985 6.2 recommends it: RACK starts at the
// oldest, and need not look at all of them.
//
// Places are those in sentList.all, counted from 1: 0 stands for none.
type sentOrder struct {
	oldest, newest int
	overtaken      int // the last that was sent before something that has arrived
}

// move adjusts the order when the segments after a place have moved by n.
func (o *sentOrder) move(place, n int) {
	for _, at := range []*int{&o.oldest, &o.newest, &o.overtaken} {
		if *at > place {
			*at += n
		}
	}
}

// at returns the segment at a place.
func (l *sentList) at(place int) *sentSegment { return &l.all[place-1] }

// before returns which was sent before the one at a place. Before none is the newest.
func (l *sentList) before(place int) int {
	if place == 0 {
		return l.order.newest
	}
	if d := l.at(place).older; d != 0 {
		return place + int(d)
	}
	return 0
}

// after returns which was sent after the one at a place. After none comes the oldest.
func (l *sentList) after(place int) int {
	if place == 0 {
		return l.order.oldest
	}
	if d := l.at(place).newer; d != 0 {
		return place + int(d)
	}
	return 0
}

// join notes that one was sent right after another.
func (l *sentList) join(older, newer int) {
	d := int32(newer - older)
	if older == 0 || newer == 0 {
		d = 0
	}
	if older == 0 {
		l.order.oldest = newer
	} else {
		l.at(older).newer = d
	}
	if newer == 0 {
		l.order.newest = older
	} else {
		l.at(newer).older = -d
	}
}

// sentLast puts a segment at the end of the order.
func (l *sentList) sentLast(place int) {
	l.join(l.order.newest, place)
	l.join(place, 0)
}

// leaveOrder takes a segment out of the order.
func (l *sentList) leaveOrder(place int) {
	before := l.before(place)
	l.join(before, l.after(place))
	if l.order.overtaken == place {
		l.order.overtaken = before
	}
}

// makeRoom makes room for a segment after a place. That takes as long as the list is, but
// happens only where the path has become narrower.
func (l *sentList) makeRoom(place int) {
	far := func(at int, d *int32) { // longer by one if it leads across the new place
		switch to := at + int(*d); {
		case at <= place && to > place:
			*d++
		case at > place && to <= place:
			*d--
		}
	}
	for at := l.first + 1; at <= len(l.all); at++ {
		far(at, &l.at(at).older)
		far(at, &l.at(at).newer)
	}
	l.order.move(place, 1)
	l.all = slices.Insert(l.all, place, sentSegment{})
}
