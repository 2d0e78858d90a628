package main

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
)

// Control bits of TCP.
const (
	tcpFIN = 0x01
	tcpSYN = 0x02
	tcpRST = 0x04
	tcpPSH = 0x08
	tcpACK = 0x10
)

// synFields are the fields of a TCP segment with one option in an IPv4 datagram in an Ethernet frame. Those of Ethernet
// and IPv4 stand in one line each; the demos of parts 1 and 2 show them at length.
var synFields = []field{
	{6, "Ethernet: to"},
	{6, "Ethernet: from"},
	{2, "Ethernet: inside is IPv4"},
	{6, "IPv4: version to identification"},
	{6, "IPv4: flags to checksum"},
	{4, "IPv4: from"},
	{4, "IPv4: to"},
	{2, "TCP: from port"},
	{2, "TCP: to port"},
	{4, "TCP: sequence number"},
	{4, "TCP: acknowledgment number"},
	{1, "TCP: header of so many words (and 0)"},
	{1, "TCP: flags: 02 is SYN, 12 SYN and ACK"},
	{2, "TCP: window, how much may be sent"},
	{2, "TCP: checksum"},
	{2, "TCP: urgent pointer"},
	{4, "TCP: option: largest segment, 1460"},
}

// dataFields are the fields of a TCP segment without options; its data come behind them.
var dataFields = slices.Concat(synFields[:12], []field{{1, "TCP: flags: 18 is PSH and ACK"}}, synFields[13:16])

// tcpFrame puts a TCP segment without data into a datagram and a frame. A SYN says the largest segment, too.
func tcpFrame(to, from net.HardwareAddr, src, dst netip.AddrPort, seq, ack uint32, flags byte) []byte {
	return ipv4Frame(to, from, 1, 6, src.Addr(), dst.Addr(), tcpSegment(src, dst, seq, ack, flags, 64240, ""))
}

// tcpSegment makes a TCP segment.
func tcpSegment(src, dst netip.AddrPort, seq, ack uint32, flags byte, wnd uint16, data string) []byte {
	segment := make([]byte, 20, 24+len(data))
	binary.BigEndian.PutUint16(segment[0:], src.Port())
	binary.BigEndian.PutUint16(segment[2:], dst.Port())
	binary.BigEndian.PutUint32(segment[4:], seq)
	binary.BigEndian.PutUint32(segment[8:], ack)
	segment[13] = flags
	binary.BigEndian.PutUint16(segment[14:], wnd)
	if flags&tcpSYN != 0 {
		segment = append(segment, 2, 4, 0x05, 0xb4)
	}
	segment[12] = byte(len(segment)/4) << 4
	segment = append(segment, data...)
	length := binary.BigEndian.AppendUint16(nil, uint16(len(segment)))
	pseudo := bytes.Join([][]byte{src.Addr().AsSlice(), dst.Addr().AsSlice(), {0, 6}, length, segment}, nil)
	binary.BigEndian.PutUint16(segment[16:], internetChecksum(pseudo))
	return segment
}

// tcpFor returns the segment in a frame that is one from the part to mac and src, or nil if it is none.
func tcpFor(frame []byte, mac net.HardwareAddr, src netip.AddrPort) []byte {
	if len(frame) < 14+20+20 || !bytes.Equal(frame[0:6], mac) || !bytes.Equal(frame[12:15], []byte{0x08, 0x00, 0x45}) ||
		frame[23] != 6 || !bytes.Equal(frame[26:30], partIP.AsSlice()) || !bytes.Equal(frame[30:34], src.Addr().AsSlice()) {
		return nil
	}
	if segment := frame[34:]; binary.BigEndian.Uint16(segment[2:]) == src.Port() {
		return segment
	}
	return nil
}
