package script

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Outside has a script played against a stack of which nothing but its frames can be seen. Only what RFCs fix counts
// then:
//
//   - an ACK may come alone or ride along with data, and one that was due may come in between;
//   - PSH, the window, the order of options, the values of mss and wscale and where segments begin and end are free, but
//     no segment is longer than the peer's MSS, or beyond its window;
//   - lines with state, and the calls that Skip names, only let time pass.
type Outside struct {
	// Settle is how long the stack, a program in real time, has to deal with what it was sent. 0: virtual time.
	Settle time.Duration
	// Late is by how much an answer may be late: the RFCs say "immediately", and a busy machine takes its time.
	Late time.Duration
	// Again allows what was sent before to be sent once more: the script is not about the retransmission timer.
	Again bool
	// AnyData allows any stream from the stack, as long as what is sent again is the same.
	AnyData bool
	// Skip are the calls that the program makes by itself, such as accept.
	Skip []string
}

// realTime tells whether the clock on the wall counts.
func (p *Peer) realTime() bool { return p.cfg.Outside != nil && p.cfg.Outside.Settle > 0 }

// late is by how much the stack may be late.
func (p *Peer) late() time.Duration {
	if p.cfg.Outside != nil && p.cfg.Outside.Late > 0 {
		return p.cfg.Outside.Late
	}
	return p.cfg.Tolerance
}

// ending is how long a script listens at its end for what no line expects.
func (p *Peer) ending() time.Duration {
	if p.realTime() {
		return p.cfg.Outside.Settle
	}
	return p.cfg.Tolerance
}

// skips tells whether a call is not made, because the program makes it or nobody can look.
func (p *Peer) skips(name string) bool {
	return p.cfg.Outside != nil && (name == "state" || slices.Contains(p.cfg.Outside.Skip, name))
}

// A fit is what a segment is to the line that waits for one.
type fit int

const (
	no       fit = iota // it is something else
	passes              // it says nothing that a line would have to expect
	part                // the line waits for more
	complete            // it is what the line wants
)

// playOutside waits until all that the line wants has come, in one segment or several.
func (a expectSegment) playOutside(p *Peer, when moment) error {
	first, last := when.window(p.anchor, p.gap)
	want := a.seg
	for {
		r := p.takeOf(want, last+p.late())
		if r == nil && p.throttled(want) {
			return nil
		}
		if r == nil {
			f := &failure{reason: fmt.Sprintf("nothing came by %s", seconds(last)), want: want.String()}
			if f.got = p.takeOf(want, p.now()+p.lateLook()); f.got != nil {
				f.reason += fmt.Sprintf("; the next segment came at %s, %s late", seconds(f.got.at), f.got.at-last)
			}
			return f
		}
		errs := []error{p.checkAlways(r)}
		how := no
		if r.err == nil {
			errs = append(errs, p.checkPorts(r, want))
			if !p.isProbe(want, r) {
				errs = append(errs, p.checkStream(a.seg, r))
			}
			var err error
			if how, err = p.fits(&want, r); how == no {
				errs = append(errs, err)
			}
		}
		if early := first - r.at; early > p.cfg.Tolerance && !when.any && how != passes {
			errs = append(errs, fmt.Errorf("it came %s early, want it at %s", early, seconds(first)))
		}
		if err := errors.Join(errs...); err != nil {
			return &failure{reason: err.Error(), want: want.String(), got: r}
		}
		p.conn(r.key).note(r)
		if how == complete {
			p.matched(r)
			return nil
		}
	}
}

// fits tells what a segment is to the line that waits for want, and what it waits for after it. What the line does not
// ask for is put back.
func (p *Peer) fits(want *Segment, r *received) (fit, error) {
	got := r.seg
	got.Flags &^= PSH
	w := *want
	w.Flags &^= PSH
	w.Has &^= HasWin
	if got.Flags&SYN != 0 { // RFC 3168 is the stack's own matter
		got.Flags &^= ECE | CWR
		w.Flags &^= ECE | CWR
	}
	if (w.Flags|got.Flags)&(SYN|RST) != 0 {
		if p.again(r) && (got.Flags != w.Flags || got.Seq != w.Seq) {
			return passes, nil
		}
		if err := w.matchOutside(got, p.names); err != nil {
			return no, err
		}
		return complete, nil
	}
	isACK := func(s Segment) bool { return s.Len == 0 && s.Flags&FIN == 0 }
	c := p.conn(r.key)
	switch {
	case p.isProbe(w, r):
		return complete, nil
	case isACK(got) && p.owed(c, got, w):
		return passes, nil
	case isACK(w) && isACK(got):
		if err := w.matchOutside(got, p.names); err != nil {
			return no, err
		}
		return complete, nil
	case p.again(r) && (got.Seq != w.Seq || isACK(w)):
		return passes, nil
	case isACK(w): // it rides along
		text := got
		got.Len, got.Flags = 0, got.Flags&^FIN
		if err := w.matchOutside(got, p.names); err != nil {
			return no, err
		}
		p.putBack(r, text)
		return complete, nil
	case isACK(got):
		return no, w.matchOutside(got, p.names)
	}
	return p.fitsText(want, w, r)
}

