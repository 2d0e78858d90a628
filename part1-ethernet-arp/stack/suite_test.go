package stack

import (
	"testing"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// TestSuite plays what all parts have in common, as far as it fits this one.
func TestSuite(t *testing.T) { suite.Run(t, underTest) }

var underTest = suite.Stack[*Stack]{
	New: func(dev wire.Device, c suite.Config) *Stack {
		return New(dev, Config{MAC: c.MAC, IP: c.IP, MTU: c.MTU, Log: c.Log, Trace: c.Log != nil})
	},
	CheckInvariants: func(t *testing.T, s *Stack) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.checkInvariants(t)
	},
}
