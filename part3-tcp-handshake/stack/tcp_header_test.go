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

// Captured on a TAP from Linux 6.18, when nc connected to 10.0.0.4 port 80:
//
//	9e28 0050     from port 40488 to port 80
//	98612166      sequence number 2556502374
//	00000000      no acknowledgment
//	a0 02         data offset 10: 40 bytes; SYN
//	faf0          window 64240
//	7cfd 0000     checksum, urgent pointer
//	020405b4      MSS 1460
//	0402          SACK permitted
//	080a 17bb7d27 00000000  timestamps
//	01 03030a     NOP, window scale 10
var capturedSYN = unhex("9e280050 98612166 00000000 a002faf0 7cfd0000 020405b4 0402 080a17bb7d2700000000 01 03030a")

func TestParseTCPCaptured(t *testing.T) {
	b := bytes.Clone(capturedSYN)
	b[16], b[17] = 0, 0
	sum := transportChecksum(protocolTCP, peerIP, ourIP, b)
	b[16], b[17] = byte(sum>>8), byte(sum)
	seg, err := parsedTCP(b, peerIP, ourIP)
	if err != nil {
		t.Fatal(err)
	}
	if seg.srcPort != 40488 || seg.dstPort != 80 || seg.seq != 0x98612166 || seg.ack != 0 || seg.flags != flagSYN ||
		seg.wnd != 64240 || seg.up != 0 || len(seg.options) != 20 || len(seg.data) != 0 || seg.len() != 1 {
		t.Errorf("got %+v", seg)
	}
	if mss := seg.opt.mss; mss != 1460 {
		t.Errorf("MSS %d", mss)
	}
	if shift, found := seg.opt.shift, seg.opt.scaling; shift != 10 || !found {
		t.Errorf("window scale %d, %v", shift, found)
	}
}

func TestParseTCPRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		b    []byte
		want error
	}{
		{"empty", nil, errTCPShort},
		{"19 bytes", capturedSYN[:19], errTCPShort},
		{"data offset 4", append(append(bytes.Clone(capturedSYN[:12]), 0x40), capturedSYN[13:]...), errTCPOffset},
		{"data offset 0", append(append(bytes.Clone(capturedSYN[:12]), 0x00), capturedSYN[13:]...), errTCPOffset},
		{"data offset 10 in 39 bytes", capturedSYN[:39], errTCPHeader},
		{"checksum", append(bytes.Clone(capturedSYN), 1), errTCPChecksum},
	} {
		if _, err := parsedTCP(test.b, peerIP, ourIP); err != test.want {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// RFC 9293 3.1: the checksum covers the addresses, the protocol and the length.
func TestTCPChecksumCoversPseudoHeader(t *testing.T) {
	seg := segment{srcPort: 1, dstPort: 2, flags: flagSYN}
	b := make([]byte, 20)
	seg.put(b, peerIP, ourIP)
	if _, err := parsedTCP(b, peerIP, ourIP); err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string]error{
		"another source":      second(parsedTCP(b, otherIP, ourIP)),
		"another destination": second(parsedTCP(b, peerIP, otherIP)),
		"two bytes longer":    second(parsedTCP(append(b, 0, 0), peerIP, ourIP)),
	} {
		if wrong != errTCPChecksum {
			t.Errorf("%s: %v, want %v", name, wrong, errTCPChecksum)
		}
	}
}

func second(_ segment, err error) error { return err }

// randomSegment is a segment of random bytes with a right header length and
// checksum.
func randomSegment(random *rand.Rand, src, dst netip.Addr) []byte {
	words := 5 + random.IntN(11)
	b := randomBytes(random, words*4+random.IntN(40))
	b[12] = byte(words)<<4 | b[12]&15
	b[16], b[17] = 0, 0
	sum := transportChecksum(protocolTCP, src, dst, b)
	b[16], b[17] = byte(sum>>8), byte(sum)
	return b
}

// compareTCP holds our parser against gopacket's, field by field.
func compareTCP(t *testing.T, b []byte) {
	t.Helper()
	var seg segment
	if seg.parseHeader(b) != nil {
		return
	}
	var tcp layers.TCP
	if err := tcp.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		return // it refuses malformed options at once; we ignore them (MUST-7)
	}
	flags := uint8(0)
	for i, set := range []bool{tcp.FIN, tcp.SYN, tcp.RST, tcp.PSH, tcp.ACK, tcp.URG, tcp.ECE, tcp.CWR} {
		if set {
			flags |= 1 << i
		}
	}
	if seg.srcPort != uint16(tcp.SrcPort) || seg.dstPort != uint16(tcp.DstPort) || uint32(seg.seq) != tcp.Seq ||
		uint32(seg.ack) != tcp.Ack || seg.flags != flags || seg.wnd != tcp.Window || seg.up != tcp.Urgent ||
		seg.headerLen() != int(tcp.DataOffset)*4 || !bytes.Equal(seg.data, tcp.Payload) {
		t.Fatalf("% x\n   ours %+v\ngopacket %+v", b, seg, tcp)
	}
	for _, o := range tcp.Options {
		if o.OptionType <= 1 {
			continue
		}
		if got, found := findOption(seg.options, byte(o.OptionType)); !found || len(tcp.Options) == 1 && !bytes.Equal(got, o.OptionData) {
			t.Fatalf("option %v: %x, %v; gopacket has %x", o.OptionType, got, found, o.OptionData)
		}
	}
	again := append(make([]byte, seg.headerLen()), seg.data...)
	seg.put(again, peerIP, ourIP)
	again[12] |= b[12] & 15 // the reserved bits, which we do not keep
	if !bytes.Equal(again[:16], b[:16]) || !bytes.Equal(again[18:], b[18:]) {
		t.Fatalf("put wrote % x for % x", again, b)
	}
}