// isProbe tells whether a segment asks whether the window has opened, as the line wants it, with a number that has been
// acknowledged, so that it is answered: with a byte that is nobody's, or none.
func (p *Peer) isProbe(want Segment, r *received) bool {
	return want.Len == 1 && want.Seq == p.conn(r.key).edge && r.seg.Seq == want.Seq-1 && r.seg.Len <= 1 && r.seg.Flags&^PSH == ACK
}

// fitsText compares what a line wants of the stream with a segment that has some of it.
func (p *Peer) fitsText(want *Segment, w Segment, r *received) (fit, error) {
	got := r.seg
	got.Flags &^= PSH
	rest, more := got, false // of the segment, behind what the line wants
	n := min(w.Len, got.Len)
	if got.Len > n {
		rest.Seq, rest.Len, more = got.Seq+uint32(n), got.Len-n, true
		got.Flags &^= FIN
	}
	whole := got.Len >= w.Len && (w.Flags&FIN == 0 || got.Flags&FIN != 0)
	if !more && got.Flags&FIN != 0 && w.Flags&FIN == 0 {
		if got.Len < w.Len {
			return no, fmt.Errorf("the FIN comes behind %d of %d bytes", got.Len, w.Len)
		}
		rest.Seq, rest.Len, more = got.Seq+uint32(n), 0, true
		got.Flags &^= FIN
	}
	compare := w
	compare.Len, got.Len = n, n
	if !whole {
		compare.Flags &^= FIN
	}
	if !whole && int32(w.Ack-got.Ack) >= 0 && int32(got.Ack-p.conn(r.key).ack) >= 0 {
		compare.Ack = got.Ack // it was sent before the last of ours came
	}
	if err := compare.matchOutside(got, p.names); err != nil {
		return no, err
	}
	if more {
		p.putBack(r, rest)
	}
	if whole {
		return complete, nil
	}
	want.Seq, want.Len = w.Seq+uint32(n), w.Len-n
	want.Data, want.Has = nil, want.Has&^HasData
	return part, nil
}

// owed tells whether an ACK says something that the stack had to say, or may say at any time, while the line waits for
// something else: it acknowledges what has come since the last one, or opens the window.
func (p *Peer) owed(c *conn, got, want Segment) bool {
	if got.Len > 0 || !c.heard || got.Ack == want.Ack && want.Len == 0 && want.Flags&FIN == 0 {
		return false
	}
	return int32(got.Ack-c.ack) > 0 || got.Ack == c.ack && got.Win != c.win
}

// again tells whether a segment was sent before, and may be sent once more.
func (p *Peer) again(r *received) bool {
	c := p.conn(r.key)
	return p.cfg.Outside.Again && c.heard && r.seg.occupies() > 0 && int32(r.seg.Seq+r.seg.occupies()-c.next) <= 0
}

// occupies is how many sequence numbers the segment takes.
func (s Segment) occupies() uint32 {
	n := uint32(s.Len)
	if s.Flags&SYN != 0 {
		n++
	}
	if s.Flags&FIN != 0 {
		n++
	}
	return n
}

// putBack has the rest of a segment be the next to be taken.
func (p *Peer) putBack(r *received, rest Segment) {
	again := *r
	if cut := int(rest.Seq - r.seg.Seq); cut > 0 {
		rest.Data = r.seg.Data[cut:]
	}
	rest.Options = r.seg.Options
	again.seg = rest
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = slices.Insert(p.queue, 0, arrival{at: r.at, frame: r.frame, seen: &again})
}

// takeOf is take for a connection: where a script has several, they need not take turns.
func (p *Peer) takeOf(want Segment, deadline time.Duration) *received {
	for more := true; ; more = p.await(deadline) {
		if r := p.popOf(want); r != nil {
			return r
		}
		if !more {
			return p.popOf(want)
		}
	}
}

