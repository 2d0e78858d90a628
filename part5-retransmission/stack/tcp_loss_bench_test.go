package stack

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// newSteadyOptions is newSteady with timestamps, SACK and window scale.
func newSteadyOptions(tb testing.TB) *steady {
	tb.Helper()
	s := New(nullDevice{}, quietConfig())
	tb.Cleanup(func() { s.Close() })
	l, err := s.Listen(80)
	if err != nil {
		tb.Fatal(err)
	}
	d := &steady{s: s, text: make([]byte, 1448)}
	s.receiveFrame(request(peerMAC, peerIP, ourIP))
	if d.c = d.open(l, 8000, tb); !d.c.ts.on || !d.c.sackOK || !d.c.scaling {
		tb.Fatal("the options were not agreed upon")
	}
	ack := segment{srcPort: 8000, dstPort: 80, flags: flagACK, wnd: 1000, options: unhex("0101080a 00000001 00000000")}
	d.ack = forge(peerIP, ack)
	ack.data = d.text
	d.full = forge(peerIP, ack)
	return d
}

// open opens a connection from a port of the peer.
func (d *steady) open(l *Listener, port uint16, tb testing.TB) *Conn {
	syn := segment{srcPort: port, dstPort: 80, flags: flagSYN, wnd: 65535, options: unhex("020405b4 0402 080a 00000001 00000000 01 030307")}
	d.receive(forge(peerIP, syn))
	iss := d.s.tcp.conns[connKey{peerIP.As4(), port, 80}].snd.iss
	ack := segment{srcPort: port, dstPort: 80, seq: 1, ack: iss + 1, flags: flagACK, wnd: 1000, options: unhex("0101080a 00000001 00000000")}
	d.receive(forge(peerIP, ack))
	c, err := l.AcceptTCP()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// stamp brings a frame's numbers and timestamps up to date.
func (d *steady) stamp(frame []byte) {
	at(frame, 4, d.c.rcv.nxt)
	at(frame, 8, d.c.snd.nxt)
	at(frame, 24, seqNum(d.c.ts.recent)+1)
	at(frame, 28, seqNum(d.c.ts.value(d.s.clock())))
}

// In steady state nothing is allocated on a connection with timestamps and SACK either:
// not for a segment in, an ACK out, data out and its ACK in.
func TestNoAllocationsLoss(t *testing.T) {
	for name, path := range map[string]func(*steady){
		"receive": func(d *steady) {
			d.stamp(d.full)
			d.receive(d.full)
			d.c.Read(d.text)
		},
		"send": func(d *steady) {
			d.c.Write(d.text)
			d.stamp(d.ack)
			d.receive(d.ack)
		},
		"a gap, and what fills it": func(d *steady) {
			d.stamp(d.full)
			at(d.full, 4, d.c.rcv.nxt.add(len(d.text)))
			d.receive(d.full)
			d.stamp(d.full)
			d.receive(d.full)
			d.c.Read(d.text)
			d.c.Read(d.text)
		},
	} {
		d := newSteadyOptions(t)
		for range 200 {
			path(d) // makes buffers and timers
		}
		rcv, snd := d.c.rcv.nxt, d.c.snd.una
		if n := testing.AllocsPerRun(1000, func() { path(d) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
		moved := int(d.c.rcv.nxt-rcv) + int(d.c.snd.una-snd)
		if moved != 1001*1448 && moved != 2*1001*1448 || len(d.s.dropped) > 0 {
			t.Errorf("%s: %d bytes, dropped %v: it has tried something else", name, moved, d.s.dropped)
		}
		d.s.mu.Lock()
		d.s.checkInvariants(t)
		d.s.mu.Unlock()
	}
}

// BenchmarkIdleConn tells what an idle connection costs, in bytes: fresh from the
// handshake, and after 64 KB each way.
func BenchmarkIdleConn(b *testing.B) {
	const conns = 10_000
	for name, used := range map[string]bool{"fresh": false, "used": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				d := newSteadyOptions(b)
				l := d.s.tcp.listeners[80]
				before := suite.Heap()
				began := time.Now()
				for i := range conns {
					d.c = d.open(l, uint16(9000+i), b)
					if used {
						d.use(uint16(9000 + i))
					}
				}
				if d.s.tcp.open.Len() != conns+1 || d.s.tcp.chunks.used != 0 {
					b.Fatalf("%d connections, %d chunks", d.s.tcp.open.Len(), d.s.tcp.chunks.used)
				}
				took := time.Since(began)
				b.ReportMetric(float64(suite.Heap()-before-int64(len(d.s.tcp.chunks.free)*chunkLen))/conns, "bytes/conn")
				b.ReportMetric(float64(took.Nanoseconds())/conns, "ns/conn")
				runtime.KeepAlive(d)
				d.s.Close()
			}
		})
	}
}

// use has 45 segments go each way.
func (d *steady) use(port uint16) {
	for range 45 {
		for _, frame := range [][]byte{d.full, d.ack} {
			binary.BigEndian.PutUint16(frame[etherHeaderLen+ipv4MinHeaderLen:], port)
		}
		d.c.Write(d.text)
		for _, frame := range [][]byte{d.ack, d.full} {
			d.fix(frame)
			d.receive(frame)
		}
		d.c.Read(d.text)
	}
}

// fix is stamp for a frame whose port was changed.
func (d *steady) fix(frame []byte) {
	d.stamp(frame)
	b := frame[etherHeaderLen+ipv4MinHeaderLen:]
	b[16], b[17] = 0, 0
	binary.BigEndian.PutUint16(b[16:18], transportChecksum(protocolTCP, peerIP, ourIP, b))
}

// waiting is how much can be read at once.
func (c *Conn) waiting() int {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return min(c.readable(), 1<<16)
}
