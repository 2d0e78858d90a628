package stack

import "testing"

// receiveSegment is a full segment that comes in order, and is read.
func (d *steady) receiveSegment() {
	at(d.full, 4, d.c.rcv.nxt)
	at(d.full, 8, d.c.snd.nxt)
	d.receive(d.full)
	d.c.Read(d.text)
}

// sendSegment is a Write of one full segment, and the ACK for it.
func (d *steady) sendSegment() {
	d.c.Write(d.text)
	at(d.ack, 4, d.c.rcv.nxt)
	at(d.ack, 8, d.c.snd.nxt)
	d.receive(d.ack)
}

// segments are the two things that a connection does all day.
var segments = []struct {
	name string
	f    func(*steady)
}{{"receive", (*steady).receiveSegment}, {"send", (*steady).sendSegment}}

// In steady state neither a segment that comes, is read and acknowledged costs an
// allocation, nor one that is written, sent and acknowledged by the peer.
func TestNoAllocationsTCP(t *testing.T) {
	for _, path := range segments {
		d := newSteady(t)
		for range 100 {
			path.f(d) // makes buffers and timers
		}
		rcv, snd := d.c.rcv.nxt, d.c.snd.una
		if n := testing.AllocsPerRun(1000, func() { path.f(d) }); n != 0 {
			t.Errorf("%s: %v allocations per segment, want 0", path.name, n)
		}
		moved := int(d.c.rcv.nxt-rcv) + int(d.c.snd.una-snd)
		if moved != 1001*1460 || len(d.s.dropped) > 0 { // AllocsPerRun runs it once more
			t.Errorf("%s: %d bytes, dropped %v: it has tried something else", path.name, moved, d.s.dropped)
		}
	}
}

func BenchmarkTCPSegment(b *testing.B) {
	for _, path := range segments {
		b.Run(path.name, func(b *testing.B) {
			d := newSteady(b)
			b.SetBytes(1460)
			b.ReportAllocs()
			for b.Loop() {
				path.f(d)
			}
		})
	}
}
