package script

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"
)

// Lines that are the same after they have been read and written again.
var canonical = []string{
	"S 0:0(0) win 1000 <mss 1460,wscale 7>",
	"S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>",
	"- 5:5(0)",
	"FSRP.UEW -1:9(10) ack -5 win 0 urg 5",
	". 1:1(0) ack 1 <nop,nop,sack -5:6 7:8>",
	". 1:1(0) ack 1 <TS val * ecr a+5,eol>",
	". 1:1(0) ack 1 <mss 1460,...>",
	". 1:1(0) ack 1 <...>",
	". 1:1(0) ack 1 <>",
	". 1:1(0) ack 1 <unknown 253 0102,unknown 254,unknown 2 010203,raw 020405>",
	"80>8000 R 0:0(0)",
	"10.0.0.9:8000>b R 0:0(0)",
	`P. 1:6(5) ack 1 data "a\nb\"c"`,
	"P. 1:6(5) ack 1 data *",
	"S 0:0(0) badsum doff 4 reserved 15",
}

func TestNotation(t *testing.T) {
	for _, line := range canonical {
		s, err := ParseSegment(line)
		if err != nil || s.String() != line {
			t.Errorf("%q became %q, %v", line, s, err)
		}
	}
	s, err := ParseSegment("  .P  4294967295 : 4( 5 )  win 3 < mss 5 , unknown 9 01 02 > ack 4294967291 ")
	if want := "P. -1:4(5) ack -5 win 3 <mss 5,unknown 9 0102>"; err != nil || s.String() != want {
		t.Errorf("got %q, %v, want %q", s, err, want)
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct {
		script string
		column int
		reason string
	}{
		{"x < S 0:0(0)", 1, "is no time"},
		{"-1 < S 0:0(0)", 1, "no time that can come"},
		{"+.1~ > S 0:0(0)", 5, "is no time"},
		{"+.2~+.1 > S 0:0(0)", 1, "ends before"},
		{"+.2~1 > S 0:0(0)", 1, "both ends"},
		{"+1e99 > S 0:0(0)", 1, "is no time"},
		{"+0~+1 < S 0:0(0)", 1, "only > and done"},
		{"* > nothing", 1, "silence"},
		{"+0", 3, "not known here"},
		{"+0 = S 0:0(0)", 4, "not known here"},
		{"+0 < X 0:0(0)", 6, "flags are letters"},
		{"+0 < SS 0:0(0)", 7, "flags are letters"},
		{"+0 <", 5, "flags are missing"},
		{"+0 < S", 7, "has to be a number"},
		{"+0 < S 0:1(0)", 8, "end at 0, not at 1"},
		{"+0 < S 0-1(0)", 9, "':' is missing"},
		{"+0 < S 4294967296:0(0)", 8, "32 bits"},
		{"+0 < S 0:0(99999999999999999999)", 12, "16 bits"},
		{"+0 < . 0:0(0) win 1", 20, "needs ack"},
		{"+0 < S 0:0(0) win 65536", 19, "16 bits"},
		{"+0 < S 0:0(0) win 1 win 1", 21, "second time"},
		{"+0 < S 0:0(0) <> <>", 18, "second time"},
		{"+0 < S 0:0(0) wim 1", 15, "not known here"},
		{"+0 < S 0:0(0) <mss>", 19, "has to be a number"},
		{"+0 < S 0:0(0) <mss 1", 21, "end with >"},
		{"+0 < S 0:0(0) <mssx 1>", 16, "is no option"},
		{"+0 < S 0:0(0) <TS 1>", 19, "val X"},
		{"+0 < S 0:0(0) <TS val 1>", 24, "ecr Y"},
		{"+0 < S 0:0(0) <TS val 1x ecr 1>", 23, "is no timestamp"},
		{"+0 < S 0:0(0) <sack>", 20, "needs blocks"},
		{"+0 < S 0:0(0) <sack 1>", 22, "':' is missing"},
		{"+0 < S 0:0(0) <sack 1:2 1:2 1:2 1:2 1:2>", 15, "more than 40"},
		{"+0 < S 0:0(0) <unknown 2 0102>", 24, "name of its own"},
		{"+0 < S 0:0(0) <unknown 1 00>", 24, "name of its own"},
		{"+0 < S 0:0(0) <raw 0>", 20, "hexadecimal"},
		{"+0 < S 0:0(0) <...>", 6, "say it all"},
		{"+0 < S 0:0(0) <TS val * ecr 1>", 6, "cannot be *"},
		{"+0 < S 0:1(1) data \"ab\"", 20, "2 bytes, the segment 1"},
		{"+0 < S 0:1(1) data x", 20, "text in quotes"},
		{"+0 > S 0:0(0) badsum", 6, "faults for the peer"},
		{"+0 > S 0:0(0) <raw 02>", 6, "raw options"},
		{"+0 < 1>x- S 0:0(0)", 8, "neither a port nor a name"},
		{"+0 < 10.0.0:1>2 S 0:0(0)", 6, "invalid IPv4 address"},
		{"+0 < raw 0g", 10, "hexadecimal"},
		{"+0 < raw", 9, "at least one byte"},
		{"+0 < icmp redirect", 11, "no ICMP error"},
		{"+0 < icmp unreachable x", 23, "code of unreachable"},
		{"+0 < icmp quench mtu x", 22, "has to be a number"},
		{"+0 < icmp quench from x", 23, "IPv4 address"},
		{"+0 < icmp quench x", 18, "not known here"},
		{"+0 < icmp quench [1:2(1)", 25, "']' is missing"},
		{"+0 do", 6, "name of a call"},
		{"+0 do f =", 10, "followed by the result"},
		{"+0 do f \"x", 9, "text in quotes"},
		{"+0 done f x", 12, "done takes"},
		{"+0 state", 9, "followed by the state"},
		{"+0 link sideways", 9, "up or down"},
		{"+0 link up x", 12, "nothing may follow"},
	} {
		_, err := parseScript("// a comment\n\n" + c.script)
		e, ok := err.(*SyntaxError)
		if !ok || e.Line != 3 || e.Column != c.column || !strings.Contains(e.Reason, c.reason) {
			t.Errorf("%q: %v", c.script, err)
		}
	}
	tb := &caught{}
	p := &Peer{t: tb}
	p.Play("\n\t+0 <\tX", nil)
	if want := "cannot read the script: line 2, column 7: flags are letters of FSRP.UEW, each at most once, or - for none\n    \t+0 <\tX\n    \t    \t^"; tb.String() != want {
		t.Errorf("got %q\nwant %q", tb, want)
	}
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]moment{
		"+0":       {relative: true},
		"+.1":      {relative: true, first: 100 * time.Millisecond, end: 100 * time.Millisecond},
		"1.5":      {first: 1500 * time.Millisecond, end: 1500 * time.Millisecond},
		"+2ms":     {relative: true, first: 2 * time.Millisecond, end: 2 * time.Millisecond},
		"1m30s":    {first: 90 * time.Second, end: 90 * time.Second},
		"+.2~+.25": {relative: true, first: 200 * time.Millisecond, end: 250 * time.Millisecond, span: true},
		"*":        {relative: true, span: true, any: true},
	} {
		if m, err := parseMoment(&scanner{text: text}); err != nil || m != want {
			t.Errorf("%s: %+v, %v", text, m, err)
		}
	}
}

