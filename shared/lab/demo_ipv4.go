package main

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
)

// Like its ARP packets, the demo makes its datagrams by itself.

// echoData is what an echo request carries here.
const echoData = "frame by frame"

// echoFields are the fields of an ICMP echo in an IPv4 datagram in an Ethernet frame.
var echoFields = []field{
	{6, "Ethernet: to"},
	{6, "Ethernet: from"},
	{2, "Ethernet: inside is IPv4"},
	{1, "IPv4: version 4, header of 5 words"},
	{1, "IPv4: type of service"},
	{2, "IPv4: total length"},
	{2, "IPv4: identification"},
	{2, "IPv4: flags, fragment offset"},
	{1, "IPv4: time to live, in hops"},
	{1, "IPv4: inside is ICMP"},
	{2, "IPv4: checksum of the header"},
	{4, "IPv4: from"},
	{4, "IPv4: to"},
	{1, "ICMP: 8 asks for an echo, 0 is one"},
	{1, "ICMP: code"},
	{2, "ICMP: checksum of the message"},
	{2, "ICMP: identifier, whose echo this is"},
	{2, "ICMP: sequence number"},
}

// ipv4Frame puts a payload into a datagram, and that into a frame.
func ipv4Frame(to, from net.HardwareAddr, id uint16, protocol byte, src, dst netip.Addr, payload []byte) []byte {
	header := make([]byte, 20)
	header[0] = 0x45
	binary.BigEndian.PutUint16(header[2:], uint16(len(header)+len(payload)))
	binary.BigEndian.PutUint16(header[4:], id)
	header[8], header[9] = 64, protocol
	copy(header[12:], src.AsSlice())
	copy(header[16:], dst.AsSlice())
	binary.BigEndian.PutUint16(header[10:], internetChecksum(header))
	return bytes.Join([][]byte{to, from, {0x08, 0x00}, header, payload}, nil)
}

// echoMessage is an ICMP echo request (8) or reply (0).
func echoMessage(kind byte) []byte {
	message := append([]byte{kind, 0, 0, 0, 0, 1, 0, 1}, echoData...)
	binary.BigEndian.PutUint16(message[2:], internetChecksum(message))
	return message
}

// internetChecksum is the checksum of RFC 1071.
func internetChecksum(b []byte) uint16 {
	sum := uint32(0)
	for i, x := range b {
		sum += uint32(x) << (8 * (1 - i%2)) // the bytes are the high and low halves of 16-bit words in turn
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// icmpFor returns the ICMP message in a frame that is a datagram from the part to mac and ip, or nil if it is none.
func icmpFor(frame []byte, mac net.HardwareAddr, ip netip.Addr) []byte {
	if len(frame) < 14+20+8 || !bytes.Equal(frame[0:6], mac) || !bytes.Equal(frame[12:15], []byte{0x08, 0x00, 0x45}) ||
		frame[23] != 1 || !bytes.Equal(frame[26:30], partIP.AsSlice()) || !bytes.Equal(frame[30:34], ip.AsSlice()) {
		return nil
	}
	return frame[34:]
}
