package main

import (
	"net"
	"net/netip"
	"time"
)

// A Listener is a net.Listener.
var _ net.Listener = (*Listener)(nil)

// Accept waits for the next connection. After Close the error wraps net.ErrClosed,
// after the time that SetDeadline gave os.ErrDeadlineExceeded.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, l.opError("accept", err)
	}
	return c, nil
}

// SetDeadline has every Accept fail from t on, also one that waits by then. The zero
// time means never.
func (l *Listener) SetDeadline(t time.Time) error {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if l.closed {
		return l.opError("set", errListenerClosed)
	}
	l.late = over(t)
	l.deadline.stop()
	if !t.IsZero() && !l.late {
		l.deadline.start(time.Until(t))
	}
	l.changed.Broadcast()
	return nil
}

func (l *Listener) deadlineOver() {
	l.late = true
	l.changed.Broadcast()
}

// Addr returns the address on which connections are accepted, a *net.TCPAddr.
func (l *Listener) Addr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(l.s.ip.Addr(), l.port))
}