func TestParseTCPAgainstGopacket(t *testing.T) {
	compareTCP(t, capturedSYN)
	random := rand.New(rand.NewPCG(9, 9))
	for range 10_000 {
		b := randomSegment(random, peerIP, ourIP)
		if _, err := parsedTCP(b, peerIP, ourIP); err != nil {
			t.Fatalf("% x: %v", b, err)
		}
		compareTCP(t, b)
	}
}

// What we send has a checksum that gopacket finds right.
func TestTCPChecksumAgainstGopacket(t *testing.T) {
	random := rand.New(rand.NewPCG(10, 10))
	for range 1000 {
		seg := segment{srcPort: uint16(random.Uint32()), dstPort: uint16(random.Uint32()), seq: seqNum(random.Uint32()),
			ack: seqNum(random.Uint32()), flags: uint8(random.Uint32()), wnd: uint16(random.Uint32()),
			options: appendMSS(nil, random.IntN(65536)), data: randomBytes(random, random.IntN(100))}
		b := append(make([]byte, seg.headerLen()), seg.data...)
		seg.put(b, peerIP, ourIP)
		ip := ipv4From(peerIP, protocolTCP)
		tcp := &layers.TCP{}
		if err := tcp.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
			t.Fatal(err)
		}
		want := tcp.Checksum
		tcp.SetNetworkLayerForChecksum(ip)
		theirs := serialize(tcp, gopacket.Payload(tcp.Payload))
		if got := uint16(theirs[16])<<8 | uint16(theirs[17]); got != want {
			t.Fatalf("checksum %04x, gopacket has %04x", want, got)
		}
	}
}

func FuzzParseTCP(f *testing.F) {
	f.Add(capturedSYN)
	random := rand.New(rand.NewPCG(11, 11))
	for range 20 {
		f.Add(randomSegment(random, peerIP, ourIP))
	}
	for _, b := range suite.CapturedPayloads(f, etherHeaderLen+ipv4MinHeaderLen, suite.IsProtocol(protocolTCP)) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		compareTCP(t, b)
		var seg segment
		if seg.parseHeader(b) == nil {
			describeOptions(seg.options, 0)
		}
	})
}

// findOption returns the contents of the first option of a kind.
func findOption(list []byte, kind byte) (contents []byte, found bool) {
	for len(list) > 0 && list[0] != tcpOptionEnd {
		switch {
		case list[0] == tcpOptionNOP:
			list = list[1:]
			continue
		case len(list) < 2 || list[1] < 2 || int(list[1]) > len(list):
			return nil, false
		case list[0] == kind:
			return list[2:list[1]], true
		}
		list = list[list[1]:]
	}
	return nil, false
}

func TestParseOptions(t *testing.T) {
	for _, test := range []struct {
		list  string
		mss   int
		shift uint8
		scale bool
	}{
		{"", 536, 0, false},
		{"020405b4", 1460, 0, false},
		{"020405b4 01 030307", 1460, 7, true},
		{"fe04abcd 020405b4 030307 00", 1460, 7, true}, // an unknown one is skipped by its length
		{"0101 020405b4", 1460, 0, false},
		{"00 020405b4 000000", 536, 0, false}, // the list ends before it
		{"020305 00", 536, 0, false},          // a MSS of a wrong length is none
		{"020305 020405b4 00", 1460, 0, false},
		{"0304 0102 020405b4", 1460, 0, false},
		{"03030f", 536, 14, true}, // RFC 7323 2.3: more than 14 is 14
		{"0303ff", 536, 14, true},
		{"0200 0000", 536, 0, false}, // lengths that cannot be: MUST-7
		{"0201 0000", 536, 0, false},
		{"02ff 0000", 536, 0, false},
		{"01010102", 536, 0, false},
		{"0000 0000", 536, 0, false},
	} {
		opt := optionsIn(unhex(test.list))
		if opt.mss != test.mss {
			t.Errorf("%s: MSS %d, want %d", test.list, opt.mss, test.mss)
		}
		if opt.shift != test.shift || opt.scaling != test.scale {
			t.Errorf("%s: window scale %d, %v; want %d, %v", test.list, opt.shift, opt.scaling, test.shift, test.scale)
		}
	}
	if got := appendWindowScale(appendMSS(nil, 1460), 7); !bytes.Equal(got, unhex("020405b4 01 030307")) {
		t.Errorf("appended % x", got)
	}
}

