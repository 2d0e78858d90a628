package stack

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// TestSuite plays what all parts have in common, as far as it fits this one.
func TestSuite(t *testing.T) { suite.Run(t, underTest) }

var underTest = suite.Stack[*Stack]{
	New: func(dev wire.Device, c suite.Config) *Stack { return New(dev, configOf(c)) },
	Listen: func(s *Stack, port uint16) (suite.Listener, error) {
		l, err := s.Listen(port)
		if err != nil {
			return suite.Listener{}, err
		}
		return listenerOf(l), nil
	},
	Dial: func(ctx context.Context, s *Stack, to netip.AddrPort) (suite.Conn, error) { return s.DialTCP(ctx, to) },

	State: func(s *Stack, peerPort uint16) string {
		s.mu.Lock()
		defer s.mu.Unlock()
		for key, c := range s.tcp.conns {
			if key.remotePort == peerPort {
				return string(c.state)
			}
		}
		for key := range s.tcp.timeWait.conns {
			if key.remotePort == peerPort {
				return string(stateTimeWait)
			}
		}
		return ""
	},
	SetISS: func(s *Stack, peer netip.AddrPort, local uint16, iss uint32) uint16 {
		s.mu.Lock()
		defer s.mu.Unlock()
		key := connKey{remote: peer.Addr().As4(), remotePort: peer.Port(), localPort: local}
		if local == 0 {
			before := s.tcp.nextPort
			s.choosePort(&key)
			s.tcp.nextPort = before
		}
		m := iss - s.hash(key, hashISS, 0) // the clock that newISS adds to it
		s.tcp.began = time.Now().Add(-time.Duration(m) * 4 * time.Microsecond)
		return key.localPort
	},
	SetReceiveBuffer: func(conn suite.Conn, n int) {
		c := conn.(*Conn)
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		c.rcv.buff, c.rcv.wnd, c.rcv.adv = n, n, c.rcv.nxt.add(n)
	},
	Figures: func(s *Stack, peerPort uint16) map[string]int {
		s.mu.Lock()
		defer s.mu.Unlock()
		for key, c := range s.tcp.conns {
			if key.remotePort == peerPort {
				ms := func(d time.Duration) int { return int(d.Round(time.Millisecond) / time.Millisecond) }
				return map[string]int{"cwnd": c.cc.cwnd, "ssthresh": c.cc.ssthresh, "srtt": ms(c.rto.srtt), "rto": ms(c.rto.timeout())}
			}
		}
		return nil
	},
	Meet: func(s *Stack, ip netip.Addr, mac [6]byte) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.receiveFrame(arpFrame(s.mac, mac, 2, mac, ip, s.mac, s.ip.Addr())) // an answer, which is not answered
	},
	Left: func(s *Stack) (what string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		tw := &s.tcp.timeWait
		if n := len(s.tcp.conns) + s.tcp.open.Len() + len(tw.conns) + tw.queue.Len() + len(s.tcp.touched); n > 0 || !tw.timer.due.IsZero() {
			what = fmt.Sprintf("%d connections, %d open, %d in TIME-WAIT (timer %v), %d to be answered; ",
				len(s.tcp.conns), s.tcp.open.Len(), len(tw.conns), tw.timer.due, len(s.tcp.touched))
		}
		if s.tcp.chunks.used > 0 {
			what += fmt.Sprintf("%d chunks; ", s.tcp.chunks.used)
		}
		for port, l := range s.tcp.listeners {
			if len(l.halfOpen)+len(l.ready) > 0 {
				what += fmt.Sprintf("port %d: %d half open, %d ready; ", port, len(l.halfOpen), len(l.ready))
			}
		}
		if s.arp.waiting > 0 {
			what += fmt.Sprintf("%d packets wait for ARP; ", s.arp.waiting)
		}
		return what
	},
	Ended: func(t *testing.T, conn suite.Conn) error {
		c := conn.(*Conn)
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		if c.timers.due != [connTimers]time.Duration{} || !c.timers.alarm.due.IsZero() {
			t.Errorf("%v, in %s: timers run: %v", c.key, c.state, c.timers.due)
		}
		return c.err
	},
	CheckInvariants: func(t *testing.T, s *Stack) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.checkInvariants(t)
	},
}

// configOf is what the suite has a stack be.
func configOf(c suite.Config) Config {
	return Config{MAC: c.MAC, IP: c.IP, MTU: c.MTU, Gateway: c.Gateway, Rand: c.Rand, Log: c.Log, Trace: c.Log != nil, NoSACK: c.NoSACK}
}

func listenerOf(l *Listener) suite.Listener {
	return suite.Listener{Net: l, Accept: func() (suite.Conn, error) { return l.AcceptTCP() }, Close: l.Close}
}

// checkInvariants checks what must hold whenever the lock is free.
func (s *Stack) checkInvariants(t *testing.T) {
	s.checkStack(t)
	s.checkARP(t)
	s.checkIPv4(t)
	s.checkTCP(t)
	s.checkLoss(t)
	for _, c := range s.tcp.conns {
		c.checkBuffers(t)
	}
}
