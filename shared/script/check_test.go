package script

import (
	"encoding/binary"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// Offsets in a frame with a TCP segment and without IP options.
const (
	ipAt  = etherLen
	tcpAt = etherLen + ipLen
)

// resum makes both checksums right again.
func resum(frame []byte) []byte {
	var ip layers.IPv4
	frame[ipAt+10], frame[ipAt+11] = 0, 0
	if ip.DecodeFromBytes(frame[ipAt:], gopacket.NilDecodeFeedback) != nil {
		return frame
	}
	buf := gopacket.NewSerializeBuffer()
	header := ip
	must(header.SerializeTo(buf, gopacket.SerializeOptions{ComputeChecksums: true}))
	binary.BigEndian.PutUint16(frame[ipAt+10:], header.Checksum)
	var tcp layers.TCP
	frame[tcpAt+16], frame[tcpAt+17] = 0, 0
	if tcp.DecodeFromBytes(frame[tcpAt:], gopacket.NilDecodeFeedback) == nil {
		must(tcp.SetNetworkLayerForChecksum(&ip))
		sum, err := tcp.ComputeChecksum()
		must(err)
		binary.BigEndian.PutUint16(frame[tcpAt+16:], sum)
	}
	return frame
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// set returns a fault: byte i gets a value, and the checksums are right again.
func set(i int, value byte) func([]byte) []byte {
	return func(frame []byte) []byte {
		frame[i] = value
		return resum(frame)
	}
}

// spoiled are the faults that no line has to ask for, and the field that the
// failure names.
var spoiled = map[string]struct {
	field string
	spoil func([]byte) []byte
}{
	"source MAC":       {"Ethernet source is", set(11, 0x77)},
	"destination MAC":  {"Ethernet destination is", set(5, 0x77)},
	"broadcast":        {"Ethernet destination is ff:", func(f []byte) []byte { copy(f, "\xff\xff\xff\xff\xff\xff"); return f }},
	"EtherType":        {"the EtherType is 0x8600", set(12, 0x86)},
	"version":          {"IPv4 version is 5, want 4", set(ipAt, 0x55)},
	"IP options":       {"IPv4 header length (IHL) is 6, want 5", withIPOptions},
	"total length":     {"IPv4 total length", func(f []byte) []byte { return resum(append(f, 0)) }},
	"short":            {"IPv4 total length", func(f []byte) []byte { return f[:len(f)-1] }},
	"fragment":         {"IPv4 more fragments", set(ipAt+6, 0x20)},
	"reserved flag":    {"IPv4 reserved flag", set(ipAt+6, 0xc0)},
	"offset":           {"IPv4 fragment offset", set(ipAt+7, 1)},
	"TTL":              {"IPv4 TTL is 0, want 64", set(ipAt+8, 0)},
	"protocol":         {"IPv4 protocol is 17, want 6", set(ipAt+9, 17)},
	"header checksum":  {"IPv4 header checksum is", func(f []byte) []byte { f[ipAt+10] ^= 1; return f }},
	"source IP":        {"IPv4 source is 10.0.0.5", set(ipAt+15, 5)},
	"destination IP":   {"IPv4 destination is 10.0.0.77", set(ipAt+19, 77)},
	"DF":               {"IPv4 don't fragment (DF) is false, want true", set(ipAt+6, 0)},
	"MTU":              {"more than the MTU of 1500", func(f []byte) []byte { return nil }},
	"source port":      {"source port is 81, want 80", set(tcpAt+1, 81)},
	"destination port": {"destination port is 8001, want 8000", set(tcpAt+3, 0x41)},
	"reserved bits":    {"TCP reserved bits is 4, want 0", set(tcpAt+12, 0x54)},
	"historic NS":      {"TCP reserved bits is 1, want 0", set(tcpAt+12, 0x51)},
	"small offset":     {"TCP header: Invalid TCP data offset", set(tcpAt+12, 0x40)},
	"large offset":     {"TCP header: TCP data offset", set(tcpAt+12, 0xf0)},
	"checksum":         {"TCP checksum is", func(f []byte) []byte { f[tcpAt+16] ^= 1; return f }},
	"payload checksum": {"TCP checksum is", func(f []byte) []byte { f[tcpAt+tcpLen+3] ^= 1; return f }},
	"data byte":        {"payload byte 3, at stream offset 3, is 0xff, want 0x03", set(tcpAt+tcpLen+3, 0xff)},
	"no TCP":           {"TCP header: Invalid TCP header", func(f []byte) []byte { return cut(f, 19) }},
	"IP header":        {"IPv4 header: ", set(ipAt, 0x44)},
	"no Ethernet":      {"no Ethernet header: ", func(f []byte) []byte { return f[:13] }},
}

// withIPOptions puts four options of a byte each into the IPv4 header.
func withIPOptions(f []byte) []byte {
	f = slices.Insert(f, tcpAt, 1, 1, 1, 1)
	f[ipAt], f[ipAt+3] = 0x46, f[ipAt+3]+4
	return f
}

// cut leaves n bytes of the datagram's payload.
func cut(f []byte, n int) []byte {
	f = f[:tcpAt+n]
	binary.BigEndian.PutUint16(f[ipAt+2:], uint16(ipLen+n))
	return f
}

func TestCheckedAlways(t *testing.T) {
	segment := "+0 < P. 1:2(1) ack 1\n+0 > . 1:11(10) ack 2"
	for name, c := range spoiled {
		answer := reply{text: ". 1:11(10) ack 2", spoil: c.spoil}
		if name == "MTU" {
			answer = reply{text: ". 1:1462(1461) ack 2"}
		}
		t.Run(name, scene{
			text: handshake + segment, says: shaken([]reply{answer}), fails: []string{c.field, "=>   6", "00000000  "},
			cfg: func(c *Config) { c.DF = DFSet },
		}.run)
	}
	wrong := stackISS + 1
	iss := func(c *Config) { c.StackISS = &wrong }
	t.Run("ISS", scene{text: handshake, says: shaken(), cfg: iss, fails: []string{"initial sequence number is 4294967286, want 4294967287"}}.run)
	right := func(c *Config) { c.StackISS = &wrong; wrong = stackISS; c.DF = DFSet; c.TTL = 64 }
	t.Run("right", scene{text: handshake + segment, says: shaken(say(". 1:11(10) ack 2")), cfg: right}.run)
}

// The peer answers questions for its addresses, and no line sees it.
func TestARP(t *testing.T) {
	ask := func(target string) reply {
		return reply{spoil: func([]byte) []byte {
			frame := append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, stackMAC[:]...)
			frame = append(frame, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1)
			frame = append(append(frame, stackMAC[:]...), 10, 0, 0, 4)
			return append(append(frame, 0, 0, 0, 0, 0, 0), target...)
		}}
	}
	for name, c := range map[string]struct {
		target  string
		cfg     func(*Config)
		answers int
	}{
		"peer":     {"\x0a\x00\x00\x01", nil, 1},
		"other":    {"\x0a\x00\x00\x09", func(c *Config) { c.Others = append(c.Others, otherIP) }, 1},
		"nobody":   {"\x0a\x00\x00\x09", nil, 0},
		"told not": {"\x0a\x00\x00\x01", func(c *Config) { c.NoARP = true }, 0},
		"short":    {"\x0a\x00\x00", nil, 0},
	} {
		t.Run(name, scene{
			text: "+1 > nothing", says: [][]reply{{ask(c.target)}}, cfg: c.cfg,
			check: func(t *testing.T, f *fake) {
				if len(f.got) != c.answers {
					t.Fatalf("the peer sent %d frames, want %d", len(f.got), c.answers)
				}
				if c.answers == 0 {
					return
				}
				var arp layers.ARP
				must(arp.DecodeFromBytes(f.got[0][etherLen:], gopacket.NilDecodeFeedback))
				if arp.Operation != layers.ARPReply || string(arp.SourceProtAddress) != c.target || string(arp.SourceHwAddress) != string(peerMAC[:]) {
					t.Errorf("the peer answered %+v", arp)
				}
			},
		}.run)
	}
}

// Sent applies the checks that no line asks for.
func TestSentChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seg, tb := wire.New(2), &caught{}
		f := newFake(seg.End(0), [][]reply{{{text: ". 1:11(10) ack 1", spoil: set(tcpAt+tcpLen, 0xff)}}})
		go f.run()
		p := NewPeer(tb, Config{Device: seg.End(1), PeerMAC: peerMAC, StackMAC: stackMAC, PeerIP: peerIP, StackIP: stackIP})
		p.Sent(time.Second)
		p.Send(Segment{})
		p.Parse("?")
		p.Close()
		f.dev.Close()
		if len(tb.text) != 3 {
			t.Errorf("%d failures: %s", len(tb.text), tb)
		}
	})
}
