package main

import (
	"fmt"
	"net/netip"
)

// checkPeer checks that the address peer, which the flag name asks for if it is valid, can be
// a host's: our own, one on our link, or one beyond the gateway.
func checkPeer(name string, peer netip.Addr, us netip.Prefix) error {
	switch {
	case !peer.IsValid(), peer == us.Addr(), isNeighbour(us, peer):
		return nil
	case us.Contains(peer), !isUnicast(peer):
		return fmt.Errorf("-%s %v is no single host's address", name, peer)
	}
	return nil
}
