package stack

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"

	"framebyframe/shared/suite"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

func TestParseARPCaptured(t *testing.T) {
	for _, test := range []struct {
		frame []byte
		want  arpPacket
	}{
		{capturedRequest, arpPacket{op: 1, sha: peerMAC, spa: peerIP, tha: MAC{}, tpa: ourIP}},
		{capturedReply, arpPacket{op: 2, sha: peerMAC, spa: peerIP, tha: ourMAC, tpa: ourIP}},
		{capturedArping, arpPacket{op: 1, sha: peerMAC, spa: peerIP, tha: MAC{}, tpa: ourIP}},
	} {
		p, err := parseARP(test.frame[etherHeaderLen:])
		if p != test.want || err != nil {
			t.Errorf("got %+v, %v; want %+v", p, err, test.want)
		}
		b := make([]byte, arpLen)
		p.put(b)
		if !bytes.Equal(b, test.frame[etherHeaderLen:][:arpLen]) {
			t.Errorf("put wrote % x", b)
		}
	}
}

func TestParseARPRefuses(t *testing.T) {
	good := capturedRequest[etherHeaderLen:]
	change := func(at int, value byte) []byte {
		b := bytes.Clone(good)
		b[at] = value
		return b
	}
	for _, test := range []struct {
		name string
		b    []byte
		want error
	}{
		{"whole", good, nil},
		{"empty", nil, errARPShort},
		{"27 bytes", good[:27], errARPShort},
		{"hrd 6, IEEE 802 (RFC 1042, Address Mappings)", change(1, 6), nil},
		{"hrd 7, ARCNET", change(1, 7), errARPHardware},
		{"hrd 0x0101", change(0, 1), errARPHardware},
		{"pro 0x86dd, IPv6", append(append(bytes.Clone(good[:2]), 0x86, 0xdd), good[4:]...), errARPProtocol},
		{"hln 8", change(4, 8), errARPSizes},
		{"hln 0", change(4, 0), errARPSizes},
		{"pln 16", change(5, 16), errARPSizes},
		{"op 0", change(7, 0), errARPOpcode},
		{"op 3, reverse request", change(7, 3), errARPOpcode},
		{"op 0x0101", change(6, 1), errARPOpcode},
	} {
		if _, err := parseARP(test.b); err != test.want {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// compareARP holds our parser against gopacket's, field by field.
func compareARP(t *testing.T, b []byte) {
	t.Helper()
	p, err := parseARP(b)
	if err != nil {
		return
	}
	var arp layers.ARP
	if err := arp.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		t.Fatalf("gopacket refuses what we take, % x: %v", b, err)
	}
	theirs := arpPacket{
		op:  arp.Operation,
		sha: MAC(arp.SourceHwAddress),
		spa: netip.AddrFrom4([4]byte(arp.SourceProtAddress)),
		tha: MAC(arp.DstHwAddress),
		tpa: netip.AddrFrom4([4]byte(arp.DstProtAddress)),
	}
	hrd := uint16(arp.AddrType)
	if p != theirs || hrd != arpHardwareEthernet && hrd != arpHardwareIEEE802 || arp.Protocol != layers.EthernetTypeIPv4 {
		t.Fatalf("% x\n   ours %+v\ngopacket %+v", b, p, theirs)
	}
	again := make([]byte, arpLen)
	p.put(again)
	again[1] = byte(hrd) // we write 1, whoever we answer
	if !bytes.Equal(again, b[:arpLen]) {
		t.Fatalf("put wrote % x for % x", again, b)
	}
}

func TestParseARPAgainstGopacket(t *testing.T) {
	for _, frame := range [][]byte{capturedRequest, capturedReply, capturedArping} {
		compareARP(t, frame[etherHeaderLen:])
	}
	random := rand.New(rand.NewPCG(2, 2))
	for range 10_000 {
		b := randomBytes(random, arpLen+random.IntN(20))
		copy(b, []byte{0, 1, 8, 0, 6, 4, 0, byte(1 + random.IntN(2))}) // or nearly all would be refused
		if _, err := parseARP(b); err != nil {
			t.Fatal(err)
		}
		compareARP(t, b)
	}
}

func FuzzParseARP(f *testing.F) {
	f.Add(capturedRequest[etherHeaderLen:])
	f.Add(capturedReply[etherHeaderLen:])
	f.Add(capturedArping[etherHeaderLen:])
	f.Add(capturedRequest[etherHeaderLen:][:27])
	for _, packet := range suite.CapturedPayloads(f, etherHeaderLen, suite.IsARP) {
		f.Add(packet)
	}
	f.Fuzz(func(t *testing.T, b []byte) { compareARP(t, b) })
}
