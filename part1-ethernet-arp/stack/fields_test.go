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

// The frames that ethernet_test.go takes apart by hand.
func TestFieldsCaptured(t *testing.T) {
	wantFields(t, capturedRequest, `
0+6 | Ethernet | Destination MAC | ff:ff:ff:ff:ff:ff | all cards
6+6 | Ethernet | Source MAC | 02:00:0a:00:00:01
12+2 | Ethernet | EtherType | 0x0806 | ARP
14+2 | ARP | hrd | 1 | hardware type
16+2 | ARP | pro | 0x0800 | protocol type: an EtherType
18+1 | ARP | hln | 6 | bytes of a hardware address
19+1 | ARP | pln | 4 | bytes of a protocol address
20+2 | ARP | op | 1 | request
22+6 | ARP | sha | 02:00:0a:00:00:01 | sender hardware address
28+4 | ARP | spa | 10.0.0.1 | sender protocol address
32+6 | ARP | tha | 00:00:00:00:00:00 | target hardware address
38+4 | ARP | tpa | 10.0.0.4 | target protocol address
`)
	if lines := fieldLines(t, capturedArping); !strings.HasSuffix(lines, "\n42+16 | Ethernet | padding | 16 bytes\n") {
		t.Errorf("a frame with 16 bytes of padding:\n%s", lines)
	}
	lines := fieldLines(t, snapRequest)
	want := strings.TrimLeft(`
12+2 | Ethernet | Length | 36 | of what follows, in bytes, without padding
14+1 | LLC | DSAP | 0xaa | to whoever speaks SNAP
15+1 | LLC | SSAP | 0xaa | from such a one
16+1 | LLC | Control | 0x03 | unnumbered information
17+3 | SNAP | Org Code | 0x000000 | the number behind it is an EtherType
20+2 | SNAP | EtherType | 0x0806 | ARP
22+2 | ARP | hrd | 6 | hardware type
`, "\n")
	if !strings.Contains(lines, want) || !strings.HasSuffix(lines, "\n50+10 | Ethernet | padding | 10 bytes\n") {
		t.Errorf("a frame as RFC 1042 has it:\n%swant in it\n%s", lines, want)
	}
}

// What is wrong stands where it is.
func TestFieldsWrong(t *testing.T) {
	for frame, want := range map[string]string{
		"02000000000402000a00000108":                                     "0+13 | Ethernet | frame | 13 bytes |  | " + errRunt.Error(),
		"020000000004 02000a000001 0806":                                 "12+2 | Ethernet | EtherType | 0x0806 | ARP | " + errARPShort.Error(),
		"020000000004 02000a000001 0806 0001":                            "14+2 | ARP | packet | 2 bytes |  | " + errARPShort.Error(),
		"020000000004 02000a000001 8100 0001 0806":                       "12+2 | Ethernet | EtherType | 0x8100 | VLAN tag | " + errVLAN.Error(),
		"020000000004 02000a000001 0020 aaaa03 000000 0806":              "12+2 | Ethernet | Length | 32 | of what follows, in bytes, without padding | " + errLengthCut.Error(),
		"020000000004 02000a000001 0003 424203 00":                       "14+3 | LLC | payload | 3 bytes |  | " + errLengthFrame.Error(),
		"020000000004 02000a000001 0000 00":                              "12+2 | Ethernet | Length | 0 | of what follows, in bytes, without padding | " + errLengthFrame.Error(),
		"020000000004 02000a000001 88b5 0102":                            "14+2 | Ethernet | payload | 2 bytes",
		"020000000004 02000a000001 0806 0002" + strings.Repeat("00", 26): "14+2 | ARP | hrd | 2 | hardware type | " + errARPHardware.Error(),
	} {
		if lines := fieldLines(t, unhex(frame)); !strings.Contains("\n"+lines, "\n"+want+"\n") {
			t.Errorf("%s:\n%swant in it\n%s", frame, lines, want)
		}
	}
}

// compareFieldsARP holds the values against what gopacket reads.
func compareFieldsARP(t *testing.T, frame []byte) {
	t.Helper()
	fields := checkFields(t, frame)
	var eth layers.Ethernet
	if eth.DecodeFromBytes(frame, gopacket.NilDecodeFeedback) != nil || eth.EthernetType != layers.EthernetTypeARP ||
		len(eth.Payload) < arpLen || eth.Payload[4] != 6 || eth.Payload[5] != 4 { // of which gopacket would panic
		return
	}
	var arp layers.ARP
	if err := arp.DecodeFromBytes(eth.Payload, gopacket.NilDecodeFeedback); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"hrd": uint16(arp.AddrType) | uint16(arp.Contents[0])<<8, // of which gopacket keeps 8 bits
		"pro": fmt.Sprintf("0x%04x", uint16(arp.Protocol)), "hln": arp.HwAddressSize, "pln": arp.ProtAddressSize,
		"op": arp.Operation, "sha": MAC(arp.SourceHwAddress), "spa": ipOf(arp.SourceProtAddress), "tha": MAC(arp.DstHwAddress), "tpa": ipOf(arp.DstProtAddress),
	} {
		if got := fieldValue(fields, "ARP", name); got != fmt.Sprint(want) {
			t.Fatalf("%s is %s, to gopacket %v: % x", name, got, want, frame)
		}
	}
	for name, want := range map[string]any{"Destination MAC": MAC(eth.DstMAC), "Source MAC": MAC(eth.SrcMAC)} {
		if got := fieldValue(fields, "Ethernet", name); got != fmt.Sprint(want) {
			t.Fatalf("%s is %s, to gopacket %v: % x", name, got, want, frame)
		}
	}
}

func ipOf(b []byte) string { return fmt.Sprintf("%d.%d.%d.%d", b[0], b[1], b[2], b[3]) }

func TestFieldsAgainstGopacket(t *testing.T) {
	for _, frame := range suite.CapturedFrames(t) {
		compareFieldsARP(t, frame)
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		frame := slices.Concat(capturedRequest, randomBytes(random, random.IntN(20)))
		for range random.IntN(4) {
			frame[random.IntN(len(frame))] = byte(random.Uint32())
		}
		compareFieldsARP(t, frame[:random.IntN(len(frame)+1)])
		compareFieldsARP(t, frame)
	}
}

func FuzzFields(f *testing.F) {
	for _, frame := range append(suite.CapturedFrames(f), capturedRequest[:20], capturedRequest[:13], snapRequest[:21]) {
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) { compareFieldsARP(t, frame) })
}
