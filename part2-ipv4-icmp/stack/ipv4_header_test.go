package stack

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"framebyframe/shared/suite"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// The ping that is in ethernet_test.go, cut after the header:
//
//	45                version 4, IHL 5: 20 bytes
//	00                type of service 0
//	0054              84 bytes in all
//	cf79              Identification
//	4000              DF, offset 0
//	40                TTL 64
//	01                ICMP
//	572b              checksum
//	0a000001          from 10.0.0.1
//	0a000004          to 10.0.0.4
func TestParseIPv4Captured(t *testing.T) {
	b := append(bytes.Clone(suite.CapturedIPv4[etherHeaderLen:]), make([]byte, 64)...)
	h, payload, err := parsedIPv4(append(b, 1, 2, 3)) // with padding
	if err != nil {
		t.Fatal(err)
	}
	if h.tos != 0 || h.id != 0xcf79 || !h.dontFragment || h.moreFragments || h.offset != 0 || h.ttl != 64 ||
		h.protocol != protocolICMP || h.src != peerIP || h.dst != ourIP || len(h.options) != 0 {
		t.Errorf("got %+v", h)
	}
	if len(payload) != 64 || len(h.datagram) != 84 {
		t.Errorf("payload of %d bytes, datagram of %d", len(payload), len(h.datagram))
	}
	again := make([]byte, ipv4MinHeaderLen)
	h.put(again, 64)
	if !bytes.Equal(again, b[:ipv4MinHeaderLen]) {
		t.Errorf("put wrote % x", again)
	}
}

func TestParseIPv4Refuses(t *testing.T) {
	whole := append(bytes.Clone(suite.CapturedIPv4[etherHeaderLen:]), make([]byte, 64)...)
	change := func(at int, value byte) []byte {
		b := bytes.Clone(whole)
		b[at] = value
		b[10], b[11] = 0, 0
		if n := int(b[0]&15) * 4; n >= 20 && n <= len(b) {
			binary.BigEndian.PutUint16(b[10:], suite.Checksum(b[:n]))
		}
		return b
	}
	for _, test := range []struct {
		name string
		b    []byte
		want error
	}{
		{"whole", whole, nil},
		{"empty", nil, errIPv4Short},
		{"19 bytes", whole[:19], errIPv4Short},
		{"version 6", change(0, 0x65), errIPv4Version},
		{"version 0", change(0, 0x05), errIPv4Version},
		{"IHL 4", change(0, 0x44), errIPv4IHL},
		{"IHL 0", change(0, 0x40), errIPv4IHL},
		{"IHL 15 in 40 bytes", change(0, 0x4f)[:40], errIPv4Header},
		{"IHL 15 in 84 bytes", change(0, 0x4f), nil},
		{"total length 19", change(3, 19), errIPv4Length},
		{"total length 0", change(3, 0), errIPv4Length},
		{"total length 20", change(3, 20), nil},
		{"total length 85 in 84 bytes", change(3, 85), errIPv4Truncated},
		{"total length 60 with IHL 15", func() []byte {
			b := change(3, 60)
			b[0] = 0x4f
			b[10], b[11] = 0, 0
			binary.BigEndian.PutUint16(b[10:], suite.Checksum(b[:60]))
			return b
		}(), nil},
		{"checksum off by one", func() []byte { b := bytes.Clone(whole); b[11]++; return b }(), errIPv4Checksum},
		{"checksum 0", func() []byte { b := bytes.Clone(whole); b[10], b[11] = 0, 0; return b }(), errIPv4Checksum},
		{"one bit of the address", func() []byte { b := bytes.Clone(whole); b[15] ^= 4; return b }(), errIPv4Checksum},
		{"the reserved flag", change(6, 0xc0), nil}, // RFC 791: must be zero; nobody checks
	} {
		if _, _, err := parsedIPv4(test.b); err != test.want {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// compareIPv4 holds our parser against gopacket's, field by field.
func compareIPv4(t *testing.T, b []byte) {
	t.Helper()
	h, payload, err := parsedIPv4(b)
	if err != nil {
		return
	}
	var ip layers.IPv4
	if err := ip.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		if _, _, optErr := walkOptions(h.options); optErr != nil {
			return // it refuses malformed options at once, we in checkOptions
		}
		t.Fatalf("gopacket refuses what we take, % x: %v", b, err)
	}
	if h.tos != ip.TOS || h.id != ip.Id || h.offset != int(ip.FragOffset)*8 || h.ttl != ip.TTL ||
		h.protocol != uint8(ip.Protocol) || !ip.SrcIP.Equal(h.src.AsSlice()) || !ip.DstIP.Equal(h.dst.AsSlice()) ||
		h.dontFragment != (ip.Flags&layers.IPv4DontFragment != 0) ||
		h.moreFragments != (ip.Flags&layers.IPv4MoreFragments != 0) ||
		h.headerLen() != int(ip.IHL)*4 || len(h.datagram) != int(ip.Length) || !bytes.Equal(payload, ip.Payload) {
		t.Fatalf("% x\n   ours %+v\ngopacket %+v", b, h, ip)
	}
	again := make([]byte, h.headerLen())
	h.put(again, len(payload))
	again[6] |= b[6] & 0x80 // the reserved flag, which we do not keep
	binary.BigEndian.PutUint16(again[10:12], 0)
	binary.BigEndian.PutUint16(again[10:12], suite.Checksum(again))
	if !bytes.Equal(again[:10], b[:10]) || !bytes.Equal(again[12:], b[12:h.headerLen()]) || suite.Checksum(again) != 0 {
		t.Fatalf("put wrote % x for % x", again, b)
	}
}

// walkOptions counts the options of a list.
func walkOptions(list []byte) (n, at int, err error) {
	for {
		o, ok, err := nextOption(list, at)
		if !ok {
			return n, o.at, err
		}
		n, at = n+1, o.at+len(o.bytes)
	}
}

// randomDatagram is random bytes with a header that is right where it must be.
func randomDatagram(random *rand.Rand) []byte {
	words := 5 + random.IntN(11)
	if random.IntN(2) == 0 {
		words = 5
	}
	b := randomBytes(random, words*4+random.IntN(50))
	b[0] = 0x40 | byte(words)
	binary.BigEndian.PutUint16(b[2:], uint16(words*4+random.IntN(len(b)-words*4+1)))
	binary.BigEndian.PutUint16(b[10:], 0)
	binary.BigEndian.PutUint16(b[10:], suite.Checksum(b[:words*4]))
	return b
}

func TestParseIPv4AgainstGopacket(t *testing.T) {
	compareIPv4(t, append(bytes.Clone(suite.CapturedIPv4[etherHeaderLen:]), make([]byte, 64)...))
	random := rand.New(rand.NewPCG(5, 5))
	for range 10_000 {
		b := randomDatagram(random)
		if _, _, err := parsedIPv4(b); err != nil {
			t.Fatalf("% x: %v", b, err)
		}
		compareIPv4(t, b)
	}
}

func FuzzParseIPv4(f *testing.F) {
	f.Add(append(bytes.Clone(suite.CapturedIPv4[etherHeaderLen:]), make([]byte, 64)...))
	random := rand.New(rand.NewPCG(6, 6))
	for range 20 {
		f.Add(randomDatagram(random))
	}
	for _, datagram := range suite.CapturedPayloads(f, etherHeaderLen, suite.IsIPv4) {
		f.Add(datagram)
	}
	f.Fuzz(func(t *testing.T, b []byte) { compareIPv4(t, b) })
}
