package outside

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// ourUDPPort is from where our datagrams come, and closedPort where nothing listens.
const (
	ourUDPPort = 40111
	closedPort = 44444
)

// udp builds a datagram to the closed port. change may spoil it after its checksum was computed.
func (b *Bench) udp(data []byte, change ...func(header []byte)) []byte {
	ip := b.header(layers.IPProtocolUDP)
	udp := &layers.UDP{SrcPort: ourUDPPort, DstPort: closedPort}
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		b.Fatalf("gopacket: %v", err)
	}
	message := b.frame(true, udp, gopacket.Payload(data))
	for _, f := range change {
		f(message[:8])
	}
	return b.datagram(layers.IPProtocolUDP, message)
}

const (
	unreachableSays = `"If a datagram arrives addressed to a UDP port for which there is no pending LISTEN call, UDP SHOULD send an ICMP Port Unreachable message."`
	udpSumSays      = `"If a UDP datagram is received with a checksum that is non-zero and invalid, UDP MUST silently discard the datagram."`
	udpLengthSays   = `"Length is the length in octets of this user datagram including this header and the data. (This means the minimum value of the length is eight.)"`
)

// udpChecks are about datagrams for a port where nothing listens: whether the stack takes one for good shows in the
// error that it sends.
var udpChecks = []Check{
	{Name: "port unreachable", RFC: "1122 4.1.3.1", From: 2, Says: unreachableSays, Alone: true, Run: func(b *Bench) {
		b.known()
		for _, data := range [][]byte{counted(8), nil, counted(7), counted(1472)} { // also of an odd length
			frame := b.udp(data)
			b.Send(frame)
			b.wantError(3, 3, frame)
		}
	}},
	{Name: "a checksum that is left out", RFC: "768", From: 2, Says: `"An all zero transmitted checksum value means that the transmitter generated no checksum"`, Alone: true, Run: func(b *Bench) {
		b.known()
		frame := b.udp(counted(8), func(header []byte) { header[6], header[7] = 0, 0 })
		b.Send(frame)
		b.wantError(3, 3, frame)
	}},
	{Name: "a checksum that comes to zero", RFC: "768", From: 2, Says: `"If the computed checksum is zero, it is transmitted as all ones"`, Alone: true, Run: func(b *Bench) {
		b.known()
		// Two bytes of data make the sum of all the rest come to zero.
		probe := b.udp([]byte{0, 0})
		data := probe[14+20+6:][:2]
		frame := b.udp(bytes.Clone(data))
		if sent := binary.BigEndian.Uint16(frame[14+20+6:]); sent != 0 && sent != 0xffff {
			b.Fatalf("the checksum came to %#04x", sent)
		}
		frame[14+20+6], frame[14+20+7] = 0xff, 0xff
		b.Send(frame)
		b.wantError(3, 3, frame)
	}},
	{Name: "a wrong checksum", RFC: "1122 4.1.3.4", From: 2, Says: udpSumSays, Alone: true, Run: func(b *Bench) {
		b.ignored(b.udp(counted(8), func(header []byte) { header[7] ^= 1 }))
	}},
	{Name: "a checksum without the pseudo header", RFC: "768", From: 2, Says: `"Checksum is the 16-bit one's complement of the one's complement sum of a pseudo header of information from the IP header, the UDP header, and the data"`, Alone: true, Run: func(b *Bench) {
		frame := b.udp(counted(8))
		message := frame[14+20:]
		message[6], message[7] = 0, 0
		binary.BigEndian.PutUint16(message[6:], sum(message))
		b.ignored(frame)
	}},
	{Name: "more length than there is", RFC: "768", From: 2, Says: udpLengthSays, Alone: true, Run: func(b *Bench) {
		b.ignored(b.udp(counted(8), func(header []byte) { header[5], header[6], header[7] = 17, 0, 0 }))
	}},
	{Name: "less length than the header", RFC: "768", From: 2, Says: udpLengthSays, Alone: true, Run: func(b *Bench) {
		b.ignored(b.udp(counted(8), func(header []byte) { header[5], header[6], header[7] = 7, 0, 0 }))
	}},
	{Name: "a header that breaks off", RFC: "768", From: 2, Says: udpLengthSays, Alone: true, Run: func(b *Bench) {
		for n := range 8 {
			b.ignored(b.datagram(layers.IPProtocolUDP, []byte{0x9c, 0xaf, 0xad, 0x9c, 0, 8, 0, 0}[:n]))
		}
	}},
	{Name: "no error about what was sent to all", RFC: "1122 3.2.2", From: 2, Says: noErrSays, Alone: true, Run: func(b *Bench) {
		for _, to := range []string{"10.0.0.255", "255.255.255.255", "224.0.0.1"} {
			message := b.udp(counted(8), func(header []byte) { header[6], header[7] = 0, 0 })[14+20:]
			frame := b.datagram(layers.IPProtocolUDP, message, func(ip *layers.IPv4) { ip.DstIP = netip.MustParseAddr(to).AsSlice() })
			copy(frame, broadcast)
			b.ignored(frame)
		}
	}},
}
