package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
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
	errARPShort    = errors.New("ARP: packet is shorter than 28 bytes")
	errARPHardware = errors.New("ARP: hardware type is not Ethernet")
	errARPProtocol = errors.New("ARP: protocol type is not IPv4")
	errARPSizes    = errors.New("ARP: address lengths are not 6 and 4")
	errARPOpcode   = errors.New("ARP: opcode is neither request nor reply")
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
