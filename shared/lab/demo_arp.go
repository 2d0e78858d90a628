package main

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// The demo makes its ARP packets by itself, field by field: it is to check the part, so it borrows nothing from it.

// A field is a part of a frame: how many bytes it has, and what they mean.
type field struct {
	size  int
	means string
}

// arpFields are the fields of an ARP packet in an Ethernet frame, in the order in which they stand.
var arpFields = []field{
	{6, "Ethernet: to (ff… is everybody)"},
	{6, "Ethernet: from"},
	{2, "Ethernet: inside is ARP"},
	{2, "ARP: about Ethernet addresses"},
	{2, "ARP: and IPv4 addresses"},
	{1, "ARP: the first have 6 bytes"},
	{1, "ARP: the second 4"},
	{2, "ARP: 1 asks, 2 answers"},
	{6, "ARP: sender's MAC"},
	{4, "ARP: sender's IP"},
	{6, "ARP: target's MAC (0: unknown)"},
	{4, "ARP: target's IP"},
}

// arpSize is the sum of the sizes: 14 bytes of Ethernet and 28 of ARP.
const arpSize = 42

// arpFrame puts an ARP packet into a frame.
func arpFrame(to, from net.HardwareAddr, op byte, sender net.HardwareAddr, senderIP netip.Addr, target net.HardwareAddr, targetIP netip.Addr) []byte {
	return bytes.Join([][]byte{
		to, from, {0x08, 0x06},
		{0, 1}, {0x08, 0x00}, {6}, {4}, {0, op},
		sender, senderIP.AsSlice(), target, targetIP.AsSlice(),
	}, nil)
}

// arpRequest returns the frame that asks everybody who has an address.
func arpRequest(mac net.HardwareAddr, ip, who netip.Addr) []byte {
	everybody := net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	return arpFrame(everybody, mac, 1, mac, ip, make(net.HardwareAddr, 6), who)
}

// arpReply returns the frame in which sender answers target.
func arpReply(sender net.HardwareAddr, senderIP netip.Addr, target net.HardwareAddr, targetIP netip.Addr) []byte {
	return arpFrame(target, sender, 2, sender, senderIP, target, targetIP)
}

// answersARP reports whether frame is an ARP answer about an address, sent to mac.
func answersARP(frame []byte, mac net.HardwareAddr, about netip.Addr) bool {
	return len(frame) >= arpSize &&
		bytes.Equal(frame[0:6], mac) &&
		bytes.Equal(frame[12:14], []byte{0x08, 0x06}) &&
		bytes.Equal(frame[20:22], []byte{0, 2}) &&
		bytes.Equal(frame[28:32], about.AsSlice())
}

// compare returns an error that names the first field in which got differs from want.
func compare(fields []field, got, want []byte) error {
	at := 0
	for _, field := range fields {
		if len(got) < at+field.size {
			return fmt.Errorf("the answer ends before %q", field.means)
		}
		g, w := got[at:at+field.size], want[at:at+field.size]
		if !bytes.Equal(g, w) {
			return fmt.Errorf("in the answer, %q is % x and should be % x", field.means, g, w)
		}
		at += field.size
	}
	return nil
}

// sideBySide shows two frames field by field, with what the fields mean.
func sideBySide(fields []field, sent, received []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %-18s  %s\n", fmt.Sprintf("%d bytes sent", len(sent)), fmt.Sprintf("%d bytes received", len(received)))
	at := 0
	for _, field := range fields {
		end := at + field.size
		fmt.Fprintf(&b, "  %-18s  %-18s  %s\n", fmt.Sprintf("% x", sent[at:end]), fmt.Sprintf("% x", received[at:end]), field.means)
		at = end
	}
	return b.String()
}
