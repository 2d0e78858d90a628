package stack

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// What the fields of an ARP packet contain here (RFC 826; IANA, ARP Parameters).
const (
	arpHardwareEthernet = 1
	arpHardwareIEEE802  = 6      // the same cards, to a host that keeps to RFC 1042
	arpProtocolIPv4     = 0x0800 // the same numbers as EtherTypes
	arpRequest          = 1
	arpReply            = 2
	arpLen              = 28 // bytes, with 6-byte hardware and 4-byte protocol addresses
)

// Reasons why an ARP packet is dropped before its addresses are looked at.
var (
	errARPShort    = newDropReason("ARP: packet is shorter than 28 bytes")
	errARPHardware = newDropReason("ARP: hardware type is not Ethernet")
	errARPProtocol = newDropReason("ARP: protocol type is not IPv4")
	errARPSizes    = newDropReason("ARP: address lengths are not 6 and 4")
	errARPOpcode   = newDropReason("ARP: opcode is neither request nor reply")
)

// arpPacket is an ARP packet for Ethernet and IPv4. The fields have RFC 826's
// names; the ones that are always the same are constants above.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-------------------------------+-------------------------------+
//	|       hrd: hardware type      |       pro: protocol type      |
//	+---------------+---------------+-------------------------------+
//	| hln: length 6 | pln: length 4 |           op: opcode          |
//	+---------------+---------------+-------------------------------+
//	|                  sha: sender hardware address                 |
//	+                               +-------------------------------+
//	|                               |     spa: sender protocol      |
//	+-------------------------------+-------------------------------+
//	|            address            |                               |
//	+-------------------------------+                               +
//	|                  tha: target hardware address                 |
//	+---------------------------------------------------------------+
//	|                  tpa: target protocol address                 |
//	+---------------------------------------------------------------+
//
// Sender and target are not the frame's source and destination. A sender says
// "spa is at sha", in a question as in an answer; tpa is who is asked, or
// answered, and tha is empty in a question because it is what is being asked.
type arpPacket struct {
	op  uint16
	sha MAC
	spa netip.Addr
	tha MAC
	tpa netip.Addr
}

// parseARP reads an ARP packet. What follows it in b is padding. Opcodes other
// than these two are refused here, earlier than RFC 826 looks at them: they came
// later (RFC 903, 2390) and mean something else by the same fields.
func parseARP(b []byte) (arpPacket, error) {
	if len(b) < arpLen {
		return arpPacket{}, errARPShort
	}
	p := arpPacket{
		op:  binary.BigEndian.Uint16(b[6:8]),
		sha: MAC(b[8:14]),
		spa: netip.AddrFrom4([4]byte(b[14:18])),
		tha: MAC(b[18:24]),
		tpa: netip.AddrFrom4([4]byte(b[24:28])),
	}
	switch hrd := binary.BigEndian.Uint16(b[0:2]); {
	case hrd != arpHardwareEthernet && hrd != arpHardwareIEEE802:
		return p, errARPHardware
	case binary.BigEndian.Uint16(b[2:4]) != arpProtocolIPv4:
		return p, errARPProtocol
	case b[4] != 6 || b[5] != 4:
		return p, errARPSizes
	case p.op != arpRequest && p.op != arpReply:
		return p, errARPOpcode
	}
	return p, nil
}

// put writes the packet to the first 28 bytes of b.
func (p arpPacket) put(b []byte) {
	spa, tpa := p.spa.As4(), p.tpa.As4()
	binary.BigEndian.PutUint16(b[0:2], arpHardwareEthernet)
	binary.BigEndian.PutUint16(b[2:4], arpProtocolIPv4)
	b[4], b[5] = 6, 4
	binary.BigEndian.PutUint16(b[6:8], p.op)
	copy(b[8:14], p.sha[:])
	copy(b[14:18], spa[:])
	copy(b[18:24], p.tha[:])
	copy(b[24:28], tpa[:])
}

