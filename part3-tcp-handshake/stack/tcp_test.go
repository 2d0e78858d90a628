package stack

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
)

// newTestStack is a stack whose secrets come from a seed.
func newTestStack(seed byte) *Stack {
	cfg := quietConfig()
	cfg.Rand = rand.NewChaCha8([32]byte{seed})
	return New(nullDevice{}, cfg)
}

// RFC 6528 3: "ISN = M + F(localip, localport, remoteip, remoteport, secretkey)".
func TestScriptISS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, other := newTestStack(1), newTestStack(2)
		defer s.Close()
		defer other.Close()
		key := connKey{peerIP.As4(), 8000, 80}
		first := s.newISS(key)
		for _, near := range []connKey{
			{otherIP.As4(), 8000, 80}, {peerIP.As4(), 8001, 80}, {peerIP.As4(), 8000, 81},
			{peerIP.As4(), 80, 8000},
		} {
			if d := int32(s.newISS(near) - first); d > -100000 && d < 100000 {
				t.Errorf("the numbers of %v and %v are only %d apart", key, near, d)
			}
		}
		if s.newISS(key) != first {
			t.Error("the same connection at the same time has another number")
		}
		if other.newISS(key) == first {
			t.Error("another secret gives the same number")
		}
		again := newTestStack(1)
		defer again.Close()
		if again.newISS(key) != first {
			t.Error("the number depends on something beside secret, addresses, ports and time")
		}
		// "M is the 4 microsecond timer": it grows, over the wrap too, which comes
		// after 4.77 hours.
		last := first
		for _, d := range []time.Duration{4 * time.Microsecond, time.Millisecond, time.Second, time.Hour, 2 * time.Hour, 2 * time.Hour} {
			time.Sleep(d)
			next := s.newISS(key)
			if got, want := uint32(next-last), uint32(d/(4*time.Microsecond)); got != want {
				t.Errorf("in %v it grew by %d, want %d", d, got, want)
			}
			last = next
		}
	})
}

// RFC 6056 3.3.3, algorithm 3: towards one destination the ports follow each other;
// where they start differs from one destination to the next, and with the secret.
func TestScriptPorts(t *testing.T) {
	s, other := newTestStack(1), newTestStack(2)
	defer s.Close()
	defer other.Close()
	choose := func(s *Stack, key connKey) uint16 {
		t.Helper()
		if !s.choosePort(&key) {
			t.Fatal("no port is free")
		}
		if key.localPort < 1024 {
			t.Fatalf("port %d is a system port (RFC 6335 6)", key.localPort)
		}
		return key.localPort
	}
	to := connKey{remote: peerIP.As4(), remotePort: 80}
	first := choose(s, to)
	seen := map[uint16]bool{first: true}
	for range 65535 - 1024 { // "the whole range 1024-65535" (3.2)
		port := choose(s, to)
		if want := first + 1; port != want && !(first == 65535 && port == 1024) {
			t.Fatalf("behind port %d comes %d", first, port)
		}
		if seen[port] {
			t.Fatalf("port %d comes again before all had their turn", port)
		}
		seen[port], first = true, port
	}
	starts := make(map[uint16]bool)
	for i := range uint16(8) {
		for _, ip := range []netip.Addr{peerIP, otherIP, farIP} {
			s.tcp.nextPort, other.tcp.nextPort = 0, 0
			key := connKey{remote: ip.As4(), remotePort: 80 + i}
			starts[choose(s, key)] = true
			starts[choose(other, key)] = true
		}
	}
	if len(starts) < 40 { // of 48: two may meet by chance
		t.Errorf("only %d starts for 24 destinations and 2 secrets", len(starts))
	}
	suite.Row{Area: "attack", What: "prediction of our ports", Source: "RFC 6056 3.3.3", Tried: fmt.Sprintf("%d ports to one host, the first ports to 24", len(seen)),
		Outcome: fmt.Sprintf("no port comes again before all others; %d of 48 starts differ", len(starts))}.Report(t)
}

// Ports that are in use are skipped, and when all are, that is an error (RFC 6056
// 3.3.3: "return ERROR").
func TestScriptPortsInUse(t *testing.T) {
	s := newTestStack(1)
	defer s.Close()
	to := connKey{remote: peerIP.As4(), remotePort: 80}
	taken := to
	s.choosePort(&taken)
	free := to
	s.choosePort(&free)
	s.choosePort(&free)
	open := s.newConn(to)
	for port := uint32(1024); port < 65536; port++ {
		key := to
		key.localPort = uint16(port)
		switch {
		case key == free:
		case port%2 == 0:
			s.tcp.conns[key] = open
		default: // a listener's port is as good as taken
			s.tcp.listeners[key.localPort] = &Listener{s: s, port: key.localPort}
		}
	}
	s.tcp.nextPort = 0
	key := to
	if !s.choosePort(&key) || key != free {
		t.Errorf("port %d was chosen, and %d is the only free one", key.localPort, free.localPort)
	}
	s.tcp.conns[free] = s.newConn(free)
	if key = to; s.choosePort(&key) {
		t.Errorf("port %d was chosen, and none is free", key.localPort)
	}
	clear(s.tcp.conns)
	clear(s.tcp.listeners)
}
