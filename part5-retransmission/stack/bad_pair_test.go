package stack

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// onBadPair is onPair with faults on the cable.
func onBadPair(t *testing.T, faults wire.Faults, f func(p *pair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newBadPair(t, faults)
		defer p.close()
		f(p)
	})
}

func newBadPair(t *testing.T, faults wire.Faults) *pair {
	return newPairOn(t, faults, func(dev Device, cfg Config) *Stack { return New(dev, cfg) })
}

// newPairOn is newBadPair with a stack of the caller's making at our end.
func newPairOn(t *testing.T, faults wire.Faults, make func(Device, Config) *Stack) *pair {
	seg := wire.New(2)
	p := &pair{t, seg, make(wire.Impair(seg.End(0), faults), quietConfig()), New(seg.End(1), honestConfig())}
	p.ours.meet(request(peerMAC, peerIP, ourIP))
	p.peer.meet(arpFrame(peerMAC, ourMAC, 1, ourMAC, ourIP, MAC{}, peerIP))
	for _, s := range []*Stack{p.ours, p.peer} {
		go func() {
			if err := s.Run(); err != nil {
				t.Errorf("Run returned %v", err)
			}
		}()
	}
	return p
}

// meet has a stack know a neighbour's MAC address, without a word: three questions may
// all be lost, and an answer have a bit wrong.
func (s *Stack) meet(frame []byte) {
	dev := s.dev
	s.dev = nullDevice{}
	s.receiveFrame(frame)
	s.dev = dev
}

// bothWays has size bytes go each way at the same time. It returns how long that took.
func (p *pair) bothWays(ours, peer *Conn, size int64) time.Duration {
	p.Helper()
	start := time.Now()
	for _, c := range []*Conn{ours, peer} {
		c.SetDeadline(start.Add(3 * time.Hour)) // a stream that hangs shall say so
	}
	errs := make(chan error, 4)
	go func() { errs <- suite.SendStream(ours, 1, size) }()
	go func() { errs <- suite.SendStream(peer, 2, size) }()
	go func() { errs <- suite.ReceiveStream(ours, 2, size, p.check) }()
	go func() { errs <- suite.ReceiveStream(peer, 1, size, p.check) }()
	for range cap(errs) {
		if err := <-errs; err != nil {
			p.Errorf("after %v: %v\nours: %+v\npeer: %+v", time.Since(start), err, p.look(ours), p.look(peer))
		}
	}
	return time.Since(start)
}

// look is what a failing test says of a connection.
func (p *pair) look(c *Conn) string {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return fmt.Sprintf("%s (%v) SND.UNA %d NXT %d end %d WND %d, RCV.NXT %d WND %d, cwnd %d, flight %d lost %d, RTO %v<<%d, spans %v, timers %v",
		c.state, c.err, c.snd.una-c.snd.iss, c.snd.nxt-c.snd.iss, c.end()-c.snd.iss, c.snd.wnd, c.rcv.nxt-c.rcv.irs, c.rcv.wnd,
		c.cc.cwnd, c.sentSegments.flight, c.sentSegments.lost, c.rto.rto, c.rto.backoff, c.rcv.outOfOrder, c.timers.due)
}
