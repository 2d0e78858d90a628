package stack

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"framebyframe/shared/suite"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// Captured on a TAP from Linux 6.18, when a ping made it look for 10.0.0.4:
//
//	ffffffffffff           to everybody
//	02000a000001           from the kernel's end of the cable
//	0806                   ARP
//	0001 0800 06 04        hardware Ethernet, protocol IPv4, addresses of 6 and 4 bytes
//	0001                   request
//	02000a000001 0a000001  the sender, 02:00:0a:00:00:01, has 10.0.0.1
//	000000000000 0a000004  who has 10.0.0.4?
var capturedRequest = unhex("ffffffffffff 02000a000001 0806" +
	"0001 0800 06 04 0001 02000a000001 0a000001 000000000000 0a000004")

// Captured there, too: the kernel answers our question about 10.0.0.1.
//
//	020000000004           to us alone
//	02000a000001           from the kernel
//	0806                   ARP
//	0001 0800 06 04        as above
//	0002                   reply
//	02000a000001 0a000001  the sender, 02:00:0a:00:00:01, has 10.0.0.1
//	020000000004 0a000004  this is for 10.0.0.4, which has 02:00:00:00:00:04
var capturedReply = unhex("020000000004 02000a000001 0806" +
	"0001 0800 06 04 0002 02000a000001 0a000001 020000000004 0a000004")

// Captured there, too: the same question as the first, asked by arping, which
// pads its frames with 16 bytes.
var capturedArping = append(bytes.Clone(capturedRequest), make([]byte, 16)...)

// The question as a host asks it that keeps to RFC 1042; testdata/snap-asks.cap has it, too.
//
//	ffffffffffff 02000a000001  as above
//	0024                   no type: a length, of 36 bytes from here
//	aaaa 03                LLC: SNAP, unnumbered information
//	000000 0806            SNAP: an EtherType, ARP
//	0006                   hardware IEEE 802; the rest of the question is as above
//	00000000000000000000   10 bytes of padding, as the shortest frame has 60
var snapRequest = unhex("ffffffffffff 02000a000001 0024 aaaa03 000000 0806" +
	"0006 0800 06 04 0001 02000a000001 0a000001 000000000000 0a000004" + "00000000000000000000")

// An RFC 1042 frame is read like an Ethernet II frame, but for its padding, which the length
// cuts off (RFC 1122 2.3.3).
func TestParseEtherSNAP(t *testing.T) {
	h, payload, err := parseEther(snapRequest)
	want := etherHeader{dst: broadcastMAC, src: MAC{0x02, 0, 0x0a, 0, 0, 0x01}, etherType: 0x0806}
	if h != want || err != nil || !bytes.Equal(payload, snapRequest[22:22+arpLen]) {
		t.Errorf("got %+v, % x, %v; want %+v", h, payload, err, want)
	}
	if !slices.ContainsFunc(suite.CapturedFrames(t), func(f []byte) bool { return bytes.Equal(f, snapRequest) }) {
		t.Error("no capture in testdata has it")
	}
}

func TestParseEtherCaptured(t *testing.T) {
	h, payload, err := parseEther(capturedRequest)
	want := etherHeader{dst: broadcastMAC, src: MAC{0x02, 0, 0x0a, 0, 0, 0x01}, etherType: 0x0806}
	if h != want || err != nil {
		t.Errorf("got %+v, %v; want %+v", h, err, want)
	}
	if !bytes.Equal(payload, capturedRequest[14:]) {
		t.Errorf("payload % x", payload)
	}
	// Written back, it is the same 14 bytes.
	b := make([]byte, etherHeaderLen)
	h.put(b)
	if !bytes.Equal(b, capturedRequest[:14]) {
		t.Errorf("put wrote % x", b)
	}
}

func TestParseEtherRefuses(t *testing.T) {
	for _, test := range []struct {
		frame string
		want  error
	}{
		{"", errRunt},
		{"02000000000402000a00000108", errRunt}, // 13 bytes
		{"020000000004 02000a000001 0000", errLengthFrame},
		{"020000000004 02000a000001 0003 424203 00", errLengthFrame},           // LLC, a spanning tree's
		{"020000000004 02000a000001 0007 aaaa03 000000 08 06", errLengthFrame}, // SNAP's header ends too soon
		{"020000000004 02000a000001 0008 aaaa03 00000c 2000", errLengthFrame},  // a number of Cisco's, no EtherType
		{"020000000004 02000a000001 0008 aaaaf3 000000 0806", errLengthFrame},  // LLC's XID
		{"020000000004 02000a000001 0008 aaaa03 000000 0806", nil},             // as short as can be
		{"020000000004 02000a000001 0008 aaaa03 000000 0806 000000", nil},      // with padding
		{"020000000004 02000a000001 0009 aaaa03 000000 0806", errLengthCut},    // a byte is missing
		{"020000000004 02000a000001 05ff aaaa03 000000 0806", errLengthCut},    // the last value that is no type
		{"020000000004 02000a000001 0600", nil},                                // the first that is one
		{"020000000004 02000a000001 8100 0001 0806", errVLAN},
	} {
		if _, _, err := parseEther(unhex(test.frame)); err != test.want {
			t.Errorf("%s: %v, want %v", test.frame, err, test.want)
		}
	}
}