func (p *Peer) popOf(want Segment) *received {
	var others []arrival
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.queue = append(others, p.queue...)
	}()
	for {
		a, ok := p.pop()
		if !ok {
			return nil
		}
		r := p.look(a)
		if r.err != nil || want.To.isZero() && want.From.isZero() && len(p.conns) < 2 || p.checkPorts(r, want) == nil {
			return r
		}
		a.seen = r
		others = append(others, a)
	}
}

// note keeps what a segment says for those that follow.
func (c *conn) note(r *received) {
	s := r.seg
	if end := s.Seq + s.occupies(); !c.heard || int32(end-c.next) > 0 {
		c.next = end
	}
	if s.Flags&ACK != 0 && s.Flags&RST == 0 {
		if !c.heard || int32(s.Ack-c.ack) >= 0 {
			c.ack, c.win = s.Ack, s.Win
		}
	}
	c.heard = true
	c.said, c.saidAt = s, r.at
}

// throttleTime is for how long a stack may keep quiet after it has answered a segment with an ACK, where a stranger could
// have sent that segment: "an implementation SHOULD include an ACK throttling mechanism" (RFC 5961 7).
const throttleTime = time.Second

// throttled tells whether the ACK that a line wants may be missing: it says what the last one has said a moment ago, and
// what the peer sent has no data that it could want.
func (p *Peer) throttled(want Segment) bool {
	k, err := p.key(want.To, want.From)
	if err != nil || want.occupies() > 0 || want.Flags&^PSH != ACK {
		return false
	}
	c := p.conn(k)
	old := int32(c.asked.Seq+uint32(c.asked.Len)-want.Ack) < 0
	return (c.asked.Len == 0 || old) && c.said.Flags == ACK && c.said.Len == 0 && c.said.Seq == want.Seq && c.said.Ack == want.Ack &&
		p.now()-c.saidAt < throttleTime+p.late()
}

// tell keeps what the peer says: how long segments may be, and up to where.
func (c *conn) tell(s Segment) {
	c.asked = s
	if s.Flags&SYN != 0 {
		c.mss, c.scale = 536, 0 // RFC 9293 3.7.1, MUST-15
		for _, o := range s.Options {
			switch {
			case o.Raw:
			case o.Kind == kindMSS:
				c.mss = int(o.Number)
			case o.Kind == kindWScale:
				c.scale = min(o.Number, 14)
			}
		}
		c.edge, c.told, c.peerFIN = 0, false, false
	}
	c.peerFIN = c.peerFIN || s.Flags&FIN != 0
	if s.Flags&ACK == 0 && s.Flags&SYN == 0 || s.Flags&RST != 0 {
		return
	}
	edge := s.Ack + uint32(s.Win)<<c.scale
	if s.Flags&SYN != 0 {
		edge = 1 + uint32(s.Win) // never scaled, and it does not count from an ACK
	}
	if !c.told || int32(edge-c.edge) > 0 {
		c.edge, c.told = edge, true
	}
}

// smallestMSS is what no stack can be asked to go below: options take up to 40 bytes of it.
const smallestMSS = 64

// checkLimits checks that a segment is no longer than the peer takes, and not beyond its window.
func (c *conn) checkLimits(s Segment) error {
	if s.Len == 0 || !c.told {
		return nil
	}
	size := s.Len
	for _, o := range s.Options {
		size += o.length()
	}
	if c.mss >= smallestMSS && size > (c.mss+3)/4*4 {
		return fmt.Errorf("%d bytes of data and options are more than the peer's MSS of %d", size, c.mss)
	}
	end := s.Seq + uint32(s.Len)
	if over := int32(end - c.edge); over > 1 { // a probe of a closed window is one byte
		return fmt.Errorf("the segment ends %d bytes beyond the peer's window", over)
	}
	return nil
}

// checkStream compares the data with the stream, or with what was sent before of the same place.
func (p *Peer) checkStream(want Segment, r *received) error {
	if !p.cfg.Outside.AnyData {
		return checkPayload(Segment{Has: want.Has & AnyData}, r.seg, p.cfg.Payload)
	}
	c := p.conn(r.key)
	if c.stream == nil {
		c.stream = make(map[uint32]byte)
	}
	for i, b := range r.seg.Data[:min(r.seg.Len, len(r.seg.Data))] {
		at := r.seg.streamOffset() + uint32(i)
		if before, ok := c.stream[at]; ok && before != b {
			return fmt.Errorf("payload byte %d, at stream offset %d, is %#02x, and was %#02x when it was sent before", i, at, b, before)
		}
		c.stream[at] = b
	}
	return nil
}

