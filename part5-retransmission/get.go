package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
)

// parseURL reads what -get can fetch, and from where.
func parseURL(text string) (*url.URL, netip.AddrPort, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" {
		return nil, netip.AddrPort{}, fmt.Errorf("%q is no URL such as http://10.0.0.1/", text)
	}
	if _, err := netip.ParseAddr(u.Hostname()); err != nil {
		return nil, netip.AddrPort{}, fmt.Errorf("there is no DNS in this stack: write the IPv4 address of %s", u.Hostname())
	}
	server, err := parseAddrPort(net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "80")))
	return u, server, err
}

// runGet fetches a page with the web client of package net/http over our connections,
// and writes it to out.
func runGet(ctx context.Context, s *Stack, u *url.URL, out io.Writer) error {
	defer s.Drain(lastWords)
	transport := &http.Transport{DialContext: s.DialContext}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(out, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= 400 {
		return fmt.Errorf("GET %v: the server says %s", u, response.Status)
	}
	return nil
}
