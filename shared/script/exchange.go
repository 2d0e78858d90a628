package script

import "time"

// Send sends a segment to the stack now, for a test that makes its segments
// itself.
func (p *Peer) Send(s Segment) {
	p.t.Helper()
	if err := p.sendSegment(s); err != nil {
		p.t.Fatalf("cannot send %s: %v", s, err)
	}
}

// Sent lets the given time pass and returns the segments that the stack sent up to
// then and no line has expected. Each has passed the checks that no line asks
// for, its payload too.
func (p *Peer) Sent(wait time.Duration) (all []Segment) {
	p.t.Helper()
	for deadline := p.now() + wait; ; {
		r := p.take(deadline)
		if r == nil {
			return all
		}
		err := p.checkAlways(r)
		if err == nil && p.cfg.Outside != nil {
			err = p.checkStream(Segment{}, r)
		} else if err == nil {
			err = checkPayload(Segment{}, r.seg, p.cfg.Payload)
		}
		if err != nil {
			p.t.Fatalf("%s", p.report("", 0, &failure{reason: err.Error(), got: r}))
			return all
		}
		all = append(all, r.seg)
	}
}

// Parse reads a segment as ParseSegment does, and fails the test if it cannot.
func (p *Peer) Parse(text string) Segment {
	p.t.Helper()
	s, err := ParseSegment(text)
	if err != nil {
		p.t.Fatalf("%v", err)
	}
	return s
}
