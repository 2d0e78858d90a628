package stack

import (
	"encoding/binary"
	"fmt"
	"net"
	"time"
)

// MAC is the address of a network card, 48 bits that its manufacturer burned
// in or, as here, an administrator chose. It means something on one link only;
// no router ever passes it on.
type MAC [6]byte

// broadcastMAC is the address of every card on the link.
var broadcastMAC = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// ParseMAC reads an address such as "02:00:00:00:00:04".
func ParseMAC(text string) (MAC, error) {
	b, err := net.ParseMAC(text)
	if err != nil || len(b) != len(MAC{}) {
		return MAC{}, fmt.Errorf("invalid MAC address %q: want six bytes in hex, such as 02:00:00:00:00:04", text)
	}
	return MAC(b), nil
}

// String returns the address as six bytes in hex with colons between them.
func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// MarshalText is String for JSON.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// isGroup reports whether m stands for several cards: the lowest bit of the first byte,
// which is the first bit on the cable, is 1 for a multicast address and for the broadcast
// address (IEEE 802-2014 8.2.2). No frame may come from one.
func (m MAC) isGroup() bool { return m[0]&1 == 1 }

// isZero reports whether m is 00:00:00:00:00:00, which is no card's address.
func (m MAC) isZero() bool { return m == MAC{} }

// Lengths of headers, in bytes.
const (
	etherHeaderLen = 14 // Ethernet II
	snapHeaderLen  = 8  // the header after an 802.3 length: LLC and SNAP
)

// EtherTypes say what the payload of a frame is (IANA, IEEE 802 Numbers).
const (
	etherTypeMin  = 0x0600 // smaller values are lengths (IEEE 802.3-2018 3.2.6)
	etherTypeIPv4 = 0x0800
	etherTypeARP  = 0x0806
	etherTypeVLAN = 0x8100 // IEEE 802.1Q: four more bytes, then the real type
)

// snapHeader is what RFC 1042 puts between a length and an EtherType.
//
//	aa aa     LLC: from and to a host that speaks SNAP
//	03        LLC: unnumbered information, a frame that stands for itself
//	00 00 00  SNAP: whose numbers follow; no company's own, so they are EtherTypes
const snapHeader = "\xaa\xaa\x03\x00\x00\x00"

// Reasons why a frame is dropped before any protocol has seen it.
var (
	errRunt          = newDropReason("frame is shorter than an Ethernet header")
	errLengthFrame   = newDropReason("802.3 frame without an EtherType")
	errLengthCut     = newDropReason("802.3 frame: shorter than its length says")
	errVLAN          = newDropReason("frame has a VLAN tag (802.1Q)")
	errGiant         = newDropReason("frame is longer than the MTU allows")
	errSourceMAC     = newDropReason("source MAC is not a single card's")
	errOwnFrame      = newDropReason("source MAC is our own: a loop, or a card with our address")
	errOtherCard     = newDropReason("frame is for another card")
	errOtherGroup    = newDropReason("frame is for a multicast group that we are not in")
	errEtherType     = newDropReason("no protocol here has this EtherType")
	errDeviceFailing = newDropReason("device does not take frames")
)

// etherHeader is the header of an Ethernet II frame, and what is left of an 802.3 frame's
// when its length has been used.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+---------------------------------------------------------------+
//	|                      Destination MAC ...                      |
//	+-------------------------------+-------------------------------+
//	|      ... Destination MAC      |        Source MAC ...         |
//	+-------------------------------+-------------------------------+
//	|                        ... Source MAC                         |
//	+-------------------------------+-------------------------------+
//	|           EtherType           |          payload ...          |
//	+-------------------------------+-------------------------------+
//
// The preamble before it and the checksum after the payload (FCS) are the card's business;
// a TAP device has neither.
type etherHeader struct {
	dst       MAC    // the card that the frame is for, a group, or all
	src       MAC    // whose card sent it
	etherType uint16 // which protocol the payload belongs to
}

// parseEther takes the header off a frame and returns it with the payload. The
// payload may be followed by padding: a real Ethernet frame has at least 60
// bytes, and only the protocol above knows where its own data end.
func parseEther(frame []byte) (etherHeader, []byte, error) {
	if len(frame) < etherHeaderLen {
		return etherHeader{}, nil, errRunt
	}
	h := etherHeader{
		dst:       MAC(frame[0:6]),
		src:       MAC(frame[6:12]),
		etherType: binary.BigEndian.Uint16(frame[12:14]),
	}
	payload := frame[etherHeaderLen:]
	switch {
	case h.etherType < etherTypeMin:
		return h.parseSNAP(payload)
	case h.etherType == etherTypeVLAN:
		return h, nil, errVLAN
	}
	return h, payload, nil
}

// parseSNAP reads on after a length: "SHOULD be able to receive RFC-1042 packets,
// intermixed with RFC-894 packets" (RFC 1122 2.3.3). Here the padding can be told from the
// payload. What we send is always Ethernet II (RFC 894): every host MUST be able to receive
// that, even one that sends the other kind.
func (h etherHeader) parseSNAP(b []byte) (etherHeader, []byte, error) {
	length := int(h.etherType)
	switch {
	case length > len(b):
		return h, nil, errLengthCut
	case length < snapHeaderLen || string(b[:len(snapHeader)]) != snapHeader:
		return h, nil, errLengthFrame
	}
	h.etherType = binary.BigEndian.Uint16(b[len(snapHeader):snapHeaderLen])
	return h, b[snapHeaderLen:length], nil
}

// put writes the header to the first 14 bytes of b.
func (h etherHeader) put(b []byte) {
	copy(b[0:6], h.dst[:])
	copy(b[6:12], h.src[:])
	binary.BigEndian.PutUint16(b[12:14], h.etherType)
}

// acceptFrame returns nil if the frame is for us, otherwise the reason to drop it. A cable
// carries every host's frames, and so does a switch that does not know better.
func (s *Stack) acceptFrame(h etherHeader, payload []byte) error {
	switch {
	case len(payload) > s.mtu:
		return errGiant
	case h.src.isGroup(), h.src.isZero():
		return errSourceMAC
	case h.src == s.mac:
		return errOwnFrame
	case h.dst == s.mac, h.dst == broadcastMAC:
		return nil
	case h.dst.isGroup():
		return errOtherGroup
	}
	return errOtherCard
}

// sendFrame puts the Ethernet header in front of p and hands the frame to the device. p is
// given back. A frame that the device does not take is lost, as on any cable: a protocol
// that needs certainty must repeat it.
func (s *Stack) sendFrame(dst MAC, etherType uint16, p *packet) {
	etherHeader{dst: dst, src: s.mac, etherType: etherType}.put(p.push(etherHeaderLen))
	s.traceFrame(traceOut, p.bytes())
	_, err := s.dev.Write(p.bytes())
	s.freePacket(p)
	s.deviceTook(err)
}

// failureInterval is the shortest time between two warnings about the device:
// its link may be down for hours, and a slow reader of a socket can make it fail
// and work again a thousand times a second.
const failureInterval = 10 * time.Second

// deviceTook counts a frame that was handed to the device as sent, or as lost if err says
// so.
func (s *Stack) deviceTook(err error) {
	if err != nil {
		s.failed++
		s.drop(errDeviceFailing)
		if !s.failing && time.Since(s.warned) >= failureInterval {
			s.failing, s.warned = true, time.Now()
			s.warn("device: %v: what we send is lost until that is over", err)
		}
		return
	}
	s.sent++
	if s.failing {
		s.warn("device: takes frames again, %d were lost", s.failed)
		s.failing, s.failed = false, 0
	}
}
