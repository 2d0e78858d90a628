package suite

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"
)

// A Pair is two stacks on one cable: ours and the peer's.
type Pair struct {
	*testing.T
	Cable      *wire.Segment
	Ours, Peer Host

	kind  *kind
	began time.Time
	ends  [2]ends // what our stack has sent, and the peer's
	count int     // frames, of both
	mu    sync.Mutex
}

// ends are the sequence numbers of the last SYN and the last FIN that a stack has sent.
type ends struct{ syn, fin uint32 }

// A TCP is a connection with all that a *net.TCPConn has.
type TCP interface {
	net.Conn
	CloseRead() error
	CloseWrite() error
	SetNoDelay(bool) error
	SetLinger(int) error
	Abort()
}

// OnPair runs f with two running stacks in a bubble of virtual time. When f returns, both are closed; a
// goroutine that is left would fail the test.
func OnPair[S Host](t *testing.T, st Stack[S], f func(p *Pair, ours, peer S)) {
	t.Helper()
	onPair(t, kindOf(st), func(p *Pair) { f(p, p.Ours.(S), p.Peer.(S)) })
}

func onPair(t *testing.T, k *kind, f func(p *Pair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, k, wire.New(2), nil, Ours())
		defer p.Close() // also when f fails the test
		f(p)
	})
}

// OnBadPair is OnPair with faults on the cable, and two who know each other's MAC address: three questions may
// all be lost, and an answer have a bit wrong.
func OnBadPair[S Host](t *testing.T, st Stack[S], faults wire.Faults, f func(p *Pair, ours, peer S)) {
	t.Helper()
	onBadPair(t, kindOf(st), faults, Ours(), func(p *Pair) { f(p, p.Ours.(S), p.Peer.(S)) })
}

func onBadPair(t *testing.T, k *kind, faults wire.Faults, cfg Config, f func(p *Pair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, k, wire.New(2), &faults, cfg)
		defer p.Close()
		f(p)
	})
}

// PairOf starts two stacks that the test has made and has to close, see Close.
func PairOf[S Host](t *testing.T, st Stack[S], cable *wire.Segment, ours, peer S) *Pair {
	return runPair(t, kindOf(st), cable, ours, peer)
}

// newPair starts two stacks on a cable.
func newPair(t *testing.T, k *kind, cable *wire.Segment, faults *wire.Faults, cfg Config) *Pair {
	var dev wire.Device = cable.End(0)
	if faults != nil {
		dev = wire.Impair(dev, *faults)
	}
	ours, peer := k.new(dev, cfg), k.new(cable.End(1), Peers())
	if faults != nil {
		k.meet(ours, PeerIP, PeerMAC)
		k.meet(peer, OurIP, OurMAC)
	}
	return runPair(t, k, cable, ours, peer)
}

func runPair(t *testing.T, k *kind, cable *wire.Segment, ours, peer Host) *Pair {
	p := &Pair{T: t, Cable: cable, Ours: ours, Peer: peer, kind: k, began: time.Now()}
	cable.Observe(func(_ time.Time, from int, frame []byte) { p.see(from, frame) })
	for _, s := range []Host{p.Ours, p.Peer} {
		go func() {
			if err := s.Run(); err != nil {
				t.Errorf("Run returned %v", err)
			}
		}()
	}
	return p
}

// see keeps the numbers of SYN and FIN.
func (p *Pair) see(from int, frame []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	datagram, segment := tcpIn(frame)
	if from > 1 || segment == nil || segment[13]&3 == 0 || !intact(datagram, segment) {
		return
	}
	seq, length := binary.BigEndian.Uint32(segment[4:]), uint32(len(segment)-int(segment[12]>>4)*4)
	if segment[13]&2 != 0 {
		p.ends[from].syn = seq
	}
	if segment[13]&1 != 0 {
		p.ends[from].fin = seq + length
	}
}

// tcpIn are the datagram and the segment in a frame, if it has any.
func tcpIn(frame []byte) (datagram, segment []byte) {
	if len(frame) < 54 || frame[12] != 8 || frame[13] != 0 || frame[14+9] != 6 {
		return nil, nil
	}
	datagram = frame[14:]
	if n := int(binary.BigEndian.Uint16(datagram[2:])); 40 <= n && n <= len(datagram) {
		datagram = datagram[:n] // without padding
	}
	segment = datagram[min(int(datagram[0]&15)*4, len(datagram)):]
	if len(segment) < 20 || int(segment[12]>>4)*4 > len(segment) {
		return nil, nil
	}
	return datagram, segment
}

