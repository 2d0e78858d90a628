package stack

import (
	"context"
	"fmt"
	"net/netip"
	"syscall"
)

// DialTCP is the RFC's active OPEN call (3.10.1): it opens a connection and waits until it
// is ESTABLISHED. The error wraps syscall.ECONNREFUSED if the peer does not listen there,
// syscall.EHOSTUNREACH, ENETUNREACH and the like if it cannot be reached,
// syscall.EADDRNOTAVAIL if there is no free port, net.ErrClosed if the stack is closed, or
// it is ctx's. If there is no answer at all it waits for ctx.
func (s *Stack) DialTCP(ctx context.Context, to netip.AddrPort) (*Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("dial %v: %w", to, err)
	}
	c, err := s.activeOpen(to)
	if err != nil {
		return nil, fmt.Errorf("dial %v: %w", to, err)
	}
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		c.changed.Broadcast()
	})
	defer stop()
	for (c.state == stateSynSent || c.state == stateSynReceived) && ctx.Err() == nil {
		c.changed.Wait()
	}
	switch {
	case c.err != nil:
		return nil, fmt.Errorf("dial %v: %w", to, c.err)
	case c.state == stateSynSent || c.state == stateSynReceived:
		c.abort(errAborted)
		return nil, fmt.Errorf("dial %v: %w", to, ctx.Err())
	}
	return c, nil
}

// activeOpen sends the SYN: "<SEQ=ISS><CTL=SYN> ... Set SND.UNA to ISS, SND.NXT to
// ISS+1, enter SYN-SENT state, and return." (RFC 9293 3.10.1)
func (s *Stack) activeOpen(to netip.AddrPort) (*Conn, error) {
	if s.closed {
		return nil, errClosed
	}
	if _, err := s.nextHop(to.Addr()); err != nil {
		return nil, err
	}
	key := connKey{remote: to.Addr().As4(), remotePort: to.Port()}
	if to.Port() == 0 || !s.choosePort(&key) {
		return nil, syscall.EADDRNOTAVAIL
	}
	c := s.newConn(key)
	c.scaling = true
	c.snd.iss = s.newISS(key)
	c.snd.una, c.snd.nxt = c.snd.iss, c.snd.iss+1
	s.addConn(c)
	c.setState(stateSynSent)
	s.countConn(c)
	if c.err != nil {
		return nil, c.err // there was no room
	}
	c.send(flagSYN, c.snd.iss, c.s.newPacket(0))
	return c, nil
}

// choosePort fills in our port by algorithm 3 of RFC 6056, "Simple Hash-Based Port
// Selection": towards each peer the ports are used one after the other, so that none comes
// again soon, from a start that no one can guess without the secret. Ports on which we
// listen are left out.
func (s *Stack) choosePort(key *connKey) bool {
	offset := s.hash(connKey{remote: key.remote, remotePort: key.remotePort}, hashPort, 0)
	for range ephemeralPorts {
		key.localPort = firstEphemeralPort + uint16((offset+s.tcp.nextPort)%ephemeralPorts)
		s.tcp.nextPort++
		if s.isBothEnds(*key) {
			continue
		}
		if s.tcp.conns[*key] == nil && s.tcp.listeners[key.localPort] == nil {
			return true
		}
	}
	return false
}

// isBothEnds reports whether a connection would have the same two ends. Its SYN would meet
// itself, and open it (RFC 9293 3.5, figure 7): a program that dials a port of ours without
// a listener would talk to itself.
func (s *Stack) isBothEnds(key connKey) bool {
	return key.peer() == netip.AddrPortFrom(s.ip.Addr(), key.localPort)
}
