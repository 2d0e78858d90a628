package main

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Listener waits for connections on a port: the RFC's LISTEN state.
type Listener struct {
	s    *Stack
	port uint16

	halfOpen []*Conn   // in SYN-RECEIVED, oldest first
	ready    []*Conn   // ESTABLISHED, and not accepted yet
	changed  sync.Cond // signalled when there is one to accept, or the listener is closed
	closed   bool
	late     bool      // the time for Accept is over
	deadline *timer    // makes it so
	flooded  time.Time // when a cookie was last sent
}

// Listen is the RFC's passive OPEN call (3.10.1). The error wraps syscall.EADDRINUSE
// if somebody listens on the port already, syscall.EINVAL if it is 0, or
// net.ErrClosed.
func (s *Stack) Listen(port uint16) (*Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, errClosed
	case port == 0:
		return nil, fmt.Errorf("listen: port 0 is none: %w", syscall.EINVAL)
	case s.tcp.listeners[port] != nil:
		return nil, fmt.Errorf("listen: port %d: %w", port, syscall.EADDRINUSE)
	}
	l := &Listener{s: s, port: port}
	l.changed.L = &s.mu
	l.deadline = newTimer(&s.mu, l.deadlineOver)
	s.tcp.listeners[port] = l
	return l, nil
}

// AcceptTCP waits for the next connection and returns it. After Close the error
// wraps net.ErrClosed.
func (l *Listener) AcceptTCP() (*Conn, error) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	for len(l.ready) == 0 && !l.closed && !l.late {
		l.changed.Wait()
	}
	if l.closed {
		return nil, errListenerClosed
	}
	if l.late {
		return nil, os.ErrDeadlineExceeded
	}
	c := l.ready[0]
	l.ready = removeConn(l.ready, c)
	return c, nil
}

// Close ends the LISTEN state. Connections that nobody has accepted are reset.
func (l *Listener) Close() error {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if l.closed {
		return l.opError("close", errListenerClosed)
	}
	l.close()
	return nil
}

func (l *Listener) close() {
	l.closed = true
	l.deadline.stop()
	delete(l.s.tcp.listeners, l.port)
	for _, c := range slices.Concat(l.halfOpen, l.ready) { // a copy: abort changes both
		c.abort(errListenerClosed)
	}
	l.changed.Broadcast()
}

// established moves a connection to those that wait to be accepted.
func (l *Listener) established(c *Conn) {
	l.halfOpen = removeConn(l.halfOpen, c)
	l.ready = append(l.ready, c)
	l.changed.Signal()
}

// forget is told of a connection that is no more.
func (l *Listener) forget(c *Conn) {
	l.halfOpen = removeConn(l.halfOpen, c)
	l.ready = removeConn(l.ready, c)
}

// removeConn removes c from a list, if it is there.
func removeConn(list []*Conn, c *Conn) []*Conn {
	for i, other := range list {
		if other == c {
			copy(list[i:], list[i+1:])
			list[len(list)-1] = nil // or it would be kept alive
			return list[:len(list)-1]
		}
	}
	return list
}
