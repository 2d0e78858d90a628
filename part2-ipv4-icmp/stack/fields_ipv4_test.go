package stack

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"framebyframe/shared/suite"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// withEther puts an Ethernet header in front of a datagram.
func withEther(datagram []byte) []byte {
	return slices.Concat(unhex("020000000004 02000a000001 0800"), datagram)
}

// The kernel's echo request, frame 4 of testdata/ping.cap, which docs/2-ipv4-icmp.md takes apart
// by hand.
func TestFieldsEcho(t *testing.T) {
	echo := unhex("4500 0054 813a 4000 4001 a56a 0a000001 0a000004" +
		"0800 6923 0012 0001 0876046b00000000 c215010000000000 1011121314151617" +
		"18191a1b1c1d1e1f 2021222324252627 28292a2b2c2d2e2f 3031323334353637")
	wantFields(t, append(withEther(echo), 0, 0), `
0+6 | Ethernet | Destination MAC | 02:00:00:00:00:04
6+6 | Ethernet | Source MAC | 02:00:0a:00:00:01
12+2 | Ethernet | EtherType | 0x0800 | IPv4
14.0+4 bits | IPv4 | Version | 4
14.4+4 bits | IPv4 | IHL | 5 | a header of 20 bytes
15.0+6 bits | IPv4 | DSCP | 0
15.6+2 bits | IPv4 | ECN | 0
16+2 | IPv4 | Total Length | 84 | of the datagram, in bytes
18+2 | IPv4 | Identification | 33082
20.0+3 bits | IPv4 | Flags | 2 | DF
20.3+13 bits | IPv4 | Fragment Offset | 0 | byte 0 of the payload
22+1 | IPv4 | Time to Live | 64
23+1 | IPv4 | Protocol | 1 | ICMP
24+2 | IPv4 | Header Checksum | 0xa56a
26+4 | IPv4 | Source Address | 10.0.0.1
30+4 | IPv4 | Destination Address | 10.0.0.4
34+1 | ICMP | Type | 8 | echo request
35+1 | ICMP | Code | 0
36+2 | ICMP | Checksum | 0x6923
38+2 | ICMP | Identifier | 18
40+2 | ICMP | Sequence Number | 1
42+56 | ICMP | Data | 56 bytes
98+2 | Ethernet | padding | 2 bytes
`)
}

// An error, and the datagram that it quotes: frame 7 of testdata/unreachable.cap.
func TestFieldsQuote(t *testing.T) {
	unreachable := unhex("4500 0030 0000 0000 4001 66bb 0a000004 0a000001" +
		"0302 fcfd 00000000 4500 0014 a2dd 0000 2d63 d6a5 0a000001 0a000004")
	binary.BigEndian.PutUint16(unreachable[10:], 0)
	binary.BigEndian.PutUint16(unreachable[10:], checksum(unreachable[:20]))
	lines := fieldLines(t, withEther(unreachable))
	want := strings.TrimLeft(`
34+1 | ICMP | Type | 3 | destination unreachable
35+1 | ICMP | Code | 2 | destination protocol unreachable
36+2 | ICMP | Checksum | 0xfcfd
38+2 | ICMP | unused | 0x0000
40+2 | ICMP | Next-Hop MTU | 0
42.0+4 bits | quoted IPv4 | Version | 4
42.4+4 bits | quoted IPv4 | IHL | 5 | a header of 20 bytes
`, "\n")
	if !strings.Contains(lines, want) || !strings.Contains(lines, "\n51+1 | quoted IPv4 | Protocol | 99\n") {
		t.Errorf("got\n%swant in it\n%s", lines, want)
	}
}

// A fragment, and the options: of record route the addresses.
func TestFieldsFragmentAndOptions(t *testing.T) {
	lines := fieldLines(t, withEther(unhex("4500 001c 815c 20b9 4001 0000 0a000001 0a000004 c0c1c2c3c4c5c6c7")))
	for _, want := range []string{
		"20.0+3 bits | IPv4 | Flags | 1 | MF\n20.3+13 bits | IPv4 | Fragment Offset | 185 | byte 1480 of the payload\n",
		"24+2 | IPv4 | Header Checksum | 0x0000 |  | " + errIPv4Checksum.Error() + "\n",
		"34+8 | IPv4 | payload | 8 bytes\n",
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("got\n%swant in it\n%s", lines, want)
		}
	}
	lines = fieldLines(t, withEther(unhex("4900 0024 0000 4000 4063 0000 0a000001 0a000004 01 070b08 0a000001 00000000 94040000 ")))
	want := "34+1 | IPv4 | No Operation\n35+11 | IPv4 | Record Route | pointer 8: 10.0.0.1 0.0.0.0\n46+4 | IPv4 | Option 148 | 4 bytes\n"
	if !strings.Contains(lines, want) {
		t.Errorf("got\n%swant in it\n%s", lines, want)
	}
}

