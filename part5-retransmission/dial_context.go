package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
)

// DialContext opens a connection, as net.Dialer's does: http.Transport and others can
// use it in its place. network is "tcp" or "tcp4", address an IPv4 address with a port.
// The error is a *net.OpError around what DialTCP returns.
func (s *Stack) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	fail := func(to net.Addr, err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: to, Err: err}
	}
	if network != "tcp" && network != "tcp4" {
		return fail(nil, net.UnknownNetworkError(network))
	}
	to, err := parseTarget(address)
	if err != nil {
		return fail(nil, err)
	}
	c, err := s.DialTCP(ctx, to)
	if err != nil {
		return fail(net.TCPAddrFromAddrPort(to), errors.Unwrap(err)) // OpError says where to
	}
	return c, nil
}

// parseTarget reads an address with a port. A name it cannot look up: there is no DNS
// here.
func parseTarget(address string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return netip.AddrPort{}, &net.DNSError{Err: "there is no DNS in this stack: write the IPv4 address", Name: host}
	}
	return parseAddrPort(net.JoinHostPort(host, port))
}
