package main

import (
	"errors"
	"net/netip"
	"time"
)

// Two announcements, two seconds apart (RFC 5227 1.1: ANNOUNCE_NUM and
// ANNOUNCE_INTERVAL).
const (
	announceNum      = 2
	announceInterval = 2 * time.Second
)

// Reasons why an ARP packet teaches us nothing, or not all that it says.
var (
	errARPSenderMAC = errors.New("ARP: sender MAC is no single card's")
	errARPSenderIP  = errors.New("ARP: sender IP is no host's on this link")
	errARPOwn       = errors.New("ARP: sender MAC is our own")
	errARPConflict  = errors.New("ARP: another host claims our address")
	errARPNotForUs  = errors.New("ARP: another host is asked, or answered")
	errARPTableFull = errors.New("ARP: the table is full, so we did not note an unknown sender")
)

// receiveARP is the "Packet Reception" of RFC 826, whose questions stand above
// the lines that answer them. It returns the reason if the packet is dropped.
func (s *Stack) receiveARP(b []byte) error {
	// "?Do I have the hardware type in ar$hrd? ?Do I speak the protocol in ar$pro?"
	p, err := parseARP(b)
	if err != nil {
		return err
	}
	forUs := p.tpa == s.ip.Addr()
	switch {
	case p.sha.isGroup(), p.sha.isZero():
		return errARPSenderMAC // else one packet could turn all our traffic into broadcasts
	case p.sha == s.mac:
		return errARPOwn // nor could we send anything to anybody at our own card
	case p.spa == s.ip.Addr():
		return s.receiveConflict(p)
	case p.spa.IsUnspecified() && p.op == arpRequest && forUs:
		// A probe: a host wants our address and asks whether it is taken. It has
		// no address yet, so there is nothing to learn (RFC 5227 2.1.1).
		s.sendARP(p.sha, arpReply, p.sha, p.spa)
		return nil
	case !isNeighbour(s.ip, p.spa):
		return errARPSenderIP
	}
	// "If the pair <protocol type, sender protocol address> is already in my
	// translation table, update the sender hardware address field of the entry
	// with the new information in the packet and set Merge_flag to true."
	merge := s.mergeNeighbour(p.spa, p.sha)
	// "?Am I the target protocol address?"
	if !forUs {
		return errARPNotForUs
	}
	// "If Merge_flag is false, add the triplet <protocol type, sender protocol
	// address, sender hardware address> to the translation table."
	if !merge {
		s.addNeighbour(p.spa, p.sha)
	}
	// "?Is the opcode ares_op$REQUEST? (NOW look at the opcode!!)"
	if p.op == arpRequest {
		// "Swap hardware and protocol fields, putting the local hardware and
		// protocol addresses in the sender fields."
		s.sendARP(p.sha, arpReply, p.sha, p.spa)
	}
	return nil
}

// sendARP sends an ARP packet with ourselves as its sender to the card dst.
func (s *Stack) sendARP(dst MAC, op uint16, tha MAC, tpa netip.Addr) {
	p := s.newPacket(arpLen)
	arpPacket{op: op, sha: s.mac, spa: s.ip.Addr(), tha: tha, tpa: tpa}.put(p.bytes())
	s.sendFrame(dst, etherTypeARP, p)
}

// Announce tells everybody on the link which MAC address ours is, now and once
// more in two seconds, so that nobody goes on using an old one. An announcement
// is a question that we ask about ourselves (RFC 5227 2.3).
func (s *Stack) Announce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.announce()
}

func (s *Stack) announce() {
	if s.closed {
		return
	}
	s.sendAnnouncement()
	s.arp.announced++
	if s.arp.announced < announceNum {
		s.arp.announcer.start(announceInterval)
	}
}

func (s *Stack) sendAnnouncement() {
	s.sendARP(broadcastMAC, arpRequest, MAC{}, s.ip.Addr())
}
