package script

import (
	"errors"
	"fmt"
	"time"
)

// lane is the wire package's number of lanes: the peer acts at multiples of it
// only, so that it never acts in the same instant as something on a cable.
const lane = 64

// settleShare is the part of the tolerance that a frame of the peer gets to
// arrive before a call looks at what it did.
const settleShare = 20

// longLook is how much longer a script waits after a segment has not come, to
// tell late from never.
const longLook = 2 * time.Minute

// lateLook is how much longer a script waits, which in real time costs time.
func (p *Peer) lateLook() time.Duration {
	if p.realTime() {
		return time.Second
	}
	return longLook
}

// Run plays a script. It has to be called in the synctest bubble in which the
// stack lives, and closes c.Device at the end.
func Run(t TB, c Config, text string, calls Calls) {
	t.Helper()
	p := NewPeer(t, c)
	defer p.Close()
	p.Play(text, calls)
}

// Play plays a script with what the peer knows from the scripts before. The
// first line counts from now.
func (p *Peer) Play(text string, calls Calls) {
	p.t.Helper()
	all, err := parseScript(text)
	if err != nil {
		var e *SyntaxError
		if errors.As(err, &e) {
			e.where = p.cfg.Where
		}
		p.t.Fatalf("cannot read the script: %v", err)
		return
	}
	p.anchor, p.calls = p.now(), calls
	for _, st := range all {
		if err := st.act.play(p, st.when); err != nil {
			p.t.Fatalf("%s", p.report(text, st.line, err))
			return
		}
	}
	if err := p.finish(); err != nil {
		p.t.Fatalf("%s", p.report(text, 0, err))
	}
}

// finish checks that nothing is left over.
func (p *Peer) finish() error {
	if r := p.takeSurprise(p.now() + p.ending()); r != nil {
		return &failure{reason: "at its end the stack had sent a segment that no line expects", got: r}
	}
	for _, r := range p.open {
		returned := p.returned(r, 0)
		if !returned && r.wanted {
			return fmt.Errorf("%s has not returned by the end of the script, want %s", r.call, r.want)
		}
		if returned {
			if err := r.check(r.want, r.wanted, p.cfg.Errors); err != nil {
				return err
			}
		}
	}
	p.open = nil
	return nil
}

// wait lets time pass until a line of the peer is due, or a little later. What
// the stack sends meanwhile is a surprise, unless it may belong to the moment of
// that line and the next one may expect it.
func (p *Peer) wait(due, notBefore time.Duration) error {
	if late := p.now() - due; late > p.cfg.Tolerance && p.realTime() {
		due = p.now() // a busy machine
	} else if late > p.cfg.Tolerance {
		return fmt.Errorf("the line is for %s, and it is %s", seconds(due), seconds(p.now()))
	}
	until := p.onLane(max(due, notBefore, p.now()))
	for {
		if err := p.surprise(due - p.cfg.Tolerance); err != nil {
			return err
		}
		if !p.await(until) {
			p.anchor = due
			return p.surprise(due - p.cfg.Tolerance)
		}
	}
}

// surprise is an error if the stack has sent something before the given time that
// no line expects.
func (p *Peer) surprise(before time.Duration) error {
	for {
		a, ok := p.peek()
		if !ok || a.at >= before {
			return nil
		}
		p.pop()
		if r := p.look(a); !p.passes(r) {
			return &failure{reason: "the stack sent a segment that no line expects", got: r}
		}
	}
}

// settled is when the stack has got what the peer sent last.
func (p *Peer) settled() time.Duration { return p.sent + p.cfg.Tolerance/settleShare }

func (p *Peer) onLane(t time.Duration) time.Duration {
	if p.realTime() {
		return t
	}
	instant := p.start.UnixNano() + int64(t)
	return t + time.Duration((lane-instant%lane)%lane)
}

// send puts a frame on the cable.
func (p *Peer) send(frame []byte, text string) error {
	p.sent = p.now()
	p.record(p.sent, "< "+text)
	if _, err := p.cfg.Device.Write(frame); err != nil {
		return fmt.Errorf("the peer could not send: %w", err)
	}
	return nil
}

// Length is how long a script takes if everything happens as late as its lines allow. Lines with * count nothing.
func Length(text string) (d time.Duration, err error) {
	all, err := parseScript(text)
	if err != nil {
		return 0, err
	}
	for _, st := range all {
		switch {
		case st.when.any:
		case st.when.relative:
			d += st.when.end
		default:
			d = max(d, st.when.end)
		}
	}
	return d, nil
}
