package stack

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// kept is what accept or dial in a script returned last.
func (b *bench) kept() *Conn {
	c, _ := b.Kept().(*Conn)
	return c
}

// fixISS has a connection that a stack opens now begin with the number iss.
func (s *Stack) fixISS(key connKey, iss uint32) { underTest.SetISS(s, key.peer(), key.localPort, iss) }

// accepted is a connection to port 80 that has been accepted, for the calls below.
const accepted = handshake + `
	+0 do accept
`

// opened is the same, with other options in the peer's SYN and another window.
func opened(options string, wnd int) string {
	return fmt.Sprintf(`
		+0 < S 0:0(0) win %[2]d %[1]s
		+0 > S. 0:0(0) ack 1
		+0 < . 1:1(0) ack 1 win %[2]d
		+0 do accept
	`, options, wnd)
}

// pair is a suite.Pair for tests that look inside of the stacks.
type pair struct {
	*suite.Pair
	ours, peer *Stack
}

// onPair runs f with two running stacks in a bubble of virtual time. When f returns, both are closed; a goroutine that is
// left would fail the test.
func onPair(t *testing.T, f func(p *pair)) {
	t.Helper()
	suite.OnPair(t, underTest, func(p *suite.Pair, ours, peer *Stack) { f(&pair{p, ours, peer}) })
}

// connect has the peer dial us. It returns our end of the connection and the peer's.
func (p *pair) connect(port uint16) (ours, peer *Conn) {
	p.Helper()
	a, b := p.Connect(port)
	return a.(*Conn), b.(*Conn)
}

// checkBuffers checks that the window has no more than there is room for, and that the
// buffers have the chunks that they need and no others.
func (c *Conn) checkBuffers(t *testing.T) {
	if c.rcv.buff < c.readable()+c.rcv.wnd && c.receiving() {
		t.Errorf("%v: RCV.USER %d and RCV.WND %d are more than RCV.BUFF %d", c.key, c.readable(), c.rcv.wnd, c.rcv.buff)
	}
	for _, b := range []*buffer{&c.snd.text, &c.rcv.text} {
		need := (b.head + b.size + chunkLen - 1) / chunkLen
		if b.size == 0 {
			need = 0
		}
		if len(b.chunks) != need || b.head >= chunkLen || b.size < 0 {
			t.Errorf("%v: %d chunks for %d bytes from %d on", c.key, len(b.chunks), b.size, b.head)
		}
	}
}

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
	s.receiveFrame(forge(peerIP, syn))
	iss := s.tcp.conns[connKey{peerIP.As4(), 8000, 80}].snd.iss
	ack := segment{srcPort: 8000, dstPort: 80, seq: 1, ack: iss + 1, flags: flagACK, wnd: 65535}
	d := &steady{s: s, ack: forge(peerIP, ack), text: make([]byte, 1460)}
	ack.data = d.text
	d.full = forge(peerIP, ack)
	d.receive(d.ack)
	if d.c, err = l.AcceptTCP(); err != nil {
		tb.Fatal(err)
	}
	return d
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

// recordings are transfers that the chapters have pictures of, by name. Each returns what
// it has recorded. All happens in virtual time, so it is the same each time.
var recordings = map[string]func(t *testing.T) *suite.Recording{}

// recordPair connects two stacks over a bad cable. It returns the sender's end and the
// receiver's, and what the sender sees from now on. prepare may change the stacks before
// they run. The caller has to close both stacks.
func recordPair(t *testing.T, faults wire.Faults, prepare func(s *Stack)) (from, to *Conn, r *suite.Recording) {
	seg := wire.New(2)
	faults.Report = func(e wire.Event) {
		if e.Out && (e.What == wire.Dropped || e.What == wire.Lost || e.What == wire.QueueFull) {
			r.Sent("lost", e.Frame)
		}
	}
	r = suite.NewRecording(wire.Impair(seg.End(0), faults))
	ours, peer := New(r, quietConfig()), New(seg.End(1), peerConfig())
	for _, s := range []*Stack{ours, peer} {
		prepare(s)
		go s.Run()
	}
	l, err := peer.Listen(9)
	if err != nil {
		t.Fatal(err)
	}
	if from, err = ours.DialTCP(t.Context(), netip.AddrPortFrom(peerIP, 9)); err != nil {
		t.Fatal(err)
	}
	if to, err = l.AcceptTCP(); err != nil {
		t.Fatal(err)
	}
	return from, to, r
}
