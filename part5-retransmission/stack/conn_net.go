package stack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// DialContext opens a connection, as net.Dialer's does: http.Transport and others can
// use it in its place. network is "tcp" or "tcp4", address an IPv4 address with a port.
// The error is a *net.OpError around what DialTCP returns.
func (s *Stack) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	fail := func(to net.Addr, err error) (net.Conn, error) {
		return nil, opError("dial", network, nil, to, err)
	}
	if network != "tcp" && network != "tcp4" {
		return fail(nil, net.UnknownNetworkError(network))
	}
	to, err := s.parseTarget(network, address)
	if err != nil {
		return fail(nil, err)
	}
	c, err := s.DialTCP(ctx, to)
	if err != nil {
		return fail(net.TCPAddrFromAddrPort(to), errors.Unwrap(err)) // OpError says where to
	}
	return c, nil
}

// portNames knows the names of ports. Written in Go, it asks nobody: it reads a file.
var portNames = net.Resolver{PreferGo: true}

// parseTarget reads an address with a port, in the forms that net.Dialer takes: the
// port may have a name, IPv4 addresses may be written as IPv6 ones, and without an address,
// or with one that is all zeros, "the local system is assumed" (package net). The name of
// a host it cannot look up: there is no DNS here.
func (s *Stack) parseTarget(network, address string) (netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := portNames.LookupPort(context.Background(), network, service)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if host == "" {
		return netip.AddrPortFrom(s.ip.Addr(), uint16(port)), nil
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return netip.AddrPort{}, &net.DNSError{Err: "there is no DNS in this stack: write the IPv4 address", Name: host}
	case ip.IsUnspecified():
		ip = s.ip.Addr()
	case !ip.Unmap().Is4():
		return netip.AddrPort{}, &net.AddrError{Err: "no IPv4 address", Addr: host}
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(port)), nil
}

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

// What a program sees of an error is what package net shows it on Linux, so that it
// need not know on whose connections it runs. Errors are of the type *net.OpError, whose
// Timeout method tells whether it was a matter of time, and wrap
//
//	net.ErrClosed             after Close of the connection, the listener or the stack
//	os.ErrDeadlineExceeded    after the time that SetDeadline gave
//	syscall.ECONNRESET        after a reset by the peer
//	syscall.EPIPE             for Write after CloseWrite
//	syscall.ENOTCONN          for CloseRead and CloseWrite when the connection has ended
//	syscall.ETIMEDOUT         when the peer has not answered for too long
//
// and what else ended the connection. One thing we do otherwise: a connection that was
// reset says so as often as it is asked. Linux says it once, and then has Read return
// io.EOF, as if all had come, and Write EPIPE.

// opError returns err as an error of the operation op between two addresses. For an
// operation on our end alone "Addr is the address of the local endpoint being
// manipulated" (package net), and source is nil.
func opError(op, network string, source, addr net.Addr, err error) error {
	if errors.Is(err, syscall.ETIMEDOUT) {
		err = timeoutError{err}
	}
	return &net.OpError{Op: op, Net: network, Source: source, Addr: addr, Err: err}
}

// opError is what the methods of a connection return.
func (c *Conn) opError(op string, err error) error {
	return opError(op, "tcp", c.LocalAddr(), c.RemoteAddr(), err)
}

// opError is what the methods of a listener return.
func (l *Listener) opError(op string, err error) error {
	return opError(op, "tcp", nil, l.Addr(), err)
}

// timeoutError is an error of which net.OpError, which looks at what it wraps but not
// further, can tell that it is a timeout.
type timeoutError struct{ error }

func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }
func (e timeoutError) Unwrap() error { return e.error }