// RFC 9293 3.4: comparisons modulo 2^32.
func TestSeqNum(t *testing.T) {
	for _, test := range []struct {
		a, b seqNum
		less bool
	}{
		{0, 0, false}, {0, 1, true}, {1, 0, false},
		{0xffffffff, 0, true}, {0, 0xffffffff, false},
		{0xfffffff0, 0x10, true}, {0x10, 0xfffffff0, false},
		{0, 0x7fffffff, true}, {0x80000001, 0, true}, {0x7fffffff, 0, false},
	} {
		if got := test.a.less(test.b); got != test.less {
			t.Errorf("%#x < %#x: %v", test.a, test.b, got)
		}
		if got := test.a.leq(test.b); got != (test.less || test.a == test.b) {
			t.Errorf("%#x =< %#x: %v", test.a, test.b, got)
		}
	}
	if got := seqNum(0xfffffffe).add(5); got != 3 {
		t.Errorf("0xfffffffe + 5 = %#x, want 3", got)
	}
	for a, want := range map[seqNum]bool{0xfffffffd: false, 0xfffffffe: true, 0: true, 2: true, 3: false} {
		if got := a.in(0xfffffffe, 5); got != want {
			t.Errorf("%#x in the 5 from 0xfffffffe on: %v", a, got)
		}
	}
	if seqNum(7).in(7, 0) {
		t.Error("nothing is in a window of 0")
	}
}

// Each segment of a connection, in tcpdump's words: its numbers are relative.
func init() {
	segments := []segment{
		{srcPort: 40000, dstPort: 7000, seq: 1000, flags: flagSYN, wnd: 64240, options: unhex("020405b4 0402 080a000000070000000001 03030a")},
		{srcPort: 7000, dstPort: 40000, seq: 5000, ack: 1001, flags: flagSYN | flagACK, options: unhex("020405b4 01 030307")},
		{srcPort: 40000, dstPort: 7000, seq: 1001, ack: 5001, flags: flagACK, wnd: 63},
		{srcPort: 40000, dstPort: 7000, seq: 1001, ack: 5001, flags: flagACK | flagPSH, wnd: 63, data: []byte("hello")},
		{srcPort: 7000, dstPort: 40000, seq: 5001, ack: 1006, flags: flagACK | flagFIN},
		{srcPort: 7000, dstPort: 40000, seq: 5001, flags: flagRST},
		{srcPort: 40000, dstPort: 7000, seq: 1001, ack: 5001, flags: flagACK | flagURG, up: 3, data: []byte("urgent")},
		{srcPort: 40000, dstPort: 81, seq: 9000, flags: flagSYN, wnd: 1024, options: unhex("020405b4")},
		{srcPort: 81, dstPort: 40000, ack: 9001, flags: flagRST | flagACK},
		{srcPort: 40001, dstPort: 81, seq: 9000, flags: flagFIN | flagPSH | flagURG, wnd: 1024},
		{srcPort: 40002, dstPort: 81, seq: 9000, wnd: 1024},
		{srcPort: 40003, dstPort: 81, seq: 9000, ack: 77, flags: flagACK, wnd: 1024},
	}
	for _, seg := range segments {
		src, dst := peerIP, ourIP
		if seg.srcPort < 10000 {
			src, dst = ourIP, peerIP
		}
		b := append(make([]byte, seg.headerLen()), seg.data...)
		seg.put(b, src, dst)
		ip := ipv4From(src, protocolTCP)
		ip.DstIP = dst.AsSlice()
		tcpdumpFrames = append(tcpdumpFrames, ipv4Frame(ip, b))
	}
}

// BenchmarkParse reads a full segment as receiveFrame does, with both checksums.
func BenchmarkParse(b *testing.B) {
	tcp := append(make([]byte, 32), pattern(1448)...)
	seg := segment{srcPort: 40000, dstPort: 9, flags: flagACK, options: make([]byte, 12), data: tcp[32:]}
	seg.put(tcp, peerIP, ourIP)
	frame := ipv4Frame(ipv4From(peerIP, protocolTCP), tcp)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		_, datagram, err := parseEther(frame)
		if err != nil {
			b.Fatal(err)
		}
		var ip ipv4Header
		payload, err := ip.parse(datagram)
		if err != nil {
			b.Fatal(err)
		}
		var seg segment
		if err := seg.parse(payload, ip.src, ip.dst); err != nil {
			b.Fatal(err)
		}
	}
}
