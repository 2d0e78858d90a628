package main

import "slices"

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

// move is told that the segments behind a place have moved by n.
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

// behind returns which was sent behind the one at a place. Behind none is the oldest.
func (l *sentList) behind(place int) int {
	if place == 0 {
		return l.order.oldest
	}
	if d := l.at(place).newer; d != 0 {
		return place + int(d)
	}
	return 0
}

// join notes that one was sent right behind another.
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
	l.join(before, l.behind(place))
	if l.order.overtaken == place {
		l.order.overtaken = before
	}
}

// makeRoom makes room for a segment behind a place. That takes as long as the list is, but
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