func TestFieldsIPv4Wrong(t *testing.T) {
	for datagram, want := range map[string]string{
		"":       "12+2 | Ethernet | EtherType | 0x0800 | IPv4 | " + errIPv4Short.Error(),
		"450000": "14+3 | IPv4 | header | 3 bytes |  | " + errIPv4Short.Error(),
		"6500 0014 0000 0000 4001 0000 0a000001 0a000004":                  "14.0+4 bits | IPv4 | Version | 6 |  | " + errIPv4Version.Error(),
		"4400 0014 0000 0000 4001 0000 0a000001 0a000004":                  "14.4+4 bits | IPv4 | IHL | 4 | a header of 16 bytes | " + errIPv4IHL.Error(),
		"4600 0014 0000 0000 4001 0000 0a000001 0a000004":                  "14.4+4 bits | IPv4 | IHL | 6 | a header of 24 bytes | " + errIPv4Header.Error(),
		"4500 0013 0000 0000 4001 0000 0a000001 0a000004":                  "16+2 | IPv4 | Total Length | 19 | of the datagram, in bytes | " + errIPv4Length.Error(),
		"4500 0015 0000 0000 4001 0000 0a000001 0a000004":                  "16+2 | IPv4 | Total Length | 21 | of the datagram, in bytes | " + errIPv4Truncated.Error(),
		"4500 0018 0000 0000 4001 0000 0a000001 0a000004 0800":             "16+2 | IPv4 | Total Length | 24 | of the datagram, in bytes | " + errIPv4Truncated.Error(),
		"4500 0016 0000 0000 4001 0000 0a000001 0a000004 0800":             "34+2 | ICMP | message | 2 bytes |  | " + errICMPShort.Error(),
		"4600 0018 0000 0000 4001 0000 0a000001 0a000004 07050400":         "34+4 | IPv4 | Options |  |  | " + errIPv4Option.Error(),
		"4500 001c 0000 0000 4001 0000 0a000001 0a000004 0800000100":       "16+2 | IPv4 | Total Length | 28 | of the datagram, in bytes | " + errIPv4Truncated.Error(),
		"4500 001c 0000 0000 4001 0000 0a000001 0a000004 0800000100000000": "36+2 | ICMP | Checksum | 0x0001 |  | " + errICMPChecksum.Error(),
	} {
		if lines := fieldLines(t, withEther(unhex(datagram))); !strings.Contains("\n"+lines, "\n"+want+"\n") {
			t.Errorf("%s:\n%swant in it\n%s", datagram, lines, want)
		}
	}
}

// compareFieldsIPv4 holds the values against what gopacket reads.
func compareFieldsIPv4(t *testing.T, frame []byte) {
	t.Helper()
	fields := checkFields(t, frame)
	var eth layers.Ethernet
	var ip layers.IPv4
	if eth.DecodeFromBytes(frame, gopacket.NilDecodeFeedback) != nil || eth.EthernetType != layers.EthernetTypeIPv4 ||
		ip.DecodeFromBytes(eth.Payload, gopacket.NilDecodeFeedback) != nil || ip.Version != 4 || len(eth.Payload) < 4*int(ip.IHL) ||
		frame[16]|frame[17] == 0 { // a length of 0: gopacket takes that for unknown
		return
	}
	for name, want := range map[string]any{
		"IHL": ip.IHL, "DSCP": ip.TOS >> 2, "ECN": ip.TOS & 3, "Total Length": ip.Length, "Identification": ip.Id, "Flags": uint8(ip.Flags),
		"Fragment Offset": ip.FragOffset, "Time to Live": ip.TTL, "Protocol": uint8(ip.Protocol), "Header Checksum": fmt.Sprintf("0x%04x", ip.Checksum),
		"Source Address": ip.SrcIP, "Destination Address": ip.DstIP,
	} {
		if got := fieldValue(fields, "IPv4", name); got != fmt.Sprint(want) {
			t.Fatalf("%s is %s, to gopacket %v: % x", name, got, want, frame)
		}
	}
	var icmp layers.ICMPv4
	if ip.Protocol != layers.IPProtocolICMPv4 || ip.FragOffset > 0 || int(ip.Length) > len(eth.Payload) ||
		icmp.DecodeFromBytes(ip.Payload, gopacket.NilDecodeFeedback) != nil {
		return
	}
	wants := map[string]any{"Type": icmp.TypeCode.Type(), "Code": icmp.TypeCode.Code(), "Checksum": fmt.Sprintf("0x%04x", icmp.Checksum)}
	if icmp.TypeCode.Type() == layers.ICMPv4TypeEchoRequest || icmp.TypeCode.Type() == layers.ICMPv4TypeEchoReply {
		wants["Identifier"], wants["Sequence Number"] = icmp.Id, icmp.Seq
	}
	for name, want := range wants {
		if got := fieldValue(fields, "ICMP", name); got != fmt.Sprint(want) {
			t.Fatalf("%s is %s, to gopacket %v: % x", name, got, want, frame)
		}
	}
}

func TestFieldsIPv4AgainstGopacket(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, frame := range suite.CapturedFrames(t) {
		compareFieldsIPv4(t, frame)
		for range 200 {
			changed := slices.Clone(frame)
			for range 1 + random.IntN(3) {
				changed[random.IntN(min(80, len(changed)))] = byte(random.Uint32())
			}
			compareFieldsIPv4(t, changed)
			compareFieldsIPv4(t, changed[:random.IntN(len(changed)+1)])
		}
	}
}

func FuzzFieldsIPv4(f *testing.F) {
	for _, frame := range suite.CapturedFrames(f) {
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) { compareFieldsIPv4(t, frame) })
}
