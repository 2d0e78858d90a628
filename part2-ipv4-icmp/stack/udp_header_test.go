package stack

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"framebyframe/shared/suite"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// What "echo hello | nc -u 10.0.0.4 7" sends (testdata/udp.cap):
//
//	9caf  source port 40111
//	0007  destination port 7
//	000e  14 bytes, with the header
//	0b3b  checksum
//	68656c6c6f0a  "hello\n"
var capturedUDP = unhex("9caf0007 000e0b3b 68656c6c6f0a")

func TestParseUDPCaptured(t *testing.T) {
	var h udpHeader
	data, err := h.parse(append(bytes.Clone(capturedUDP), 1, 2, 3), peerIP, ourIP) // RFC 768 says nothing of what is behind the length
	if err != nil || h != (udpHeader{40111, 7, 14}) || string(data) != "hello\n" {
		t.Errorf("%+v, %q, %v", h, data, err)
	}
	again := append(make([]byte, udpHeaderLen), data...)
	h.put(again, peerIP, ourIP)
	if !bytes.Equal(again, capturedUDP) {
		t.Errorf("put wrote % x", again)
	}
}

func TestParseUDPRefuses(t *testing.T) {
	change := func(at int, value byte) []byte {
		b := bytes.Clone(capturedUDP)
		b[at] = value
		return b
	}
	elsewhere := netip.MustParseAddr("10.0.0.5")
	for _, test := range []struct {
		name string
		b    []byte
		dst  netip.Addr
		want error
	}{
		{"whole", capturedUDP, ourIP, nil},
		{"nothing", nil, ourIP, errUDPShort},
		{"7 bytes", capturedUDP[:7], ourIP, errUDPShort},
		{"length 7", change(5, 7), ourIP, errUDPLength},
		{"length 0", change(5, 0), ourIP, errUDPLength},
		{"length 15 in 14 bytes", change(5, 15), ourIP, errUDPTruncated},
		{"length 13", change(5, 13), ourIP, errUDPChecksum},
		{"one bit of the data", change(8, 'i'), ourIP, errUDPChecksum},
		{"one bit of the port", change(3, 6), ourIP, errUDPChecksum},
		{"checksum ffff", append(unhex("9caf0007 000effff"), capturedUDP[8:]...), ourIP, errUDPChecksum},
		{"another host's", capturedUDP, elsewhere, errUDPChecksum}, // the pseudo-header
		{"no checksum", append(unhex("9caf0007 000e0000"), capturedUDP[8:]...), elsewhere, nil},
	} {
		var h udpHeader
		if _, err := h.parse(test.b, peerIP, test.dst); err != test.want {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// RFC 768: "If the computed checksum is zero, it is transmitted as all ones." Two bytes of data
// are chosen so that it is, and the receiver finds it right (RFC 1122 4.1.3.4: "zero and 65535
// are equivalent in 1's complement arithmetic").
func TestUDPChecksumZero(t *testing.T) {
	h := udpHeader{srcPort: 40111, dstPort: 7}
	b := make([]byte, udpHeaderLen+2)
	h.put(b, peerIP, ourIP)
	copy(b[8:], b[6:8]) // what was missing to ffff is the data now
	h.put(b, peerIP, ourIP)
	if !bytes.Equal(b[6:8], []byte{0xff, 0xff}) {
		t.Errorf("checksum % x, want ff ff", b[6:8])
	}
	if _, err := h.parse(b, peerIP, ourIP); err != nil {
		t.Error(err)
	}
}

// compareUDP holds our parser against gopacket's, and put against gopacket's serializer.
func compareUDP(t *testing.T, b []byte, src, dst netip.Addr) {
	t.Helper()
	var h udpHeader
	data, err := h.parse(b, src, dst)
	if err != nil {
		return
	}
	ip := &layers.IPv4{Version: 4, Protocol: layers.IPProtocolUDP, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	var udp layers.UDP
	if err := udp.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		t.Fatalf("gopacket refuses what we take, % x: %v", b, err)
	}
	if h.srcPort != uint16(udp.SrcPort) || h.dstPort != uint16(udp.DstPort) || h.length != int(udp.Length) || !bytes.Equal(data, udp.Payload) {
		t.Fatalf("% x\n   ours %+v\ngopacket %+v", b, h, udp)
	}
	again := append(make([]byte, udpHeaderLen), data...)
	h.put(again, src, dst)
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	if want := serialize(&udp, gopacket.Payload(data)); !bytes.Equal(again, want) {
		t.Fatalf("put wrote % x\n gopacket has % x", again, want)
	}
}

// randomUDP is random data with a header that is right, often with bytes behind it.
func randomUDP(random *rand.Rand, src, dst netip.Addr) []byte {
	b := randomBytes(random, udpHeaderLen+random.IntN(100))
	h := udpHeader{srcPort: uint16(random.Uint32()), dstPort: uint16(random.Uint32())}
	h.put(b, src, dst)
	if random.IntN(4) == 0 {
		b[6], b[7] = 0, 0
	}
	return slices.Concat(b, randomBytes(random, random.IntN(4)))
}

func TestUDPAgainstGopacket(t *testing.T) {
	compareUDP(t, capturedUDP, peerIP, ourIP)
	random := rand.New(rand.NewPCG(7, 7))
	for range 10_000 {
		src, dst := netip.AddrFrom4([4]byte(randomBytes(random, 4))), netip.AddrFrom4([4]byte(randomBytes(random, 4)))
		b := randomUDP(random, src, dst)
		var h udpHeader
		if _, err := h.parse(b, src, dst); err != nil {
			t.Fatalf("% x: %v", b, err)
		}
		compareUDP(t, b, src, dst)
	}
}

// The pseudo-header, written out, and RFC 1071's loop over it.
func TestTransportChecksum(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	for n := range 1000 {
		b := randomBytes(random, n%200)
		src, dst := netip.AddrFrom4([4]byte(randomBytes(random, 4))), netip.AddrFrom4([4]byte(randomBytes(random, 4)))
		protocol := byte(random.Uint32())
		pseudo := slices.Concat(src.AsSlice(), dst.AsSlice(), []byte{0, protocol}, binary.BigEndian.AppendUint16(nil, uint16(len(b))))
		if got, want := transportChecksum(protocol, src, dst, b), suite.Checksum(append(pseudo, b...)); got != want {
			t.Fatalf("of % x and % x: %04x, want %04x", pseudo, b, got, want)
		}
	}
}

func FuzzParseUDP(f *testing.F) {
	f.Add(capturedUDP, true)
	random := rand.New(rand.NewPCG(9, 9))
	for i := range 20 {
		f.Add(randomUDP(random, peerIP, ourIP), i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, b []byte, fix bool) {
		if len(b) > 2000 {
			return
		}
		if fix && len(b) >= udpHeaderLen { // a length and a checksum that are right, as random ones nearly never are
			b = bytes.Clone(b)
			length := max(udpHeaderLen, min(len(b), int(binary.BigEndian.Uint16(b[4:]))))
			var h udpHeader
			_ = h.parseHeader(b)
			h.put(b[:length], peerIP, ourIP)
		}
		compareUDP(t, b, peerIP, ourIP)
	})
}

// udpBytes builds a UDP datagram from src to dst with gopacket.
func udpBytes(src, dst netip.AddrPort, data []byte) []byte {
	udp := &layers.UDP{SrcPort: layers.UDPPort(src.Port()), DstPort: layers.UDPPort(dst.Port())}
	ip := &layers.IPv4{SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice(), Protocol: layers.IPProtocolUDP}
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		panic(err)
	}
	return serialize(udp, gopacket.Payload(data))
}

func init() {
	from := netip.AddrPortFrom(peerIP, 40111)
	for n := range 3 {
		tcpdumpFrames = append(tcpdumpFrames, udpFrame(from, netip.AddrPortFrom(ourIP, 7), pattern(n)))
	}
	quote := udpFrame(netip.AddrPortFrom(ourIP, 7), from, pattern(20))[etherHeaderLen:]
	tcpdumpFrames = append(tcpdumpFrames, ipv4Frame(ipv4From(peerIP, protocolICMP), icmpBytes(3, 3, 0, 0, quote)))
}

// What cannot be read as UDP is described all the same, and so are fragments.
func TestDescribeUDP(t *testing.T) {
	from, to := netip.AddrPortFrom(peerIP, 40111), netip.AddrPortFrom(ourIP, 7)
	whole := udpBytes(from, to, pattern(2000))
	spoilt := bytes.Clone(capturedUDP)
	spoilt[8] ^= 1
	first := ipv4From(peerIP, protocolUDP)
	first.Flags = layers.IPv4MoreFragments
	later := ipv4From(peerIP, protocolUDP)
	later.FragOffset = 1480 / 8
	for _, test := range []struct {
		ip      *layers.IPv4
		payload []byte
		want    string
	}{
		{ipv4From(peerIP, protocolUDP), capturedUDP, "IP 10.0.0.1.40111 > 10.0.0.4.7: UDP, length 6"},
		{ipv4From(peerIP, protocolUDP), spoilt, fmt.Sprintf("IP 10.0.0.1.40111 > 10.0.0.4.7: UDP, length 6 [%v]", errUDPChecksum)},
		{ipv4From(peerIP, protocolUDP), capturedUDP[:7], fmt.Sprintf("IP 10.0.0.1 > 10.0.0.4: [%v], length 7", errUDPShort)},
		{first, whole[:1480], "IP 10.0.0.1.40111 > 10.0.0.4.7: [fragment id 1, offset 0+] UDP, length 2000"},
		{later, whole[1480:], "IP 10.0.0.1 > 10.0.0.4: [fragment id 1, offset 1480] ip-proto-17 528"},
	} {
		if got := Describe(ipv4Frame(test.ip, test.payload)); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

// The datagram of TestParseUDPCaptured, byte by byte; and what is wrong with others.
func TestFieldsUDP(t *testing.T) {
	whole := ipv4Frame(ipv4From(peerIP, protocolUDP), capturedUDP)
	lines := fieldLines(t, append(whole, 0))
	want := "34+2 | UDP | Source Port | 40111\n36+2 | UDP | Destination Port | 7\n38+2 | UDP | Length | 14 | of header and data, in bytes\n" +
		"40+2 | UDP | Checksum | 0x0b3b\n42+6 | UDP | Data | 6 bytes\n48+1 | Ethernet | padding | 1 bytes\n"
	if !strings.HasSuffix(lines, want) {
		t.Errorf("got\n%swant behind it\n%s", lines, want)
	}
	for payload, want := range map[string]string{
		"9caf00":                    "34+3 | UDP | datagram | 3 bytes |  | " + errUDPShort.Error(),
		"9caf0007 00070000":         "38+2 | UDP | Length | 7 | of header and data, in bytes | " + errUDPLength.Error(),
		"9caf0007 00090000":         "38+2 | UDP | Length | 9 | of header and data, in bytes | " + errUDPTruncated.Error(),
		"9caf0007 0009000000":       "40+2 | UDP | Checksum | 0x0000",
		"9caf0007 0009123400":       "40+2 | UDP | Checksum | 0x1234 |  | " + errUDPChecksum.Error(),
		"9caf0007 0009000000ffffff": "43+3 | UDP | surplus | 3 bytes | behind the length, so it is no data",
	} {
		if lines := fieldLines(t, ipv4Frame(ipv4From(peerIP, protocolUDP), unhex(payload))); !strings.Contains(lines, "\n"+want+"\n") {
			t.Errorf("%s:\n%swant in it\n%s", payload, lines, want)
		}
	}
	quote := ipv4Frame(ipv4From(peerIP, protocolICMP), icmpBytes(3, 3, 0, 0, whole[etherHeaderLen:][:28]))
	if lines := fieldLines(t, quote); !strings.HasSuffix(lines, "62+2 | quoted UDP | Source Port | 40111\n64+2 | quoted UDP | Destination Port | 7\n"+
		"66+2 | quoted UDP | Length | 14 | of header and data, in bytes\n68+2 | quoted UDP | Checksum | 0x0b3b\n") {
		t.Errorf("quoted:\n%s", lines)
	}
}
