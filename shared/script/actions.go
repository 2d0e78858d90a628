package script

import (
	"errors"
	"fmt"
	"slices"
)

// The actions of a script's lines.
type (
	sendSegment   struct{ seg Segment }
	sendRaw       struct{ frame []byte }
	expectSegment struct{ seg Segment }
	expectNothing struct{}
	makeCall      struct{ call }
	endCall       struct{ call }
	setLink       struct{ up bool }
	forget        struct{ from, to Endpoint }
)

func (a sendSegment) play(p *Peer, when moment) error {
	due, _ := when.window(p.anchor, p.gap)
	if err := p.wait(due, 0); err != nil {
		return err
	}
	return p.sendSegment(a.seg)
}

func (p *Peer) sendSegment(s Segment) error {
	k, err := p.key(s.From, s.To)
	if err != nil {
		return err
	}
	frame, err := s.Frame(p.flow(k))
	if err != nil {
		return err
	}
	p.conn(k).tell(s)
	return p.send(frame, s.String())
}

func (a sendRaw) play(p *Peer, when moment) error {
	due, _ := when.window(p.anchor, p.gap)
	if err := p.wait(due, 0); err != nil {
		return err
	}
	return p.send(a.frame, fmt.Sprintf("raw %x", a.frame))
}

func (a expectSegment) play(p *Peer, when moment) error {
	if p.cfg.Outside != nil {
		return a.playOutside(p, when)
	}
	first, last := when.window(p.anchor, p.gap)
	r := p.take(last + p.cfg.Tolerance)
	if r == nil {
		f := &failure{reason: fmt.Sprintf("nothing came by %s", seconds(last)), want: a.seg.String()}
		if f.got = p.take(p.now() + p.lateLook()); f.got != nil {
			f.reason += fmt.Sprintf("; the next segment came at %s, %s late", seconds(f.got.at), f.got.at-last)
		}
		return f
	}
	errs := []error{p.checkAlways(r)}
	if r.err == nil {
		errs = append(errs, p.checkPorts(r, a.seg), a.seg.Match(r.seg, p.names), checkPayload(a.seg, r.seg, p.cfg.Payload))
	}
	if early := first - r.at; early > p.cfg.Tolerance && !when.any {
		errs = append(errs, fmt.Errorf("it came %s early, want it at %s", early, seconds(first)))
	}
	if late := r.at - last; late > p.cfg.Tolerance {
		errs = append(errs, fmt.Errorf("it came %s late, want it by %s", late, seconds(last)))
	}
	if err := errors.Join(errs...); err != nil {
		return &failure{reason: err.Error(), want: a.seg.String(), got: r}
	}
	p.matched(r)
	return nil
}

// matched keeps when a segment came that a line has wanted.
func (p *Peer) matched(r *received) {
	p.gap, p.heard, p.anchor = r.at-p.heard, r.at, r.at
}

func (expectNothing) play(p *Peer, when moment) error {
	_, last := when.window(p.anchor, p.gap)
	if r := p.takeSurprise(last); r != nil {
		return &failure{reason: "the stack was to send nothing up to " + seconds(last), got: r}
	}
	p.anchor = last
	return nil
}

func (a makeCall) play(p *Peer, when moment) error {
	due, _ := when.window(p.anchor, p.gap)
	if err := p.wait(due, p.settled()); err != nil {
		return err
	}
	if p.skips(a.name) {
		return nil
	}
	r, err := p.launch(a.call)
	if err != nil {
		return err
	}
	if a.blocks {
		p.open = append(p.open, r)
		p.settle()
		return nil
	}
	if !p.returned(r, p.now()+p.cfg.Tolerance) {
		return fmt.Errorf("%s has not returned: start a call that waits with `do! %s`", a.call, a.call)
	}
	return r.check(a.want, a.wanted, p.cfg.Errors)
}

func (a endCall) play(p *Peer, when moment) error {
	first, last := when.window(p.anchor, p.gap)
	if p.skips(a.name) {
		return nil
	}
	i := slices.IndexFunc(p.open, func(r *running) bool { return r.name == a.name })
	if i < 0 {
		return fmt.Errorf("no do! has started a call named %s that is still open", a.name)
	}
	r := p.open[i]
	if !p.returned(r, last+p.cfg.Tolerance) {
		return fmt.Errorf("%s has not returned by %s", r.call, seconds(last))
	}
	p.open = slices.Delete(p.open, i, i+1)
	if early := first - r.at; early > p.cfg.Tolerance && !when.any {
		return fmt.Errorf("%s returned at %s, %s early", r.call, seconds(r.at), early)
	}
	if a.wanted {
		r.want, r.wanted = a.want, true
	}
	if err := r.check(r.want, r.wanted, p.cfg.Errors); err != nil {
		return err
	}
	// It may have returned before the line on which the script counts on it.
	p.anchor = max(p.anchor, r.at)
	return p.surprise(p.anchor - p.cfg.Tolerance)
}

func (a setLink) play(p *Peer, when moment) error {
	due, _ := when.window(p.anchor, p.gap)
	if err := p.wait(due, p.settled()); err != nil {
		return err
	}
	if p.cfg.Link == nil {
		return errors.New("the script's Config has no function Link")
	}
	p.cfg.Link(a.up)
	p.settle()
	return nil
}

func (a forget) play(p *Peer, when moment) error {
	due, _ := when.window(p.anchor, p.gap)
	if err := p.wait(due, 0); err != nil {
		return err
	}
	k, err := p.key(a.from, a.to)
	if err == nil {
		*p.conn(k) = conn{}
	}
	return err
}