// A SYN put together by hand after RFC 791 and RFC 9293, checksums by a program
// in another language.
const synByHand = "02000000000402000a000001" + "0800" + // to the stack, from the peer
	"45000038000140004006" + "26bb" + "0a0000010a000004" + // 56 bytes, ID 1, DF, TTL 64, TCP
	"1f400050" + "fffffff6" + "00000000" + "9002" + "03e8" + "249b" + "0000" + // 8000>80, seq, ack, 9 words, S, win 1000
	"020405b4" + "0402" + "fd040102" + "030307" + "000000" // mss, sackOK, unknown 253, wscale 7, padding

func TestFrameByHand(t *testing.T) {
	want, err := hex.DecodeString(synByHand)
	must(err)
	s, err := ParseSegment("S 0:0(0) win 1000 <mss 1460,sackOK,unknown 253 0102,wscale 7>")
	must(err)
	f := Flow{SrcMAC: peerMAC, DstMAC: stackMAC, SrcIP: peerIP, DstIP: stackIP, SrcPort: 8000, DstPort: 80, SrcISS: Wrap}
	frame, err := s.Frame(f)
	if err != nil || !bytes.Equal(frame, want) {
		t.Errorf("built %x, %v\nwant  %x", frame, err, want)
	}
	got, err := Decode(want, f)
	if err != nil || got.String() != "S 0:0(0) win 1000 <mss 1460,sackOK,unknown 253 0102,wscale 7,eol>" {
		t.Errorf("decoded %s, %v", got, err)
	}
}

func FuzzSegment(f *testing.F) {
	for _, line := range canonical {
		f.Add(line)
	}
	flow := Flow{SrcMAC: peerMAC, DstMAC: stackMAC, SrcIP: peerIP, DstIP: stackIP, SrcPort: 1, DstPort: 2, SrcISS: Wrap, DstISS: Wrap}
	flow.Names = map[string]uint32{"a": 7}
	f.Fuzz(func(t *testing.T, line string) {
		s, err := ParseSegment(line)
		if err != nil {
			return
		}
		again, err := ParseSegment(s.String())
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Fatalf("%q became %q, then %q, %v", line, s, again, err)
		}
		frame, err := s.Frame(flow)
		if err != nil || s.Has&(BadChecksum|HasOffset|HasReserved) != 0 || s.Len > 1460 {
			return
		}
		for _, o := range s.Options {
			if o.Raw || o.Kind == kindEOL {
				return // nothing can be known of what follows
			}
		}
		got, err := Decode(frame, flow)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if err := s.Match(got, flow.Names); err != nil {
			t.Fatalf("%q came back as %q: %v", s, got, err)
		}
		if err := checkPayload(s, got, Pattern); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
	})
}

// No script makes the parser panic.
func FuzzScript(f *testing.F) {
	f.Add(handshake + "+1 do! read \"x\" = y\n* done read\n+0 < icmp unreachable frag mtu 5 from 1.2.3.4 [1:2(1)]\n+0 forget 1>2\n.5 < raw 00 01 # x")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := parseScript(text); err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
	})
}
