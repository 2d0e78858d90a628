package stack

import (
	"context"
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
	CheckInvariants: func(t *testing.T, s *Stack) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.checkInvariants(t)
	},
}

// configOf is what the suite has a stack be.
func configOf(c suite.Config) Config {
	return Config{MAC: c.MAC, IP: c.IP, MTU: c.MTU, Gateway: c.Gateway, Rand: c.Rand, Log: c.Log, Trace: c.Log != nil}
}

func listenerOf(l *Listener) suite.Listener {
	return suite.Listener{Accept: func() (suite.Conn, error) { return l.AcceptTCP() }, Close: l.Close}
}

// checkInvariants checks what must hold whenever the lock is free.
func (s *Stack) checkInvariants(t *testing.T) {
	s.checkStack(t)
	s.checkARP(t)
	s.checkIPv4(t)
	s.checkTCP(t)
}