// An edgeWatch is a stack's device, and has the test fail if the stack takes something back: the acknowledgment in its
// segments, or the right edge of its window. "A TCP receiver SHOULD NOT shrink the window, i.e., move the right window edge
// to the left" (RFC 9293 3.8.6, SHLD-14), but for what a scaled window cannot say (RFC 7323 2.4). There is one connection.
type edgeWatch struct {
	wire.Device
	t         *testing.T
	other     *edgeWatch
	shift     atomic.Int32 // what its SYN says; -1: nothing
	fin       atomic.Int64 // the number behind its FIN, or 0
	known     bool
	ack, edge uint32
}

func (e *edgeWatch) Write(frame []byte) (int, error) {
	if _, segment := tcpIn(frame); segment != nil {
		e.see(segment)
	}
	return e.Device.Write(frame)
}

func (e *edgeWatch) see(segment []byte) {
	flags, n := segment[13], uint32(len(segment))-uint32(segment[12]>>4)*4
	ack, wnd := binary.BigEndian.Uint32(segment[8:]), uint32(binary.BigEndian.Uint16(segment[14:]))
	if flags&1 != 0 {
		e.fin.Store(int64(binary.BigEndian.Uint32(segment[4:])+n) + 1)
	}
	switch {
	case flags&2 != 0: // a SYN: its window is not scaled, and it may come again
		e.shift.Store(shiftOf(segment))
		return
	case flags&4 != 0 || flags&16 == 0:
		return
	}
	shift := max(0, e.shift.Load())
	if e.other.shift.Load() < 0 {
		shift = 0
	}
	edge := ack + wnd<<shift
	if e.known && int32(ack-e.ack) < 0 {
		e.t.Errorf("a stack acknowledges %d, and has acknowledged %d before", ack, e.ack)
	}
	if e.known && int32(edge-e.edge) < -(1<<shift) && int64(ack) != e.other.fin.Load() {
		e.t.Errorf("a stack's window ends at %d, and has ended at %d before", edge, e.edge)
	}
	if e.ack = ack; !e.known || int32(edge-e.edge) > 0 {
		e.edge = edge
	}
	e.known = true
}

// shiftOf is the window scale option in a SYN, or -1.
func shiftOf(segment []byte) int32 {
	for options := segment[20 : int(segment[12]>>4)*4]; len(options) > 1 && options[0] != 0; {
		switch {
		case options[0] == 1:
			options = options[1:]
			continue
		case options[0] == 3:
			return int32(options[2])
		case int(options[1]) > len(options) || options[1] < 2:
			return -1
		}
		options = options[options[1]:]
	}
	return -1
}

// stampOf is the timestamp of the segment in a frame, if it has one.
func stampOf(frame []byte) (value uint32, ok bool) {
	if len(frame) < 14+20+20+12 || frame[12] != 8 || frame[13] != 0 || frame[14+9] != 6 {
		return 0, false
	}
	options := frame[14+int(frame[14]&15)*4+20:] // where the stacks put it: at the end of a SYN's list, else behind two NOPs
	if options[0] != 1 || options[1] != 1 || options[2] != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint32(options[4:]), true
}

// intact reports whether no bit of a segment has changed on the way.
func intact(datagram, segment []byte) bool {
	pseudo := append(bytes.Clone(datagram[12:20]), 0, 6, byte(len(segment)>>8), byte(len(segment)))
	return Checksum(append(pseudo, segment...)) == 0
}

// frames is how many frames there were on the cable.
func (p *Pair) frames() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

func (p *Pair) Close() {
	p.Check()
	p.Ours.Close()
	p.Peer.Close()
}

// Check checks what must hold of both stacks at any time.
func (p *Pair) Check() {
	p.Helper()
	p.kind.check(p.T, p.Ours)
	p.kind.check(p.T, p.Peer)
}

func (p *Pair) listen(port uint16) Listener {
	p.Helper()
	l, err := p.kind.listen(p.Ours, port)
	if err != nil {
		p.Fatal(err)
	}
	return l
}

// Connect has the peer dial us. It returns our end of the connection and the peer's.
func (p *Pair) Connect(port uint16) (ours, peer TCP) {
	p.Helper()
	ours, peer, err := p.dial(port, context.Background())
	if err != nil {
		p.Fatal(err)
	}
	return ours, peer
}

func (p *Pair) dial(port uint16, ctx context.Context) (ours, peer TCP, err error) {
	p.Helper()
	l := p.listen(port)
	defer l.Close()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	c, err := p.kind.dial(ctx, p.Peer, netip.AddrPortFrom(OurIP, port))
	if err != nil {
		return nil, nil, err
	}
	peer = c.(TCP)
	accepted, err := l.Accept()
	if err != nil {
		peer.Abort()
		return nil, nil, err
	}
	return accepted.(TCP), peer, nil
}

