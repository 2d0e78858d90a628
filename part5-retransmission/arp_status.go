package main

import (
	"fmt"
	"net/netip"
)

// ARPStatus tells a host what we know of its card, and how many others we know.
func (s *Stack) ARPStatus(ip netip.Addr) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, others := "", len(s.arp.neighbours)
	if n := s.arp.neighbours[ip]; n != nil {
		text, others = fmt.Sprintf("  %-15v is at %v  %s\n", ip, n.mac, n.state), others-1
	}
	if others > 0 {
		text += fmt.Sprintf("  and %d more\n", others)
	}
	return text
}