// describeARP says what an ARP packet is, in tcpdump's words. The length counts
// padding, too.
func describeARP(b []byte) string {
	p, err := parseARP(b)
	switch {
	case err != nil:
		return fmt.Sprintf("[%v], length %d", err, len(b))
	case p.op == arpReply:
		return fmt.Sprintf("ARP, Reply %v is-at %v, length %d", p.spa, p.sha, len(b))
	case p.tha.isZero():
		return fmt.Sprintf("ARP, Request who-has %v tell %v, length %d", p.tpa, p.spa, len(b))
	}
	return fmt.Sprintf("ARP, Request who-has %v (%v) tell %v, length %d", p.tpa, p.tha, p.spa, len(b))
}

// isNeighbour reports whether ip can be another host's address on the link of a
// host that has the given address. In every link's block of addresses the first
// one, all host bits 0, and the last, all host bits 1, are no host's (RFC 1122
// 3.2.1.3), unless the block has only one or two (RFC 3021).
func isNeighbour(us netip.Prefix, ip netip.Addr) bool {
	if !us.Contains(ip) || ip == us.Addr() {
		return false
	}
	return us.Bits() >= 31 || us.Contains(ip.Prev()) && us.Contains(ip.Next())
}

// addARP adds the fields of an ARP packet.
func (l *fieldList) addARP() {
	l.layer = "ARP"
	_, err := parseARP(l.rest())
	if err == errARPShort {
		l.addBroken("packet", err)
		return
	}
	l.limit(arpLen)
	l.addNumber(16, "hrd", "hardware type")
	l.addHex(16, "pro", "protocol type: an EtherType")
	l.addNumber(8, "hln", "bytes of a hardware address")
	l.addNumber(8, "pln", "bytes of a protocol address")
	l.addNumber(16, "op", map[uint64]string{arpRequest: "request", arpReply: "reply"}[l.peek(16)])
	l.addMAC("sha", "sender hardware address")
	l.addIP("spa", "sender protocol address")
	l.addMAC("tha", "target hardware address")
	l.addIP("tpa", "target protocol address")
	switch err {
	case errARPHardware:
		l.blame("hrd", err)
	case errARPProtocol:
		l.blame("pro", err)
	case errARPSizes:
		l.blame("hln", err)
	case errARPOpcode:
		l.blame("op", err)
	}
}

// Two announcements, two seconds apart (RFC 5227 1.1: ANNOUNCE_NUM and
// ANNOUNCE_INTERVAL).
const (
	announceNum      = 2
	announceInterval = 2 * time.Second
)

// Reasons why an ARP packet teaches us nothing, or not all that it says.
var (
	errARPSenderMAC = newDropReason("ARP: sender MAC is not a single card's")
	errARPSenderIP  = newDropReason("ARP: sender IP is no host's on this link")
	errARPOwn       = newDropReason("ARP: sender MAC is our own")
	errARPConflict  = newDropReason("ARP: another host claims our address")
	errARPNotForUs  = newDropReason("ARP: another host is asked, or answered")
	errARPTableFull = newDropReason("ARP: the table is full, so we did not note an unknown sender")
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
		return errARPSenderMAC // otherwise one packet could turn all our traffic into broadcasts
	case p.sha == s.mac:
		return errARPOwn // what we sent there would reach no one
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

// Announce tells all hosts on the link our MAC address, now and once more in two seconds,
// so that none goes on using an old one. An announcement is a question that we ask about
// ourselves (RFC 5227 2.3).
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

// defendInterval is the shortest time between two defences of our address
// (RFC 5227 1.1: DEFEND_INTERVAL).
const defendInterval = 10 * time.Second

// receiveConflict handles an ARP packet whose sender has our IP address and another MAC
// address: another host uses our address, and neighbours will send to whichever of us spoke
// last.
//
// RFC 5227 2.4 (c): a host that must keep its address announces it once more. "If this is
// not the first conflicting ARP packet the host has seen, and the time recorded for the
// previous conflicting ARP packet is within DEFEND_INTERVAL seconds, then the host MUST NOT
// send another defensive ARP Announcement", or two such hosts would shout at each other
// forever. The time is recorded, as the sentence before that one says, when we defend.
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
