package stack

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"framebyframe/shared/script"
)

// The end of the option list is its end, whatever comes behind it (RFC 9293 3.1, MUST-4:
// End of Option List "MUST be supported").
func TestScriptEndOfOptions(t *testing.T) {
	onBench(t, func(b *bench) {
		// Whoever took kind 0 for an option with a length would find an MSS behind it.
		b.Play(`
			+0 < S 0:0(0) win 1000 <raw 0002 020404b0 0000>
			+0 > S. 0:0(0) ack 1
			+0 < . 1:1(0) ack 1 win 1000`)
		b.do(func() {
			if got := b.conn(8000).snd.mss; got != defaultMSS {
				b.Errorf("an MSS of %d was read behind the end of the list", got)
			}
		})
	})
}

// "When received options are passed up to TCP from the IP layer, a TCP implementation MUST
// ignore options that it does not understand" (RFC 9293 3.9.2, MUST-50). Nor does a record
// route or a timestamp come back, as in an echo: MAY-10 and MAY-11 are not taken.
func TestScriptIPOptionsIgnored(t *testing.T) {
	for name, list := range map[string]string{
		"unknown":      "9e04 0000",
		"NOPs":         "0101 0101",
		"record route": "0707 0400 0000 0000",
		"timestamp":    "440c 0500 0000 0000 0000 0000",
	} {
		t.Run(name, func(t *testing.T) {
			onListening(t, func(b *bench, _ *Listener) {
				b.meet()
				syn, err := script.ParseSegment("8000>80 S 0:0(0) win 1000 <mss 1460>")
				if err != nil {
					t.Fatal(err)
				}
				frame, err := syn.Frame(script.Flow{
					SrcMAC: peerMAC, DstMAC: ourMAC, SrcIP: peerIP, DstIP: ourIP, SrcPort: 8000, DstPort: 80,
				})
				if err != nil {
					t.Fatal(err)
				}
				b.Send(insertIPOptions(frame, unhex(list)))
				answer := b.One()[etherHeaderLen:]
				if answer[0] != 0x45 || answer[ipv4MinHeaderLen+13] != flagSYN|flagACK {
					t.Errorf("answered % x, want a SYN,ACK in a datagram without options", answer)
				}
				if state := b.state(8000); state != stateSynReceived {
					t.Errorf("it is in %s", state)
				}
			})
		})
	}
}

// insertIPOptions puts options into the IPv4 header of a frame. The list is a multiple of
// four bytes long.
func insertIPOptions(frame, list []byte) []byte {
	list = padOptions(list)
	header := bytes.Clone(frame[etherHeaderLen:][:ipv4MinHeaderLen])
	header = append(header, list...)
	header[0] = 0x40 | byte(len(header)/4)
	binary.BigEndian.PutUint16(header[2:], binary.BigEndian.Uint16(header[2:])+uint16(len(list)))
	rechecksum(header)
	return append(append(bytes.Clone(frame[:etherHeaderLen]), header...), frame[etherHeaderLen+ipv4MinHeaderLen:]...)
}

