package wire

import "slices"

// parcel is a frame on its way and the copy right behind it, if there is one.
type parcel struct {
	frame []byte
	due   int64
	tag
	twice   bool
	copyDue int64
	copyTag tag
}

// held is a frame that waits to be overtaken.
type held struct {
	parcel
	after    int   // how many frames have yet to overtake it
	deadline int64 // it goes on at this instant if they do not come
}

// hold keeps a frame back until one to three later ones have overtaken it.
func (d *direction) hold(p parcel, t throw) {
	p.frame = d.line.clone(p.frame)
	deadline := d.line.onLane(p.due + int64(reorderWait))
	if n := len(d.held); n > 0 {
		// Jitter must not let a later frame's patience end first: held[0] is
		// always the one to look at.
		deadline = max(deadline, d.held[n-1].deadline+lanes)
	}
	d.held = append(d.held, held{p, 1 + int(below(t.overtakers, maxOvertakers)), deadline})
	d.arm()
}

// forward sends a frame on in front of the held ones, and then those that
// have been overtaken often enough.
func (d *direction) forward(p parcel, now int64) (int, error) {
	// A held frame whose patience ends before this one arrives is not overtaken.
	d.expire(max(p.due, d.line.last), now)
	n, err := d.advance(p, now)
	d.overtaken(len(d.held), now)
	if d.timed {
		d.arm()
	}
	return n, err
}

// overtaken notes that a frame has gone past the first n held ones. One that is
// let go by that goes past those in front of it in turn.
func (d *direction) overtaken(n int, now int64) {
	for {
		for i := range d.held[:n] {
			d.held[i].after--
		}
		n = slices.IndexFunc(d.held, func(h held) bool { return h.after == 0 })
		if n < 0 {
			return
		}
		d.letGo(n, now)
	}
}

// expire lets go of held frames whose patience ends at the given instant or before.
func (d *direction) expire(instant, now int64) {
	for len(d.held) > 0 && d.held[0].deadline <= instant {
		d.held[0].due = d.held[0].deadline
		d.letGo(0, now)
	}
}

// letGo sends held frame i on.
func (d *direction) letGo(i int, now int64) {
	h := d.held[i]
	d.held = slices.Delete(d.held, i, i+1)
	if _, err := d.advance(h.parcel, now); err != nil {
		d.report(Lost, h.frame, err)
	}
	d.line.release(h.frame)
}

// advance puts a frame and its copy in line, or hands them over if they are due
// and nobody is in front of them. It returns what became of the frame.
func (d *direction) advance(p parcel, now int64) (int, error) {
	n, err := d.queueOrHand(p.frame, p.due, p.tag, now)
	if p.twice && err == nil {
		if _, err := d.queueOrHand(p.frame, p.copyDue, p.copyTag, now); err != nil {
			d.report(Lost, p.frame, err)
		}
	}
	return n, err
}

func (d *direction) queueOrHand(frame []byte, due int64, t tag, now int64) (int, error) {
	if due <= now && d.line.flights.len() == 0 {
		return d.handOver(frame, due, t)
	}
	f := d.line.fly(frame, due, t)
	d.watch(frame, f.due, t, "")
	return len(frame), nil
}
