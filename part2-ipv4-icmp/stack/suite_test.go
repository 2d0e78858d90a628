package stack

import (
	"testing"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// TestSuite plays what all parts have in common, as far as it fits this one.
func TestSuite(t *testing.T) { suite.Run(t, underTest) }

var underTest = suite.Stack[*Stack]{
	New: func(dev wire.Device, c suite.Config) *Stack { return New(dev, configOf(c)) },
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

// checkInvariants checks what must hold whenever the lock is free.
func (s *Stack) checkInvariants(t *testing.T) {
	s.checkStack(t)
	s.checkARP(t)
	s.checkIPv4(t)
}
