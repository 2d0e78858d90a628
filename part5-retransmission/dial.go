package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
)

// parseAddrPort reads an address with a port, such as 10.0.0.1:80.
func parseAddrPort(text string) (netip.AddrPort, error) {
	to, err := netip.ParseAddrPort(text)
	if err != nil || !to.Addr().Is4() || to.Port() == 0 {
		return netip.AddrPort{}, fmt.Errorf("%q is no IPv4 address with port, such as 10.0.0.1:80", text)
	}
	return to, nil
}

// runDial opens a connection, says so, and holds it until ctx ends.
func runDial(ctx context.Context, s *Stack, to netip.AddrPort, out io.Writer) error {
	if _, err := s.DialTCP(ctx, to); err != nil {
		return err
	}
	fmt.Fprintf(out, "ESTABLISHED: %v\n", to)
	<-ctx.Done()
	return nil
}