// numbersFrom has the next connection begin with the number iss on both sides.
func (p *Pair) numbersFrom(port uint16, iss uint32) {
	local := p.kind.setISS(p.Peer, netip.AddrPortFrom(OurIP, port), 0, iss)
	p.kind.setISS(p.Ours, netip.AddrPortFrom(PeerIP, local), port, iss)
}

// connectNear is Connect with both initial sequence numbers a little below 2^32, so that they begin again at 0
// before long.
func (p *Pair) connectNear(port uint16) (ours, peer TCP) {
	p.Helper()
	p.numbersFrom(port, 1<<32-100_000)
	ours, peer = p.Connect(port)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.ends {
		if d := -int32(e.syn); d <= 0 || d > 100_000 {
			p.Fatalf("the initial sequence number is %d", e.syn)
		}
	}
	return ours, peer
}

// connectBad is connectNear over a bad cable. The initial sequence numbers go on by 250,000 a second, and a
// handshake in which SYNs are lost takes some. It returns nil if so many were lost that somebody has given up.
func (p *Pair) connectBad(port uint16) (ours, peer TCP) {
	p.Helper()
	p.numbersFrom(port, 1<<32-3_000_000)
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	ours, peer, err := p.dial(port, ctx)
	if err != nil {
		return nil, nil
	}
	return ours, peer
}

// BothWays has size bytes go each way at the same time. It returns how long that took.
func (p *Pair) BothWays(ours, peer TCP, size int64) time.Duration {
	p.Helper()
	start := time.Now()
	for _, c := range []TCP{ours, peer} {
		c.SetDeadline(start.Add(3 * time.Hour)) // a stream that hangs shall say so
	}
	errs := make(chan error, 4)
	go func() { errs <- SendStream(ours, 1, size) }()
	go func() { errs <- SendStream(peer, 2, size) }()
	go func() { errs <- ReceiveStream(ours, 2, size, p.Check) }()
	go func() { errs <- ReceiveStream(peer, 1, size, p.Check) }()
	for range cap(errs) {
		if err := <-errs; err != nil {
			p.Errorf("after %v: %v\nours: %s\npeer: %s", time.Since(start), err, look(ours), look(peer))
		}
	}
	return time.Since(start)
}

// call runs f, which is expected to wait. What f returns comes out of the channel.
func (p *Pair) call(f func() error) <-chan error {
	p.Helper()
	result := make(chan error, 1)
	go func() { result <- f() }()
	synctest.Wait()
	select {
	case err := <-result:
		p.Errorf("returned %v at once, and should have waited", err)
		result <- err
	default:
	}
	return result
}

// A dialer is a stack that dials like a *net.Dialer.
type dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

func dialTCP(ctx context.Context, from Host, address string) (TCP, error) {
	c, err := from.(dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return c.(TCP), nil
}

// stateOf is the state of our end of a connection, or "" when it has ended.
func (p *Pair) stateOf(ours TCP) string {
	return p.kind.state(p.Ours, portOf(ours.RemoteAddr()))
}

func portOf(a net.Addr) uint16 { return a.(*net.TCPAddr).AddrPort().Port() }

// wantNothingLeft checks that neither stack has anything left of a connection.
func (p *Pair) wantNothingLeft(when string) {
	p.Helper()
	synctest.Wait()
	for whose, s := range map[string]Host{"ours": p.Ours, "the peer": p.Peer} {
		if left := p.kind.left(s); left != "" {
			p.Errorf("%s, %s: %s", when, whose, left)
		}
	}
}

// goroutines returns how many goroutines run code of a part, once those of the bubble that are about to end have ended.
// There are others, the runtime's own.
func goroutines() (n int) {
	synctest.Wait()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(stack, "framebyframe/part") {
			n++
		}
	}
	return n
}

// look is what a failing test says of a connection.
func look(c TCP) string {
	if s, ok := c.(interface{ Status() string }); ok {
		return s.Status()
	}
	return fmt.Sprint(c.LocalAddr(), " to ", c.RemoteAddr())
}

// wantNumbers checks that a stack, 0 is ours, has sent size bytes between SYN and FIN, by their sequence
// numbers, and that these have begun again at 0 on the way.
func (p *Pair) wantNumbers(from int, size int64) {
	p.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.ends[from]
	if n := e.fin - e.syn; n != uint32(size)+1 { // the SYN has one, too
		p.Errorf("the FIN is ISS + %d, want %d", n, size+1)
	}
	if e.syn < e.fin {
		p.Errorf("the numbers have gone from %d to %d and not begun again", e.syn, e.fin)
	}
}
