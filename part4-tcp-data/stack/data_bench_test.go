package stack

import (
	"encoding/binary"
	"testing"
)

// steady is an open connection, and the frames that its peer sends, made by hand.
type steady struct {
	s    *Stack
	c    *Conn
	full []byte // a full segment
	ack  []byte // an ACK
	text []byte // for the user
}

// newSteady opens a connection on a stack with no trace.
func newSteady(tb testing.TB) *steady {
	tb.Helper()
	s := New(nullDevice{}, quietConfig())
	tb.Cleanup(func() { s.Close() })
	l, err := s.Listen(80)
	if err != nil {
		tb.Fatal(err)
	}
	syn := segment{srcPort: 8000, dstPort: 80, flags: flagSYN, wnd: 65535, options: appendMSS(nil, 1460)}
	s.receiveFrame(request(peerMAC, peerIP, ourIP))
	s.receiveFrame(steadyFrame(syn))
	iss := s.tcp.conns[connKey{peerIP.As4(), 8000, 80}].snd.iss
	ack := segment{srcPort: 8000, dstPort: 80, seq: 1, ack: iss + 1, flags: flagACK, wnd: 65535}
	d := &steady{s: s, ack: steadyFrame(ack), text: make([]byte, 1460)}
	ack.data = d.text
	d.full = steadyFrame(ack)
	d.receive(d.ack)
	if d.c, err = l.AcceptTCP(); err != nil {
		tb.Fatal(err)
	}
	return d
}

// steadyFrame is a segment of the peer in its frame.
func steadyFrame(seg segment) []byte {
	b := make([]byte, seg.headerLen()+len(seg.data))
	copy(b[seg.headerLen():], seg.data)
	seg.put(b, peerIP, ourIP)
	return ipv4Frame(ipv4From(peerIP, protocolTCP), b)
}

// at puts a number into a field of a frame's TCP header, and corrects the checksum: "HC'
// = ~(~HC + ~m + m')" (RFC 1624 3).
func at(frame []byte, field int, value seqNum) {
	tcp := frame[etherHeaderLen+ipv4MinHeaderLen:]
	old := binary.BigEndian.Uint32(tcp[field:])
	sum := uint64(^binary.BigEndian.Uint16(tcp[16:]))
	sum += uint64(^uint16(old>>16)) + uint64(^uint16(old)) + uint64(value>>16) + uint64(value&0xffff)
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint32(tcp[field:], uint32(value))
	binary.BigEndian.PutUint16(tcp[16:], ^uint16(sum))
}

// receive has the stack handle one frame, as Run does with a batch of one.
func (d *steady) receive(frame []byte) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	d.s.receiveFrame(frame)
	d.s.answerAll()
}

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