// matchOutside is Match without what RFCs leave free.
func (s Segment) matchOutside(got Segment, names map[string]uint32) error {
	strict := s
	strict.Has &^= HasWin | HasOptions
	err := strict.Match(got, names)
	if s.Has&HasOptions != 0 {
		err = errors.Join(err, s.matchFreely(got, names))
	}
	return err
}

// matchFreely compares options without their order. <> means that there are none of those for which something has to
// be agreed, or that belong to a SYN.
func (s Segment) matchFreely(got Segment, names map[string]uint32) error {
	got.Options = withoutDSACK(got)
	for _, w := range s.Options {
		if w.Kind <= kindNOP {
			continue
		}
		if !slices.ContainsFunc(got.Options, func(g Option) bool { return w.matchFreely(g, names) }) {
			return fmt.Errorf("options are %s, without %s", formatOptions(got.Options, false), w)
		}
	}
	if s.Has&MoreOptions != 0 {
		return nil
	}
	for _, g := range got.Options {
		agreed := g.Kind == kindMSS || g.Kind == kindWScale || g.Kind == kindSACKOK || g.Kind == kindSACK || g.Kind == kindTimestamp
		if agreed && !slices.ContainsFunc(s.Options, func(w Option) bool { return w.Kind == g.Kind }) {
			return fmt.Errorf("options are %s: %s should not be there", formatOptions(got.Options, false), g)
		}
	}
	return nil
}

// withoutDSACK are the options without what RFC 2883 lets the first SACK block say: that something came twice.
func withoutDSACK(s Segment) []Option {
	all := slices.Clone(s.Options)
	for i, o := range all {
		if o.Kind != kindSACK || len(o.Blocks) == 0 {
			continue
		}
		first, rest := o.Blocks[0], o.Blocks[1:]
		if int32(first.Right-s.Ack) > 0 && !slices.ContainsFunc(rest, func(b Block) bool {
			return int32(first.Left-b.Left) >= 0 && int32(first.Right-b.Right) <= 0
		}) {
			continue
		}
		if all[i].Blocks = rest; len(rest) == 0 {
			return slices.Delete(all, i, i+1)
		}
	}
	return all
}

func (o Option) matchFreely(got Option, names map[string]uint32) bool {
	if o.Kind != got.Kind {
		return false
	}
	switch o.Kind {
	case kindMSS:
		return got.Number <= o.Number && got.Number > 0
	case kindWScale:
		return got.Number <= 14 // RFC 7323 2.3
	case kindSACK:
		// "the first SACK block MUST specify the contiguous block of data containing the segment which triggered this
		// ACK" (RFC 2018 4); the others may be fewer.
		if len(got.Blocks) == 0 || got.Blocks[0] != o.Blocks[0] {
			return false
		}
		for _, b := range got.Blocks {
			if !slices.Contains(o.Blocks, b) {
				return false
			}
		}
		return true
	}
	return o.match(got, names)
}

// takeSurprise waits up to the deadline for what a line would have to expect.
func (p *Peer) takeSurprise(deadline time.Duration) *received {
	for {
		if r := p.take(deadline); r == nil || !p.passes(r) {
			return r
		}
	}
}

// passes tells whether a segment that no line expects may come: an ACK that was due, where a program may have its own
// reasons; what was sent before, if the script is not about that; and its FIN, when the peer has closed.
func (p *Peer) passes(r *received) bool {
	if p.cfg.Outside == nil || r.err != nil || p.checkAlways(r) != nil {
		return false
	}
	c, s := p.conn(r.key), r.seg
	isACK := s.occupies() == 0 && s.Flags == ACK
	closes := s.Len == 0 && s.Flags&^PSH == FIN|ACK && c.peerFIN
	if !p.again(r) && !closes && !(isACK && p.owed(c, s, Segment{Len: 1})) {
		return false
	}
	c.note(r)
	return true
}

// Reset ends all connections of the peer that may still be open, for a program that goes on.
func (p *Peer) Reset() {
	for k, c := range p.conns {
		if !c.heard {
			continue
		}
		s := Segment{Flags: RST, Seq: c.ack}
		if frame, err := s.Frame(p.flow(k)); err == nil {
			p.cfg.Device.Write(frame)
		}
	}
}
