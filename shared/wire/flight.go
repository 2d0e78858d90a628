package wire

import "time"

// A Flight is a frame's way through one direction of an Impaired.
type Flight struct {
	ID     int       // numbers the frames of this direction from 0, in the order in which they were written
	Out    bool      // the frame is on its way out: someone wrote it
	CopyOf int       // for a duplicate the ID of its original, otherwise -1
	Sent   time.Time // when it was written
	Leaves time.Time // when the cable has taken its last bit: after its turn in the queue, as Rate says
	Due    time.Time // when it arrives, unless something happens to it
	Fate   string    // Arrived, or how it was lost; empty: it is under way
	Frame  []byte    // the frame as it is now, valid during the call only
}

// Fates of a flight, besides Dropped, Lost and QueueFull.
const (
	Arrived = "arrived"
	Taken   = "taken off the cable" // Way.Lose
)

// tag is what a frame has with it, on its way. Instants are nanoseconds since 1970.
type tag struct {
	id, copyOf   int
	sent, leaves int64
}

// newTag returns the tag of the next frame. Its instants are for Watch alone.
func (d *direction) newTag() tag {
	t := tag{id: d.frames, copyOf: -1}
	d.frames++
	if d.faults.Watch != nil {
		t.sent = d.line.now()
		t.leaves = t.sent
	}
	return t
}

// watch tells how a flight stands. A frame that never waited was due at once.
func (d *direction) watch(frame []byte, due int64, t tag, fate string) {
	if d.faults.Watch == nil {
		return
	}
	d.faults.Watch(Flight{ID: t.id, Out: d.out, CopyOf: t.copyOf, Frame: frame, Fate: fate,
		Sent: time.Unix(0, t.sent), Leaves: time.Unix(0, t.leaves), Due: time.Unix(0, max(due, t.leaves))})
}

// A Way is one direction of an Impaired, for whoever interferes with what is under
// way there. A frame is under way from the moment at which Watch has heard of it with an
// empty Fate until it hears of another one. (One that Reorder holds back is not, yet.)
type Way struct{ d *direction }

// Out is the way of the frames that are written, In of those that are read.
func (im *Impaired) Out() Way { return Way{im.out} }
func (im *Impaired) In() Way  { return Way{im.in} }

// Lose takes a frame off the cable. It is false if there is no such frame under way.
func (w Way) Lose(id int) bool {
	return w.change(id, func(l *line, f flight) {
		w.d.counts[Taken]++
		w.d.watch(f.frame, f.due, f.tag, Taken)
		l.release(f.frame)
	})
}

// Postpone has a frame arrive later by so much. Others may overtake it.
func (w Way) Postpone(id int, by time.Duration) bool {
	return w.change(id, func(l *line, f flight) {
		f.due = l.onLane(f.due + max(0, int64(by)))
		w.again(l, f)
	})
}

// Duplicate has a copy of the frame follow it.
func (w Way) Duplicate(id int) bool {
	return w.change(id, func(l *line, f flight) {
		c := flight{due: f.due + lanes, frame: l.clone(f.frame), tag: f.tag}
		c.id, c.copyOf = w.d.frames, f.id
		w.d.frames++
		l.insert(f)
		w.again(l, c)
	})
}

// Rewrite has another frame arrive in place of this one, such as the same with a bit changed.
func (w Way) Rewrite(id int, frame []byte) bool {
	return check(frame) == nil && w.change(id, func(l *line, f flight) {
		l.release(f.frame)
		f.frame = l.clone(frame)
		w.again(l, f)
	})
}

// again puts a flight back and says how it stands.
func (w Way) again(l *line, f flight) {
	at := l.insert(f)
	w.d.watch(at.frame, at.due, at.tag, "")
}

// change takes a flight out for f, which may put it back.
func (w Way) change(id int, f func(*line, flight)) bool {
	w.d.mu.Lock()
	defer w.d.mu.Unlock()
	l := &w.d.line
	for i := range l.flights.len() {
		if l.flights.at(i).id == id {
			f(l, l.flights.remove(i))
			w.d.arm()
			return true
		}
	}
	return false
}
