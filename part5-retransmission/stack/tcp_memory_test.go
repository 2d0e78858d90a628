package stack

import (
	"fmt"
	"testing"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// many opens n connections whose users do nothing.
func (d *steady) many(t *testing.T, n int) []*Conn {
	t.Helper()
	var all []*Conn
	for i := range n {
		all = append(all, d.open(d.s.tcp.listeners[80], uint16(9000+i), t))
	}
	return all
}

// arrive has a full segment come on a connection, so many bytes behind RCV.NXT.
func (d *steady) arrive(c *Conn, gap int) {
	d.receive(forge(peerIP, segment{
		srcPort: c.key.remotePort, dstPort: 80, seq: c.rcv.nxt.add(gap), ack: c.snd.nxt, flags: flagACK, wnd: 1000,
		options: unhex("0101080a 00000001 00000000"), data: d.text,
	}))
}

// wantBudget checks that no more than the budget is in use.
func (s *Stack) wantBudget(t *testing.T, when string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if used := s.tcp.chunks.used; used > maxChunks {
		t.Fatalf("%s: %d chunks are in use, at most %d", when, used, maxChunks)
	}
}

// budgetConns connections can fill their first buffers with 160 MB: more than the budget.
const budgetConns = 2500

// notUnderRace skips a test of one goroutine, which the race detector has nothing to say
// about, and which it makes much slower.
func notUnderRace(t *testing.T) {
	if suite.RaceEnabled {
		t.Skip("one goroutine")
	}
}

// Many connections at once receive as much as their windows let the peer send, and their
// users do not read. No more than the budget is kept. What did not fit was lost, and is
// taken when it comes again and the users have read.
func TestBudget(t *testing.T) {
	notUnderRace(t)
	const conns = budgetConns
	d := newSteadyOptions(t)
	all := d.many(t, conns)
	for range minBuffer / len(d.text) {
		for _, c := range all {
			d.arrive(c, 0)
		}
		d.s.wantBudget(t, "receiving")
	}
	if n := d.s.dropped[errTCPMemory]; n == 0 {
		t.Error("nothing was dropped for want of memory")
	}
	d.s.mu.Lock()
	d.s.checkInvariants(t)
	d.s.mu.Unlock()
	got, text := 0, make([]byte, minBuffer)
	for _, c := range all {
		if c.waiting() > 0 {
			n, err := c.Read(text)
			if got += n; err != nil {
				t.Fatal(err)
			}
		}
	}
	if got < maxChunks*chunkLen*9/10-minBuffer {
		t.Errorf("%d bytes were kept, the budget is %d", got, maxChunks*chunkLen)
	}
	if used := d.s.tcp.chunks.used; used != 0 {
		t.Errorf("%d chunks are in use when all is read", used)
	}
	last := all[conns-1]
	d.arrive(last, 0)
	if last.waiting() == 0 {
		t.Error("there is memory again, and a segment is not taken")
	}
}

// Segments behind a gap count with the gap: it needs the room, too.
func TestBudgetGaps(t *testing.T) {
	d := newSteadyOptions(t)
	for _, c := range d.many(t, budgetConns) {
		d.arrive(c, minBuffer-6*len(d.text)) // 15 chunks, which the budget is no multiple of
		d.s.wantBudget(t, "behind gaps")
	}
}

// When the budget is used up by segments behind gaps, those that fill the gaps are taken
// all the same: else no connection could ever go on.
func TestBudgetGapsAreFilled(t *testing.T) {
	notUnderRace(t)
	d := newSteadyOptions(t)
	all := d.many(t, budgetConns)
	for range 40 {
		for _, c := range all {
			gap := len(d.text)
			if n := len(c.rcv.outOfOrder); n > 0 {
				gap = int(c.rcv.outOfOrder[0].to - c.rcv.nxt)
			}
			d.arrive(c, gap)
		}
	}
	d.s.wantBudget(t, "behind gaps")
	stuck := 0
	for _, c := range all {
		if d.arrive(c, 0); c.waiting() == 0 {
			stuck++
		}
	}
	if stuck == len(all) {
		t.Errorf("%d connections are stuck for good: there is no room for what their gaps need", stuck)
	}
}

// Nor does the budget count for what fits into chunks that are there already, as a
// segment does that comes before the end of the gap.
func TestBudgetGapHasChunks(t *testing.T) {
	onConnDirect(t, func(r *connDirect) {
		r.open(60000, optMSS)
		r.in(segment{flags: flagACK, seq: 30001, ack: r.nxt(), wnd: 60000, data: pattern(1000)})
		others := func(chunks int) { r.locked(func() { r.s.tcp.chunks.used += chunks }) }
		others(maxChunks)
		r.in(segment{flags: flagACK, seq: 1, ack: r.nxt(), wnd: 60000, data: pattern(1000)})
		others(-maxChunks)
		if nxt := r.rcvNxt(); nxt != 1001 {
			t.Errorf("RCV.NXT is %d: what fits into the chunks was refused", nxt)
		}
	})
}

// Writers count, too: when the budget is used up, a Write gets one chunk, so that each
// connection goes on, and no more.
func TestBudgetWriters(t *testing.T) {
	const conns = budgetConns
	d := newSteadyOptions(t)
	for i, c := range d.many(t, conns) {
		d.c = c
		go c.Write(make([]byte, minBuffer)) // waits, when the buffer is full
		for c.written() == 0 {
		}
		if used := d.used(); used > maxChunks+conns {
			t.Fatalf("%d writers have %d chunks, the budget is %d, and one each", i, used, maxChunks)
		}
	}
}

func (c *Conn) written() int {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.snd.text.size
}

func (d *steady) used() int {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.s.tcp.chunks.used
}

// What came behind a gap, and then behind a FIN where there should be nothing, is given
// back when the connection ends: in LAST-ACK, and by way of TIME-WAIT.
func TestBudgetBehindFIN(t *testing.T) {
	for _, first := range []string{"the peer", "we"} {
		t.Run(fmt.Sprintf("%s first", first), func(t *testing.T) {
			d := newSteadyOptions(t)
			for _, c := range d.many(t, 100) {
				if first == "we" {
					c.Close()
				}
				d.arrive(c, 20_000)
				d.control(c, flagACK|flagFIN)
				if first != "we" {
					c.Close()
					d.control(c, flagACK)
				}
				if c.state != stateClosed && c.state != stateTimeWait {
					t.Fatalf("in %s", c.state)
				}
			}
			if used := d.used(); used != 0 {
				t.Errorf("%d chunks are in use for good", used)
			}
		})
	}
}

// control has a segment without data come.
func (d *steady) control(c *Conn, flags uint8) {
	d.receive(forge(peerIP, segment{
		srcPort: c.key.remotePort, dstPort: 80, seq: c.rcv.nxt, ack: c.snd.nxt, flags: flags, wnd: 1000,
		options: unhex("0101080a 00000001 00000000"),
	}))
}

// When the budget is used up by what we send, the acknowledgment in a segment counts all
// the same, although its data are not taken: it is what would make room.
func TestBudgetACK(t *testing.T) {
	d := newSteadyOptions(t)
	text := &d.c.rcv.text
	for text.size <= chunkLen || text.lacks(text.size, len(d.text)) == 0 { // else they would be taken
		d.arrive(d.c, 0)
	}
	before := d.c.waiting()
	d.c.Write(d.text)
	d.s.tcp.chunks.used += maxChunks
	d.arrive(d.c, 0)
	d.s.tcp.chunks.used -= maxChunks
	if d.c.snd.una != d.c.snd.nxt {
		t.Error("the acknowledgment was dropped together with the data")
	}
	if d.c.waiting() > before {
		t.Error("the data were taken")
	}
}

// hoard fills the memory: connections from elsewhere have all of a large window but its
// first byte, and never send that. What it returns ends them.
func (p *pair) hoard(conns int) (forget func()) {
	p.ours.mu.Lock()
	defer p.ours.mu.Unlock()
	hoarders := make([]*Conn, conns)
	for i := range hoarders {
		c := p.ours.newConn(connKey{otherIP.As4(), uint16(1000 + i), 80})
		hoarders[i], p.ours.tcp.conns[c.key] = c, c
		c.setState(stateEstablished)
		c.rcv.buff, c.rcv.wnd = maxBuffer, maxBuffer
		for at := 1; at+1448 < maxBuffer; at += 1448 {
			c.hold(&segment{seq: c.rcv.nxt.add(at), data: make([]byte, 1448)})
		}
		c.rcv.gap, c.rcv.gapAt = c.rcv.nxt, p.ours.clock()
	}
	return func() {
		for _, c := range hoarders {
			c.rcv.text.release()
			delete(p.ours.tcp.conns, c.key)
		}
	}
}

// "the data receiver is permitted to discard data in its queue that has not been acknowledged
// to the data sender, even if the data has already been reported in a SACK option" (RFC 2018
// 8): who hoards behind a gap does not slow down anybody else.
func TestHoardersArePruned(t *testing.T) {
	upload := func(hoarders int) (got int) {
		onBadPair(t, wire.Faults{Loss: 0.01, Delay: 10 * time.Millisecond, Rate: 100e6, Queue: 100, Seed: 1}, func(p *pair) {
			ours, peer := p.connect(80)
			forget := p.hoard(hoarders)
			before := p.ours.tcp.chunks.used
			go apps.Discard(ours)
			go func() {
				for data := make([]byte, 100_000); ; {
					if _, err := peer.Write(data); err != nil {
						return
					}
				}
			}()
			time.Sleep(10 * time.Second)
			p.ours.mu.Lock()
			defer p.ours.mu.Unlock()
			defer forget()
			if got = int(ours.rcv.nxt - ours.rcv.irs); hoarders > 0 && before < maxChunks-reservedChunks-1000 {
				t.Errorf("%d hoarders have %d chunks only", hoarders, before)
			}
		})
		return got
	}
	alone, beside := upload(0), upload(13)
	t.Logf("%.2f Mbit/s alone, %.2f beside hoarders", float64(alone)*8/10e6, float64(beside)*8/10e6)
	if beside < alone*9/10 {
		t.Errorf("%d bytes have arrived beside hoarders, and %d alone", beside, alone)
	}
}

// A byte at the far end of the window takes one chunk, and not those of the gap before it.
func TestGapTakesNoMemory(t *testing.T) {
	onConnDirect(t, func(r *connDirect) {
		r.locked(func() {
			pool := &r.s.tcp.chunks
			b := buffer{pool: pool}
			b.writeAt(0, []byte("abc"))
			b.writeAt(maxBuffer-1, []byte{1})
			if pool.used != 2 || b.held != 2 || b.lacks(0, maxBuffer) != maxBuffer-2*chunkLen {
				t.Errorf("two ends of the window take %d chunks, and the rest lacks %d bytes", pool.used, b.lacks(0, maxBuffer))
			}
			b.discard(2)
			b.truncate(1)
			if got := make([]byte, 1); pool.used != 1 || b.held != 1 || len(b.chunks) != 1 {
				t.Errorf("without the end there are %d chunks", pool.used)
			} else if b.readAt(0, got); got[0] != 'c' {
				t.Errorf("it begins with %q", got)
			}
			b.writeAt(3*chunkLen, []byte("x"))
			if b.discard(3 * chunkLen); pool.used != 1 || b.held != 1 {
				t.Errorf("behind the gap there are %d chunks", pool.used)
			}
			if b.release(); pool.used != 0 || b.held != 0 {
				t.Errorf("at last there are %d chunks", pool.used)
			}
		})
	})
}
