package script

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

const (
	etherLen    = 14
	ipLen       = 20 // the peer sends no IP options and takes none
	tcpLen      = 20
	tcpOffsetAt = 12 // of the byte with data offset and reserved bits
	tcpSumAt    = 16
)

// Flow is what a segment's line leaves out: from whom to whom it goes, and where
// the relative sequence numbers begin.
type Flow struct {
	SrcMAC, DstMAC   [6]byte
	SrcIP, DstIP     netip.Addr
	SrcPort, DstPort uint16
	SrcISS, DstISS   uint32
	Payload          func(offset uint32) byte // Pattern if nil
	Names            map[string]uint32        // the values of names in timestamps
}

// Reverse is the way back.
func (f Flow) Reverse() Flow {
	f.SrcMAC, f.DstMAC = f.DstMAC, f.SrcMAC
	f.SrcIP, f.DstIP = f.DstIP, f.SrcIP
	f.SrcPort, f.DstPort = f.DstPort, f.SrcPort
	f.SrcISS, f.DstISS = f.DstISS, f.SrcISS
	return f
}

// Frame builds the segment and the headers around it with gopacket. Only the
// faults that the line asks for are put in by hand.
func (s Segment) Frame(f Flow) ([]byte, error) {
	tcp, err := s.header(f)
	if err != nil {
		return nil, err
	}
	ip := ipv4Header(f, layers.IPProtocolTCP)
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		return nil, err
	}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.Payload(s.payload(f.Payload)).SerializeTo(buf, gopacket.SerializeOptions{}); err != nil {
		return nil, err
	}
	// With FixLengths gopacket would repair what a malformed header is to have.
	if err := tcp.SerializeTo(buf, gopacket.SerializeOptions{ComputeChecksums: true}); err != nil {
		return nil, err
	}
	s.spoil(buf.Bytes())
	return encloseIPv4(buf, ip, f)
}

// ipv4Header is the header of every datagram of the peer.
func ipv4Header(f Flow, protocol layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{
		Version: 4, TTL: 64, Id: 1, Flags: layers.IPv4DontFragment, Protocol: protocol,
		SrcIP: f.SrcIP.AsSlice(), DstIP: f.DstIP.AsSlice(),
	}
}

// encloseIPv4 puts the IPv4 and the Ethernet header in front.
func encloseIPv4(buf gopacket.SerializeBuffer, ip *layers.IPv4, f Flow) ([]byte, error) {
	fix := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := ip.SerializeTo(buf, fix); err != nil {
		return nil, err
	}
	eth := &layers.Ethernet{SrcMAC: f.SrcMAC[:], DstMAC: f.DstMAC[:], EthernetType: layers.EthernetTypeIPv4}
	if err := eth.SerializeTo(buf, fix); err != nil {
		return nil, err
	}
	return buf.Bytes()[:etherLen+int(ip.Length)], nil // without gopacket's padding
}

// payload is the data of the segment: what the line says, or the stream's.
func (s Segment) payload(stream func(uint32) byte) []byte {
	if s.Has&HasData != 0 {
		return s.Data
	}
	if stream == nil {
		stream = Pattern
	}
	return Bytes(stream, s.streamOffset(), s.Len)
}

func (s Segment) header(f Flow) (*layers.TCP, error) {
	tcp := &layers.TCP{
		SrcPort: layers.TCPPort(f.SrcPort), DstPort: layers.TCPPort(f.DstPort),
		Seq: s.Seq + f.SrcISS, Window: s.Win, Urgent: s.Urg,
		FIN: s.Flags&FIN != 0, SYN: s.Flags&SYN != 0, RST: s.Flags&RST != 0, PSH: s.Flags&PSH != 0,
		ACK: s.Flags&ACK != 0, URG: s.Flags&URG != 0, ECE: s.Flags&ECE != 0, CWR: s.Flags&CWR != 0,
	}
	if s.Has&HasAck != 0 {
		tcp.Ack = s.Ack + f.DstISS
	}
	if err := s.addOptions(tcp, f); err != nil {
		return nil, err
	}
	if s.Has&HasOffset != 0 {
		tcp.DataOffset = s.Offset
	}
	return tcp, nil
}

// spoil puts in the faults that gopacket does not offer.
func (s Segment) spoil(tcp []byte) {
	sum := binary.BigEndian.Uint16(tcp[tcpSumAt:])
	if s.Has&HasReserved != 0 {
		tcp[tcpOffsetAt] |= s.Reserved
		// RFC 1624: the sum of a header in which one word has grown.
		grown := uint32(^sum) + uint32(s.Reserved)<<8
		sum = ^uint16(grown + grown>>16)
	}
	if s.Has&BadChecksum != 0 {
		sum ^= 0x5a5a
	}
	binary.BigEndian.PutUint16(tcp[tcpSumAt:], sum)
}
