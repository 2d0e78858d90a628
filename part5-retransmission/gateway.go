package main

import (
	"fmt"
	"net/netip"
)

// parseGateway returns the next hop for what is off the link: the one that text
// names, or else the kernel's end of the cable. It must be on the link itself.
func parseGateway(text string, host, ip netip.Prefix) (netip.Addr, error) {
	if text == "" {
		return host.Addr(), nil
	}
	gateway, err := parseIP(text)
	if err != nil {
		return gateway, fmt.Errorf("-gateway: %w", err)
	}
	if !isNeighbour(ip, gateway) {
		return gateway, fmt.Errorf("-gateway %v is no other host on our link %v: we could not reach it", gateway, ip.Masked())
	}
	return gateway, nil
}
