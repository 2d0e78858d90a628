package main

import "time"

// defendInterval is the shortest time between two defences of our address
// (RFC 5227 1.1: DEFEND_INTERVAL).
const defendInterval = 10 * time.Second

// receiveConflict handles an ARP packet whose sender has our IP address and
// another MAC address: somebody else uses our address, and neighbours will send
// to whichever of us spoke last.
//
// RFC 5227 2.4 (c): a host that must keep its address announces it once more.
// "If this is not the first conflicting ARP packet the host has seen, and the
// time recorded for the previous conflicting ARP packet is within
// DEFEND_INTERVAL seconds, then the host MUST NOT send another defensive ARP
// Announcement", or two such hosts would shout at each other for ever. The time
// is recorded, as the sentence before that one says, when we defend.
func (s *Stack) receiveConflict(p arpPacket) error {
	now := time.Now()
	if now.Sub(s.arp.defended) < defendInterval {
		return errARPConflict
	}
	s.arp.defended = now
	s.warn("address conflict: %v claims our address %v", p.sha, p.spa)
	s.sendAnnouncement()
	return errARPConflict
}
