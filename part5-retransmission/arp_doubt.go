package main

import "net/netip"

// doubt asks a neighbour whether it is still there, as somebody above has doubts.
func (s *Stack) doubt(ip netip.Addr) {
	if n := s.arp.neighbours[ip]; n != nil && n.state == neighbourReachable {
		n.asked = 0
		s.ask(n)
	}
}
