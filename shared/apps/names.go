package apps

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Names has hosts go by their names. The questions (RFC 1035) and the waiting are those of package net's own resolver.
type Names struct {
	Dial   Dial           // opens connections, to the name server and then to the host
	Server netip.AddrPort // knows the names
	Search []string       // what may be left out at the end of a name, such as example.com
}

// namesPatience is how long a name may take, whatever the server does.
const namesPatience = 5 * time.Second

// DialContext is Dial for an address whose host may be a name.
func (n Names) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return n.Dial(ctx, network, address)
	}
	ips, err := n.Lookup(ctx, host)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	var refused error
	for _, ip := range ips { // in the server's order; the first that takes us
		c, err := n.Dial(ctx, network, net.JoinHostPort(ip.String(), port))
		if err == nil {
			return c, nil
		}
		refused = errors.Join(refused, err)
	}
	return nil, refused
}

// Lookup asks for the IPv4 addresses of a host. Its error is a *net.DNSError, which says whether there is no such name
// or the server does not answer.
func (n Names) Lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if !n.Server.IsValid() {
		return nil, &net.DNSError{Err: "no name server is known: -dns gives one", Name: host}
	}
	ctx, cancel := context.WithTimeout(ctx, namesPatience)
	defer cancel()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		// By TCP, which every server has to offer (RFC 7766 5): what our stack can open is a connection.
		return n.Dial(ctx, "tcp", n.Server.String())
	}}
	var unknown error
	for _, name := range n.candidates(host) {
		ips, err := resolver.LookupNetIP(ctx, "ip4", name)
		if err == nil {
			return ips, nil
		}
		dns := (*net.DNSError)(nil)
		if !errors.As(err, &dns) || !dns.IsNotFound {
			return nil, &net.DNSError{Err: "the name server does not help: " + reason(err), Name: host, Server: n.Server.String(), IsTimeout: true}
		}
		unknown = &net.DNSError{Err: "no such host", Name: host, Server: n.Server.String(), IsNotFound: true}
	}
	return nil, unknown
}

// candidates are the names that a host may have. Each ends with a dot, so that the resolver does not add to it what this
// machine's resolv.conf says, which is about another network.
func (n Names) candidates(host string) []string {
	if strings.HasSuffix(host, ".") {
		return []string{host}
	}
	var longer []string
	for _, domain := range n.Search {
		longer = append(longer, host+"."+strings.Trim(domain, ".")+".")
	}
	if strings.Contains(host, ".") {
		return append([]string{host + "."}, longer...)
	}
	return append(longer, host+".")
}

// reason is what went wrong below the resolver, in words: it would name a server of its own.
func reason(err error) string {
	dns := (*net.DNSError)(nil)
	switch {
	case !errors.As(err, &dns):
		return err.Error()
	case dns.IsTimeout:
		return "no answer in time"
	}
	return dns.Err
}
