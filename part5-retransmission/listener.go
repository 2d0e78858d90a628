package main

import (
	"net"
	"net/netip"
)

// A Listener is a net.Listener.
var _ net.Listener = (*Listener)(nil)

// Accept waits for the next connection. After Close the error wraps net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: err}
	}
	return c, nil
}

// Addr returns the address on which connections are accepted, a *net.TCPAddr.
func (l *Listener) Addr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(l.s.ip.Addr(), l.port))
}
