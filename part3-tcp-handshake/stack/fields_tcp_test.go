package stack

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"framebyframe/shared/suite"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// The kernel's SYN, frame 4 of testdata/handshake.cap, which docs/3-tcp-handshake.md takes apart by
// hand.
func TestFieldsSYN(t *testing.T) {
	syn := unhex("02000000000402000a0000010800 4500003c32e9400040060000 0a0000010a000004" +
		"9c5a 0050 3d15879c 00000000 a0 02 faf0 a158 0000 020405b4 0402 080a6ad7cb7b00000000 01 03030a")
	lines := fieldLines(t, syn)
	want := strings.TrimLeft(`
23+1 | IPv4 | Protocol | 6 | TCP
`, "\n")
	rest := strings.TrimLeft(`
34+2 | TCP | Source Port | 40026
36+2 | TCP | Destination Port | 80
38+4 | TCP | Sequence Number | 1024821148
42+4 | TCP | Acknowledgment Number | 0
46.0+4 bits | TCP | Data Offset | 10 | a header of 40 bytes
46.4+4 bits | TCP | Rsrvd | 0
47+1 | TCP | Control Bits | 0x02 | SYN
48+2 | TCP | Window | 64240
50+2 | TCP | Checksum | 0xa158
52+2 | TCP | Urgent Pointer | 0
54+4 | TCP | Maximum Segment Size | 1460 | kind 2, 4 bytes
58+2 | TCP | SACK-Permitted |  | kind 4, 2 bytes
60+10 | TCP | Timestamps | TSval 1792527227, TSecr 0 | kind 8, 10 bytes
70+1 | TCP | No-Operation |  | kind 1, 1 byte
71+3 | TCP | Window Scale | 10 | kind 3, 3 bytes
`, "\n")
	if !strings.Contains(lines, want) || !strings.HasSuffix(lines, rest) {
		t.Errorf("got\n%swant in it\n%sand at its end\n%s", lines, want, rest)
	}
}

// segmentIn returns a frame with a segment in it, whose bytes are given.
func segmentIn(segment string) []byte {
	b := unhex(segment)
	h := ipv4Header{ttl: 64, protocol: protocolTCP, src: peerIP, dst: ourIP}
	frame := slices.Concat(unhex("02000000000402000a0000010800"), make([]byte, ipv4MinHeaderLen), b)
	h.put(frame[etherHeaderLen:], len(b))
	return frame
}

func TestFieldsTCPWrong(t *testing.T) {
	for segment, want := range map[string]string{
		"": "30+4 | IPv4 | Destination Address | 10.0.0.4 |  | " + errTCPShort.Error(),
		"9c5a0050 3d15879c 00000000 5002faf0 000000":                              "34+19 | TCP | segment | 19 bytes |  | " + errTCPShort.Error(),
		"9c5a0050 3d15879c 00000000 4002faf0 00000000":                            "46.0+4 bits | TCP | Data Offset | 4 | a header of 16 bytes | " + errTCPOffset.Error(),
		"9c5a0050 3d15879c 00000000 6002faf0 00000000":                            "46.0+4 bits | TCP | Data Offset | 6 | a header of 24 bytes | " + errTCPHeader.Error(),
		"9c5a0050 3d15879c 00000000 5002faf0 00010000":                            "50+2 | TCP | Checksum | 0x0001 |  | " + errTCPChecksum.Error(),
		"9c5a0050 3d15879c 00000000 6002faf0 00010000 02000000":                   "54+4 | TCP | Options |  | malformed: not read",
		"9c5a0050 3d15879c 00000000 6002faf0 00010000 00070707 6869":              "54+1 | TCP | End of Option List |  | kind 0, 1 byte\n55+3 | TCP | Padding\n58+2 | TCP | Data | 2 bytes",
		"9c5a0050 3d15879c 00000000 8010faf0 00010000 0101050a 000003e9 000007d1": "56+10 | TCP | SACK | {1001:2001} | kind 5, 10 bytes",
	} {
		if lines := fieldLines(t, segmentIn(segment)); !strings.Contains("\n"+lines, "\n"+want+"\n") {
			t.Errorf("%s:\n%swant in it\n%s", segment, lines, want)
		}
	}
}

