package main

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// ARPStatus lists the neighbours that we know.
func (s *Stack) ARPStatus() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, ip := range slices.SortedFunc(maps.Keys(s.arp.neighbours), netip.Addr.Compare) {
		n := s.arp.neighbours[ip]
		fmt.Fprintf(&b, "  %-15v is at %v  %s\n", ip, n.mac, n.state)
	}
	return b.String()
}
