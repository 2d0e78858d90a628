package wire

import (
	"math/rand/v2"
	"sync"
	"time"
)

// direction is one way through an Impair. Its lock guards everything below it
// and is held for bookkeeping and for a Write of the device, which never waits.
type direction struct {
	mu        sync.Mutex
	faults    Faults
	out       bool
	drop      func(frame []byte) bool
	random    bool                                  // chance decides something
	timed     bool                                  // frames may have to wait
	hand      func(frame []byte) (n int, err error) // hands a frame over; it copies the frame
	afterLate func()                                // called after frames have been handed over late

	line   line
	dice   *rand.PCG
	sender sender
	held   []held // in the order in which they came
	spare  []byte // holds the frame that is being corrupted
	frames int    // how many there were, copies as well: the next one's number
	counts map[string]int
	closed bool
}

func newDirection(f Faults, out bool, lane int64) *direction {
	f = f.oneWay(out)
	d := &direction{faults: f, out: out, drop: f.DropIn, random: f.random(), timed: f.timed()}
	if out {
		d.drop = f.DropOut
	}
	d.afterLate = func() {}
	d.line = line{lane: lane, start: time.Now(), arrive: d.arrive}
	d.dice = newDice(f.Seed, lane)
	d.sender = sender{rate: f.Rate, queue: f.Queue}
	d.counts = make(map[string]int)
	return d
}

// clear tells whether nothing can happen to a frame on this way.
func (d *direction) clear() bool {
	return d.drop == nil && !d.random && !d.timed && d.faults.Watch == nil
}

// pass takes one frame through the faults. It returns what hand says of a frame
// that goes out at once, and that all is well for one that is lost or waits.
func (d *direction) pass(frame []byte) (int, error) {
	var t throw
	if d.random {
		t = roll(d.dice)
	}
	p := parcel{frame: frame, tag: d.newTag()}
	if d.drop != nil && d.drop(frame) {
		d.lose(p, Dropped)
		return len(frame), nil
	}
	if hit(t.lost, d.faults.Loss) {
		d.lose(p, Lost)
		return len(frame), nil
	}
	if len(frame) > headerLen && hit(t.corrupted, d.faults.Corrupt) {
		p.frame = d.corrupt(frame, t)
		d.report(Corrupted, p.frame, nil)
	}
	return d.travel(p, t)
}

// lose ends a flight that has not begun.
func (d *direction) lose(p parcel, what string) {
	d.report(what, p.frame, nil)
	d.watch(p.frame, p.due, p.tag, what)
}

// corrupt returns a copy of the frame with one bit changed.
func (d *direction) corrupt(frame []byte, t throw) []byte {
	d.spare = append(d.spare[:0], frame...)
	bit := below(t.bit, int64(len(frame)-headerLen)*8)
	d.spare[headerLen+bit/8] ^= 1 << (bit % 8)
	return d.spare
}

// travel decides when the frame and its copy arrive.
func (d *direction) travel(p parcel, t throw) (int, error) {
	var now int64
	if d.timed {
		now = d.line.now()
	}
	var ok bool
	if ok = d.depart(&p, now, t); !ok {
		return len(p.frame), nil
	}
	if hit(t.duplicated, d.faults.Duplicate) {
		c := parcel{frame: p.frame, tag: d.newTag()}
		c.copyOf = p.id
		if p.twice = d.depart(&c, now, t); p.twice {
			p.copyDue, p.copyTag = c.due, c.tag
			d.report(Duplicated, p.frame, nil)
		}
	}
	if hit(t.reordered, d.faults.Reorder) && len(d.held) < maxHeld {
		d.report(Reordered, p.frame, nil)
		d.hold(p, t)
		return len(p.frame), nil
	}
	return d.forward(p, now)
}

// depart sets the instants at which the frame leaves and arrives, which are now
// for one that need not wait. It is false if there is no room for it.
func (d *direction) depart(p *parcel, now int64, t throw) bool {
	p.due = now
	if !d.timed {
		return true
	}
	sent, ok := now, d.line.flights.len() < maxFlying
	if ok && d.faults.Rate > 0 {
		sent, ok = d.sender.send(now, len(p.frame))
	}
	if !ok {
		d.lose(*p, QueueFull)
		return false
	}
	delay := int64(d.faults.Delay)
	if j := int64(d.faults.Jitter); j > 0 {
		delay += below(t.jitter, 2*j+1) - j
	}
	p.leaves, p.due = sent, sent+max(0, delay)
	return true
}

// report counts a fault and tells whoever wants to know.
func (d *direction) report(what string, frame []byte, err error) {
	d.counts[what]++
	if d.faults.Report != nil {
		d.faults.Report(Event{Out: d.out, Frame: frame, What: what, Err: err})
	}
}

// arrive is the timer's: it hands over everything that is due.
func (d *direction) arrive() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.line.armed = 0
	now := d.line.now()
	for {
		f, ok := d.line.landed(now)
		if !ok {
			break
		}
		if _, err := d.handOver(f.frame, f.due, f.tag); err != nil {
			d.report(Lost, f.frame, err)
		}
		d.line.release(f.frame)
	}
	d.expire(now, now)
	d.arm()
	d.afterLate()
}

// arm sets the timer for whatever comes first: a frame that is due, or the end
// of a held frame's patience.
func (d *direction) arm() {
	switch {
	case d.line.flights.len() > 0 && len(d.held) > 0:
		d.line.arm(min(d.line.flights.front().due, d.held[0].deadline))
	case d.line.flights.len() > 0:
		d.line.arm(d.line.flights.front().due)
	case len(d.held) > 0:
		d.line.arm(d.held[0].deadline)
	}
}

// handOver hands a frame over whose flight is at its end, and returns what became of it.
func (d *direction) handOver(frame []byte, due int64, t tag) (int, error) {
	n, err := d.hand(frame)
	fate := Arrived
	switch {
	case err == errNoRoom:
		d.report(QueueFull, frame, nil)
		n, err, fate = len(frame), nil, QueueFull
	case err != nil:
		fate = Lost
	}
	d.watch(frame, due, t, fate)
	return n, err
}

// stop loses what is under way and leaves no timer behind.
func (d *direction) stop() {
	d.closed = true
	d.held = nil
	d.line.stop()
}

// idle tells whether no frame is under way.
func (d *direction) idle() bool {
	return d.line.flights.len() == 0 && len(d.held) == 0
}
