package script

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// What the peer sends wrong on purpose is wrong in that one way.
func TestFaultsOfThePeer(t *testing.T) {
	for line, want := range map[string]string{
		"S 0:0(0) badsum":                             "TCP checksum is",
		"S 0:0(0) reserved 15":                        "TCP reserved bits is 15, want 0",
		"S 0:0(0) doff 4":                             "TCP header: Invalid TCP data offset 4 < 5",
		"S 0:0(0) doff 15":                            "TCP header: TCP data offset greater",
		"S 0:0(0) <raw 0200>":                         "TCP header: Invalid TCP option length 0 < 2",
		"S 0:0(0) <mss 1460,raw 02>":                  "TCP header: Invalid TCP option length 0 < 2",
		"S 0:0(0) <nop,nop,nop,raw 02>":               "TCP header: Invalid TCP option length. Length 1",
		"S 0:0(0) <raw 0203,mss 5>":                   "TCP header: Invalid TCP option length 0 < 2",
		"S 0:0(0) <mss 1460,raw 0101,sack 1:2,eol>":   "",
		"S 0:0(0) <eol,raw 0109>":                     "TCP option padding is zero is false, want true",
		"- 7:17(10)":                                  "",
		"FSRP.UEW 7:17(10) ack 5 <TS val 1 ecr a+10>": "",
	} {
		s, err := ParseSegment(line)
		must(err)
		flow := Flow{SrcMAC: peerMAC, DstMAC: stackMAC, SrcIP: peerIP, DstIP: stackIP, Names: map[string]uint32{"a": 1}}
		frame, err := s.Frame(flow)
		must(err)
		_, err = Decode(frame, flow)
		if got := fmt.Sprint(err); !strings.HasPrefix(got, want) || want == "" && err != nil {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
	_, err := Segment{Options: make([]Option, 41)}.Frame(Flow{SrcIP: peerIP, DstIP: stackIP})
	if err == nil {
		t.Error("a header with 41 bytes of options was built")
	}
	s, _ := ParseSegment("S 0:0(0) <TS val x ecr 1>")
	if _, err := s.Frame(Flow{SrcIP: peerIP, DstIP: stackIP}); err == nil || !strings.Contains(err.Error(), "the name x has no value") {
		t.Errorf("a name without a value: %v", err)
	}
}

func TestRaw(t *testing.T) {
	scene{
		text: "+0 < raw ffff ffffffff 020000000001 88b5 0102\n+.1 < raw 00",
		check: func(t *testing.T, f *fake) {
			if len(f.got) != 2 || !bytes.Equal(f.got[0][12:], []byte{0x88, 0xb5, 1, 2}) {
				t.Errorf("the peer sent % x", f.got)
			}
		},
	}.run(t)
}

// An ICMP error quotes the header of a datagram of the stack and 8 bytes.
func TestICMP(t *testing.T) {
	sent := "\n+0 < . 1:1(0) ack 1\n+0 > . 1:11(10) ack 1\n+0 > . 11:31(20) ack 1\n"
	for line, want := range map[string]struct {
		code   layers.ICMPv4TypeCode
		mtu    uint16
		from   string
		seq, n uint32
	}{
		"unreachable frag mtu 1400":               {layers.CreateICMPv4TypeCode(3, 4), 1400, "10.0.0.1", 11, 20},
		"unreachable frag mtu 68 [1:11(10)]":      {layers.CreateICMPv4TypeCode(3, 4), 68, "10.0.0.1", 1, 10},
		"unreachable port [5000:5005(5)]":         {layers.CreateICMPv4TypeCode(3, 3), 0, "10.0.0.1", 5000, 5},
		"unreachable host from 192.0.2.1":         {layers.CreateICMPv4TypeCode(3, 1), 0, "192.0.2.1", 11, 20},
		"unreachable net":                         {layers.CreateICMPv4TypeCode(3, 0), 0, "10.0.0.1", 11, 20},
		"unreachable proto":                       {layers.CreateICMPv4TypeCode(3, 2), 0, "10.0.0.1", 11, 20},
		"unreachable admin":                       {layers.CreateICMPv4TypeCode(3, 13), 0, "10.0.0.1", 11, 20},
		"timeexceeded ttl":                        {layers.CreateICMPv4TypeCode(11, 0), 0, "10.0.0.1", 11, 20},
		"quench [-1:-1(0)]":                       {layers.CreateICMPv4TypeCode(4, 0), 0, "10.0.0.1", 1<<32 - 1, 0},
		"param mtu 5 from 192.0.2.2 [11:31(20)] ": {layers.CreateICMPv4TypeCode(12, 0), 5, "192.0.2.2", 11, 20},
	} {
		t.Run(line, scene{
			text: handshake + sent + "+.1 < icmp " + line,
			says: shaken(say(". 1:11(10) ack 1", ". 11:31(20) ack 1")),
			check: func(t *testing.T, f *fake) {
				p := gopacket.NewPacket(f.got[len(f.got)-1], layers.LayerTypeEthernet, gopacket.Default)
				ip, icmp := p.NetworkLayer().(*layers.IPv4), p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4)
				if icmp.TypeCode != want.code || icmp.Seq != want.mtu || ip.SrcIP.String() != want.from || ip.DstIP.String() != stackIP.String() {
					t.Errorf("the peer sent %v", p)
				}
				var quoted layers.IPv4
				must(quoted.DecodeFromBytes(icmp.Payload, gopacket.NilDecodeFeedback))
				ports, seq := quoted.Payload[:4], binary.BigEndian.Uint32(quoted.Payload[4:])-stackISS
				if len(quoted.Payload) != 8 || string(ports) != "\x00\x50\x1f\x40" || seq != want.seq {
					t.Errorf("quoted % x", quoted.Payload)
				}
				if !quoted.SrcIP.Equal(stackIP.AsSlice()) || int(quoted.Length) != ipLen+tcpLen+int(want.n) {
					t.Errorf("quoted %v, %d bytes", quoted.SrcIP, quoted.Length)
				}
			},
		}.run)
	}
	scene{text: "+0 < 8000>80 icmp quench", fails: []string{"has sent nothing on this connection"}}.run(t)
}

func TestUnknownEnds(t *testing.T) {
	noPort := func(c *Config) { c.StackPort = 0 }
	runAll(t, map[string]scene{
		"no port":      {text: "+0 < S 0:0(0)", cfg: noPort, fails: []string{"the stack's port is not known"}},
		"no name":      {text: "+0 < a>80 S 0:0(0)", fails: []string{"the name a has no value"}},
		"forget what":  {text: "+0 forget", cfg: noPort, fails: []string{"the stack's port is not known"}},
		"no name, TS":  {text: "+0 < S 0:0(0) <TS val a ecr 0>", fails: []string{"the name a has no value"}},
		"device ended": {text: "+0 < S 0:0(0)", cfg: func(c *Config) { c.Device.Close() }, fails: []string{"the peer could not send"}},
		"port 0":       {text: "+0 < 8000>0 S 0:0(0)"},
	})
}

// The whole of a failure, once.
func TestReport(t *testing.T) {
	got := scene{
		text: handshake + "+.1 < P. 1:5(4) ack 1\n\t+0 > . 1:1(0) ack 5 win 100\n+5 > nothing",
		says: shaken([]reply{{text: ". 1:1(0) ack 4 win 99"}, {text: "R 1:1(0)"}}),
	}.play(t)
	want := strings.ReplaceAll(`line 6, at 0.100004s: ack is 4, want 5
    win is 99, want 100

     2  +0 < S 0:0(0) win 1000 <mss 1460>
     3  +0 > S. 0:0(0) ack 1 <mss 1460>
     4  +0 < . 1:1(0) ack 1 win 257
     5  +.1 < P. 1:5(4) ack 1
=>   6  +0 > . 1:1(0) ack 5 win 100

want  > . 1:1(0) ack 5 win 100
 got  > . 1:1(0) ack 4 win 99
00000000  02 00 0a 00 00 01 02 00  00 00 00 04 08 00 45 00  |..............E.|
00000010  00 28 00 01 40 00 40 06  26 cb 0a 00 00 04 0a 00  |.(..@.@.&.......|
00000020  00 01 00 50 1f 40 ff ff  ff f7 10 00 00 04 50 10  |...P.@........P.|
00000030  00 63 6b e1 00 00                                 |.ck...|

the exchange (its last 6 of 6 frames):
     0.000000s < S 0:0(0) win 1000 <mss 1460>
     0.000002s > S. 0:0(0) ack 1 win 65535 <mss 1460>
     0.000002s < . 1:1(0) ack 1 win 257
     0.100002s < P. 1:5(4) ack 1
     0.100004s > . 1:1(0) ack 4 win 99
     0.100004s > R 1:1(0) win 0
`, "\t", "")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Only the end of a long exchange is shown.
func TestReportIsBounded(t *testing.T) {
	got := scene{text: strings.Repeat("+.1 < S 0:0(0) win 1\n", 30) + "+0 > S. 0:0(0) ack 1"}.play(t)
	if !strings.Contains(got, "(its last 20 of 30 frames)") || strings.Count(got, "s < S 0:0(0)") != 20 {
		t.Errorf("got %s", got)
	}
}

// No frame makes the decoder panic.
func FuzzDecode(f *testing.F) {
	flow := Flow{SrcMAC: stackMAC, DstMAC: peerMAC, SrcIP: stackIP, DstIP: peerIP, SrcPort: 80, DstPort: 8000}
	for _, line := range canonical {
		s, err := ParseSegment(line)
		must(err)
		if frame, err := s.Frame(flow); err == nil {
			f.Add(frame)
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		s, err := Decode(frame, flow)
		if err != nil || s.Has&HasReserved != 0 {
			return
		}
		again, err := ParseSegment(s.String())
		if err != nil || again.String() != s.String() {
			t.Fatalf("%q became %q, %v", s, again, err)
		}
		describe(frame)
	})
}