// An ICMP error quotes eight bytes of a segment, or more: what there is of it is told.
func TestFieldsQuotedTCP(t *testing.T) {
	quoted := segmentIn("9c5a0050 3d15879c 00000000 5002faf0 00000000")[etherHeaderLen:]
	for n, want := range map[int]string{
		28: "66+4 | quoted TCP | Sequence Number | 1024821148\n",
		30: "70+2 | quoted TCP | Acknowledgment Number |  | the rest is missing\n",
		40: "80+2 | quoted TCP | Urgent Pointer | 0\n",
	} {
		m := icmpMessage{typ: icmpUnreachable, code: codePortUnreachable}
		message := slices.Concat(make([]byte, icmpHeaderLen), quoted[:n])
		m.put(message)
		h := ipv4Header{ttl: 64, protocol: protocolICMP, src: peerIP, dst: ourIP}
		frame := slices.Concat(unhex("02000000000402000a0000010800"), make([]byte, ipv4MinHeaderLen), message)
		h.put(frame[etherHeaderLen:], len(message))
		if lines := fieldLines(t, frame); !strings.HasSuffix(lines, want) {
			t.Errorf("%d bytes of a datagram quoted:\n%swant at its end\n%s", n, lines, want)
		}
	}
}

// compareFieldsTCP holds the values against what gopacket reads.
func compareFieldsTCP(t *testing.T, frame []byte) {
	t.Helper()
	fields := checkFields(t, frame)
	var eth layers.Ethernet
	var ip layers.IPv4
	var tcp layers.TCP
	if eth.DecodeFromBytes(frame, gopacket.NilDecodeFeedback) != nil || eth.EthernetType != layers.EthernetTypeIPv4 ||
		ip.DecodeFromBytes(eth.Payload, gopacket.NilDecodeFeedback) != nil || ip.Version != 4 || int(ip.Length) > len(eth.Payload) ||
		ip.Protocol != layers.IPProtocolTCP || ip.FragOffset > 0 || frame[16]|frame[17] == 0 || // gopacket takes 0 for unknown
		tcp.DecodeFromBytes(ip.Payload, gopacket.NilDecodeFeedback) != nil {
		return
	}
	flags := tcp.Contents[13]
	for name, want := range map[string]any{
		"Source Port": uint16(tcp.SrcPort), "Destination Port": uint16(tcp.DstPort), "Sequence Number": tcp.Seq, "Acknowledgment Number": tcp.Ack,
		"Data Offset": tcp.DataOffset, "Control Bits": fmt.Sprintf("0x%02x", flags), "Window": tcp.Window,
		"Checksum": fmt.Sprintf("0x%04x", tcp.Checksum), "Urgent Pointer": tcp.Urgent,
	} {
		if got := fieldValue(fields, "TCP", name); got != fmt.Sprint(want) {
			t.Fatalf("%s is %s, to gopacket %v: % x", name, got, want, frame)
		}
	}
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == "Urgent Pointer" }) + 1
	for _, o := range tcp.Options {
		if f := fields[i]; f.Length != int(max(1, o.OptionLength)) || frame[f.Offset] != byte(o.OptionType) {
			t.Fatalf("field %+v, to gopacket %v: % x", f, o, frame)
		}
		i++
	}
}

func TestFieldsTCPAgainstGopacket(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, frame := range suite.CapturedFrames(t) {
		compareFieldsTCP(t, frame)
		for range 50 {
			changed := slices.Clone(frame)
			for range 1 + random.IntN(3) {
				changed[random.IntN(min(80, len(changed)))] = byte(random.Uint32())
			}
			compareFieldsTCP(t, changed)
			compareFieldsTCP(t, changed[:random.IntN(len(changed)+1)])
		}
	}
}

func FuzzFieldsTCP(f *testing.F) {
	for _, frame := range suite.CapturedFrames(f) {
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) { compareFieldsTCP(t, frame) })
}
