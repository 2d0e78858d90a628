package stack

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"
)

// pair is two stacks on one cable: ours and the peer's.
type pair struct {
	*testing.T
	cable      *wire.Segment
	ours, peer *Stack
}

// onPair runs f with two running stacks in a bubble of virtual time. When f returns,
// both are closed; a goroutine that is left would fail the test.
func onPair(t *testing.T, f func(p *pair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		defer p.close() // also when f fails the test
		f(p)
	})
}

// newPair starts two stacks on a cable. The test has to close them.
func newPair(t *testing.T) *pair {
	seg := wire.New(2)
	p := &pair{t, seg, New(seg.End(0), quietConfig()), New(seg.End(1), honestConfig())}
	for _, s := range []*Stack{p.ours, p.peer} {
		go func() {
			if err := s.Run(); err != nil {
				t.Errorf("Run returned %v", err)
			}
		}()
	}
	return p
}

func (p *pair) close() {
	p.check()
	p.ours.Close()
	p.peer.Close()
}

// check checks what must hold of both stacks at any time.
func (p *pair) check() {
	p.Helper()
	for _, s := range []*Stack{p.ours, p.peer} {
		s.mu.Lock()
		s.checkInvariants(p.T)
		for _, c := range s.tcp.conns {
			c.checkBuffers(p.T)
		}
		s.mu.Unlock()
	}
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

// connect has the peer dial us. It returns our end of the connection and the peer's.
func (p *pair) connect(port uint16) (ours, peer *Conn) {
	p.Helper()
	l := p.listen(port)
	defer l.Close()
	peer, err := p.peer.DialTCP(context.Background(), netip.AddrPortFrom(ourIP, port))
	if err != nil {
		p.Fatal(err)
	}
	if ours, err = l.AcceptTCP(); err != nil {
		p.Fatal(err)
	}
	return ours, peer
}

func (p *pair) listen(port uint16) *Listener {
	p.Helper()
	l, err := p.ours.Listen(port)
	if err != nil {
		p.Fatal(err)
	}
	return l
}

// fixISS has a connection that a stack opens now begin with the number iss.
func (s *Stack) fixISS(key connKey, iss uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := iss - s.hash(key, hashISS, 0)
	s.tcp.began = time.Now().Add(-time.Duration(m) * 4 * time.Microsecond)
}

// call runs f, which is expected to wait. What f returns comes out of the channel.
func (p *pair) call(f func() error) <-chan error {
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
