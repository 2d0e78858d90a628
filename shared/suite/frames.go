package suite

import (
	"encoding/hex"
	"math/rand/v2"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"framebyframe/shared/pcap"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// Unhex turns a dump into bytes. Blanks are for the reader.
func Unhex(dump string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(dump), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// Pattern is n bytes that are not all the same.
func Pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b
}

func RandomBytes(random *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// Nth returns the nth address after ip.
func Nth(ip netip.Addr, n int) netip.Addr {
	for range n {
		ip = ip.Next()
	}
	return ip
}

// ARPFrame builds an ARP packet in its frame with gopacket, an implementation that is not ours. change may spoil it
// before it is put together.
func ARPFrame(dst, src [6]byte, op uint16, sha [6]byte, spa netip.Addr, tha [6]byte, tpa netip.Addr, change ...func(*layers.Ethernet, *layers.ARP)) []byte {
	eth := &layers.Ethernet{
		SrcMAC: net.HardwareAddr(src[:]), DstMAC: net.HardwareAddr(dst[:]),
		EthernetType: layers.EthernetTypeARP,
	}
	arp := &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4,
		HwAddressSize: 6, ProtAddressSize: 4, Operation: op,
		SourceHwAddress: sha[:], SourceProtAddress: spa.AsSlice(),
		DstHwAddress: tha[:], DstProtAddress: tpa.AsSlice(),
	}
	for _, f := range change {
		f(eth, arp)
	}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{}, eth, arp); err != nil {
		panic(err)
	}
	return buf.Bytes()[:14+28] // without gopacket's padding
}

// ARPRequest is the question "who has tpa?", asked by spa at sha.
func ARPRequest(sha [6]byte, spa, tpa netip.Addr) []byte {
	broadcast := [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	return ARPFrame(broadcast, sha, layers.ARPRequest, sha, spa, [6]byte{}, tpa)
}

// ARPReply is the answer "spa is at sha", sent to us.
func ARPReply(sha [6]byte, spa netip.Addr) []byte {
	return ARPFrame(OurMAC, sha, layers.ARPReply, sha, spa, OurMAC, OurIP)
}

// IPv4From is a header for a datagram to us.
func IPv4From(src netip.Addr, protocol uint8) *layers.IPv4 {
	return &layers.IPv4{
		Version: 4, TTL: 64, Id: 1, Protocol: layers.IPProtocol(protocol),
		SrcIP: src.AsSlice(), DstIP: OurIP.AsSlice(),
	}
}

// IPv4To is the header of a datagram with ICMP that we might have sent.
func IPv4To(dst netip.Addr) *layers.IPv4 {
	ip := IPv4From(OurIP, uint8(layers.IPProtocolICMPv4))
	ip.DstIP = dst.AsSlice()
	return ip
}

// IPv4Frame builds a datagram in a frame from the peer's card with gopacket.
func IPv4Frame(ip *layers.IPv4, payload []byte) []byte {
	eth := &layers.Ethernet{
		SrcMAC: net.HardwareAddr(PeerMAC[:]), DstMAC: net.HardwareAddr(OurMAC[:]),
		EthernetType: layers.EthernetTypeIPv4,
	}
	frame := Serialize(eth, ip, gopacket.Payload(payload))
	return frame[:14+int(ip.Length)] // without gopacket's padding
}

// ICMP builds an ICMP message with gopacket.
func ICMP(typ, code uint8, id, seq uint16, data []byte) []byte {
	return Serialize(&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(typ, code), Id: id, Seq: seq}, gopacket.Payload(data))
}

// Echo is an echo request with the given data.
func Echo(seq uint16, data []byte) []byte {
	return ICMP(layers.ICMPv4TypeEchoRequest, 0, 77, seq, data)
}

// Serialize puts layers together with gopacket, which computes lengths and checksums.
func Serialize(all ...gopacket.SerializableLayer) []byte {
	buf := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, options, all...); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// CapturedIPv4 was captured on a TAP: the first 34 bytes of a ping of Linux 6.18, an IPv4 datagram.
var CapturedIPv4 = Unhex("020000000004 02000a000001 0800 4500 0054cf7940004001572b0a0000010a000004")

// CapturedFrames returns the frames of all captures in a part's testdata. They were made with the flag -pcap, in the
// lab: testdata/arping.cap with arping at the other end, and so on.
func CapturedFrames(tb testing.TB) (frames [][]byte) {
	tb.Helper()
	names, err := filepath.Glob("testdata/*.cap")
	if err != nil || len(names) == 0 {
		tb.Fatalf("no captures (%v)", err)
	}
	for _, name := range names {
		more, err := pcap.ReadFrames(name)
		if err != nil || len(more) == 0 {
			tb.Fatalf("%s has %d frames: %v", name, len(more), err)
		}
		frames = append(frames, more...)
	}
	return frames
}

// CapturedPayloads returns what is behind the first cut bytes of the frames that want takes.
func CapturedPayloads(tb testing.TB, cut int, want func(frame []byte) bool) (payloads [][]byte) {
	tb.Helper()
	for _, frame := range CapturedFrames(tb) {
		if len(frame) >= cut && want(frame) {
			payloads = append(payloads, frame[cut:])
		}
	}
	return payloads
}

// IsARP reports whether a frame carries ARP.
func IsARP(frame []byte) bool { return hasType(frame, layers.EthernetTypeARP) }

// IsIPv4 reports whether a frame carries IPv4.
func IsIPv4(frame []byte) bool { return hasType(frame, layers.EthernetTypeIPv4) }

func hasType(frame []byte, want layers.EthernetType) bool {
	return len(frame) >= 14 && layers.EthernetType(frame[12])<<8|layers.EthernetType(frame[13]) == want
}

// IsProtocol returns whether a frame carries a whole datagram of a protocol, without options, so that its payload is
// behind 34 bytes.
func IsProtocol(protocol uint8) func(frame []byte) bool {
	return func(frame []byte) bool {
		var ip layers.IPv4
		return IsIPv4(frame) && ip.DecodeFromBytes(frame[14:], gopacket.NilDecodeFeedback) == nil &&
			ip.IHL == 5 && uint8(ip.Protocol) == protocol && ip.FragOffset == 0 && ip.Flags&layers.IPv4MoreFragments == 0
	}
}