// The maximum segment size is what the other side's SYN says, or else 536 (RFC 9293
// 3.7.1, MUST-15). A list that is malformed must not harm (3.1, MUST-7).
func TestScriptMSSOption(t *testing.T) {
	for options, want := range map[string]int{
		"<mss 1460>":                             1460,
		"<mss 0>":                                48, // nobody means that: CVE-2019-11479
		"<mss 47>":                               48,
		"<mss 49>":                               49,
		"<mss 1000>":                             1000,
		"<>":                                     536,
		"<nop,nop,wscale 3,nop>":                 536,
		"<sackOK,unknown 253 010203,mss 900>":    900,
		"<mss 1200,mss 1300>":                    1200,
		"<eol,mss 1460>":                         536,
		"<raw 02>":                               536, // a kind, and nothing behind it
		"<raw 0200>":                             536, // a length that is no length
		"<raw 0201>":                             536,
		"<raw 0203 05b4>":                        536, // shorter than an MSS
		"<raw 0205 05b400>":                      536, // longer than one
		"<raw 0208 05b4>":                        536, // longer than the list
		"<raw fd00 020405b4>":                    536, // behind it nothing can be found
		"<raw fdff 020405b4>":                    536,
		"<raw 01010101010101010101 020404b0>":    1200,
		"<mss 1400,raw 08>":                      1400,
		"<raw fe02fe02fe02fe02fe02fe02020403e8>": 1000,
	} {
		for how, text := range map[string]string{
			"passive": "+0 < S 0:0(0) win 1000 OPTIONS\n+0 > S. 0:0(0) ack 1 <mss 1460,...>\n+0 < . 1:1(0) ack 1 win 1000",
			"active":  "+0 do! dial\n+0 > S 0:0(0) <mss 1460,...>\n+0 < S. 0:0(0) ack 1 win 1000 OPTIONS\n+0 > . 1:1(0) ack 1\n+0 done dial",
		} {
			t.Run(how+" "+options, func(t *testing.T) {
				onBench(t, func(b *bench) {
					b.Play(replace(text, options) + "\n+0 state ESTABLISHED")
					b.do(func() {
						if got := b.conn(8000).snd.mss; got != want {
							b.Errorf("the peer's MSS is %d, want %d", got, want)
						}
					})
				})
			})
		}
	}
}

// The window is scaled if both SYNs say so, and only then may the second one say it
// (RFC 7323 2.2). "If a Window Scale option is received with a shift.cnt value larger
// than 14, the TCP [...] MUST use 14" (2.3). A window in a SYN is never scaled.
func TestScriptWindowScale(t *testing.T) {
	for _, c := range []struct {
		options string // of the peer's SYN
		shift   uint8  // what comes of it
		scaled  bool
	}{
		{"<mss 1460,nop,wscale 0>", 0, true},
		{"<mss 1460,nop,wscale 7>", 7, true},
		{"<wscale 14,eol>", 14, true},
		{"<wscale 15,eol>", 14, true},
		{"<wscale 255,eol>", 14, true},
		{"<mss 1460>", 0, false},
		{"<>", 0, false},
		{"<raw 0302>", 0, false},
		{"<raw 03040101>", 0, false},
		{"<raw 01010303>", 0, false},
	} {
		ours := "<mss 1460,nop,wscale 7,...>"
		if !c.scaled {
			ours = "<mss 1460>"
		}
		passive := `
			+0 < S 0:0(0) win 50000 OPTIONS
			+0 > S. 0:0(0) ack 1 ` + ours + `
			+0 < . 1:1(0) ack 1 win 100`
		active := `
			+0 do! dial
			+0 > S 0:0(0) <mss 1460,nop,wscale 7,...>
			+0 < S. 0:0(0) ack 1 win 50000 OPTIONS
			+0 > . 1:1(0) ack 1
			+0 done dial`
		t.Run(c.options, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.Play(replace(passive, c.options))
				b.wantScale(c.shift, c.scaled, 100<<c.shift)
			})
			onBench(t, func(b *bench) {
				b.Play(replace(active, c.options))
				b.wantScale(c.shift, c.scaled, 50000)
			})
			onBench(t, func(b *bench) {
				b.Play(replace(active, c.options) + "\n+0 < . 1:1(0) ack 1 win 100")
				b.wantScale(c.shift, c.scaled, 100<<c.shift)
			})
		})
	}
}

// wantScale checks the shifts of both directions, and SND.WND.
func (b *bench) wantScale(shift uint8, scaled bool, wnd int) {
	b.Helper()
	our := uint8(0)
	if scaled {
		our = ourWindowShift
	}
	b.do(func() {
		c := b.conn(8000)
		if c.snd.shift != shift || c.rcv.shift != our || c.snd.wnd != wnd {
			b.Errorf("Snd.Wind.Shift %d, Rcv.Wind.Shift %d, SND.WND %d; want %d, %d, %d",
				c.snd.shift, c.rcv.shift, c.snd.wnd, shift, our, wnd)
		}
	})
}

// replace puts options into a script.
func replace(text, options string) string { return strings.ReplaceAll(text, "OPTIONS", options) }
