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