// compareEther holds our parser against gopacket's, field by field.
func compareEther(t *testing.T, frame []byte) {
	t.Helper()
	h, payload, err := parseEther(frame)
	var eth layers.Ethernet
	if theirs := eth.DecodeFromBytes(frame, gopacket.NilDecodeFeedback); theirs != nil {
		if err == nil {
			t.Fatalf("gopacket refuses what we take, % x: %v", frame, theirs)
		}
		return
	}
	if eth.EthernetType == layers.EthernetTypeLLC && int(eth.Length) <= len(frame)-etherHeaderLen {
		compareSNAP(t, h, payload, err, &eth)
		return
	}
	if err != nil {
		return // gopacket shows what there is of a frame that was cut, and more tags than we know
	}
	if !bytes.Equal(h.dst[:], eth.DstMAC) || !bytes.Equal(h.src[:], eth.SrcMAC) ||
		h.etherType != uint16(eth.EthernetType) || !bytes.Equal(payload, eth.Payload) {
		t.Fatalf("% x\n   ours %+v\ngopacket %+v", frame, h, eth)
	}
	b := make([]byte, etherHeaderLen)
	h.put(b)
	if !bytes.Equal(b, frame[:etherHeaderLen]) {
		t.Fatalf("put wrote % x for % x", b, frame)
	}
}

// compareSNAP does so for what we made of a frame with a length: we take it exactly if
// gopacket finds RFC 1042's headers in it.
func compareSNAP(t *testing.T, h etherHeader, payload []byte, err error, eth *layers.Ethernet) {
	t.Helper()
	var llc layers.LLC
	var snap layers.SNAP
	is1042 := llc.DecodeFromBytes(eth.Payload, gopacket.NilDecodeFeedback) == nil &&
		llc.DSAP == 0xaa && !llc.IG && llc.SSAP == 0xaa && !llc.CR && llc.Control == 3 &&
		snap.DecodeFromBytes(llc.Payload, gopacket.NilDecodeFeedback) == nil &&
		bytes.Equal(snap.OrganizationalCode, []byte{0, 0, 0})
	switch {
	case is1042 != (err == nil):
		t.Fatalf("% x: %v, but to gopacket it is %+v, %+v", eth.Contents, err, llc, snap)
	case is1042 && (h.dst != MAC(eth.DstMAC) || h.src != MAC(eth.SrcMAC) ||
		h.etherType != uint16(snap.Type) || !bytes.Equal(payload, snap.Payload)):
		t.Fatalf("% x\n   ours %+v % x\ngopacket %+v % x", eth.Contents, h, payload, snap, snap.Payload)
	}
}

func TestParseEtherAgainstGopacket(t *testing.T) {
	for _, frame := range [][]byte{capturedRequest, capturedReply, capturedArping, suite.CapturedIPv4, snapRequest} {
		compareEther(t, frame)
	}
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 10_000 {
		frame := randomBytes(random, 14+random.IntN(64))
		switch i % 8 { // what chance alone would hardly ever make
		case 0:
			frame[12], frame[13] = 0, byte(random.IntN(64))
			copy(frame[14:], snapHeader)
		case 1:
			copy(frame[12:], snapRequest[12:22])
			frame[random.IntN(len(frame))]++
		}
		compareEther(t, frame)
	}
}

func FuzzParseEther(f *testing.F) {
	f.Add(capturedRequest)
	f.Add(capturedArping)
	f.Add(suite.CapturedIPv4)
	f.Add(snapRequest)
	f.Add(capturedRequest[:13])
	for _, frame := range suite.CapturedFrames(f) {
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) { compareEther(t, frame) })
}

func TestMACText(t *testing.T) {
	for _, good := range []string{"02:00:00:00:00:04", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"} {
		mac, err := ParseMAC(good)
		if err != nil || mac.String() != good {
			t.Errorf("ParseMAC(%q) = %v, %v", good, mac, err)
		}
	}
	for _, bad := range []string{"", "02:00:00:00:00", "02:00:00:00:00:00:00:04", "02:00:00:00:00:0g", "10.0.0.4"} {
		if mac, err := ParseMAC(bad); err == nil {
			t.Errorf("ParseMAC(%q) = %v, want an error", bad, mac)
		}
	}
}

// IEEE 802-2014 8.2.2: the first bit on the cable, the lowest of the first byte.
func TestMACGroup(t *testing.T) {
	for text, want := range map[string]bool{
		"02:00:00:00:00:04": false, "01:00:5e:00:00:01": true, "33:33:00:00:00:01": true,
		"ff:ff:ff:ff:ff:ff": true, "fe:ff:ff:ff:ff:ff": false,
	} {
		mac, _ := ParseMAC(text)
		if mac.isGroup() != want {
			t.Errorf("%v.isGroup() = %v", mac, !want)
		}
	}
}
