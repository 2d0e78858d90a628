package stack

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"framebyframe/shared/suite"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// RFC 1122 3.2.2.6: everything that came is in the reply.
func TestEcho(t *testing.T) {
	for _, n := range []int{0, 1, 56, 1471, 1472} {
		onBench(t, func(b *bench) {
			b.meet()
			b.sendIPv4(ipv4From(peerIP, protocolICMP), echoRequest(3, pattern(n)))
			d := b.wantEchoReply(b.One(), 3, pattern(n))
			if d.eth.DstMAC.String() != peerMAC.String() || !d.ip.DstIP.Equal(peerIP.AsSlice()) {
				b.Errorf("reply to %v at %v", d.ip.DstIP, d.eth.DstMAC)
			}
		})
	}
}

// An echo in a frame of RFC 1042's kind is answered like any other (RFC 1122 2.3.3). What is
// behind the length is neither its data nor traced.
func TestEchoInSNAP(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		plain := ipv4Frame(ipv4From(peerIP, protocolICMP), echoRequest(3, pattern(9)))
		datagram := plain[etherHeaderLen:]
		frame := slices.Concat(plain[:12], []byte{0, byte(snapHeaderLen + len(datagram))}, []byte(snapHeader), plain[12:14], datagram, pattern(9))
		b.Send(frame)
		b.wantEchoReply(b.One(), 3, pattern(9))
		if got, want := Describe(frame), Describe(plain); got != want {
			b.Errorf("traced as %s\n    want %s", got, want)
		}
	})
}

// RFC 792: the code of a reply is 0, whatever the request's was; and the request
// itself stays as it was.
func TestEchoCode(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		frame := withOptions(unhex("07 07 04 00000000 00"))
		at := etherHeaderLen + 28
		copy(frame[at:], icmpBytes(icmpEcho, 5, 77, 1, frame[at+8:]))
		before := bytes.Clone(frame)
		b.do(func() { b.s.receiveFrame(frame) })
		if !bytes.Equal(frame, before) {
			b.Error("the request was changed")
		}
		b.wantEchoReply(b.One(), 1, []byte("options"))
	})
}

// A reply to somebody whose MAC we do not know waits for ARP.
func TestEchoReplyWaitsForARP(t *testing.T) {
	onBench(t, func(b *bench) {
		b.sendIPv4(ipv4From(peerIP, protocolICMP), echoRequest(1, []byte("x")))
		b.WantARP(b.One(), broadcastMAC, layers.ARPRequest, ourIP, MAC{}, peerIP)
		b.Send(reply(peerMAC, peerIP))
		b.wantEchoReply(b.One(), 1, []byte("x"))
	})
}

// Echoes are not limited, however many there are.
func TestEchoesAreNotLimited(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		for i := range 1000 {
			b.do(func() { b.s.receiveFrame(ipv4Frame(ipv4From(peerIP, protocolICMP), echoRequest(uint16(i), nil))) })
		}
		if n := len(b.Take()); n != 1000 {
			b.Errorf("%d replies to 1000 echoes", n)
		}
	})
}

func TestICMPDropped(t *testing.T) {
	quote := ipv4Frame(ipv4To(peerIP), echoRequest(1, nil))[etherHeaderLen:]
	later := bytes.Clone(quote)
	later[7] = 5
	ourError := ipv4Frame(ipv4To(peerIP), icmpBytes(3, 2, 0, 0, quote))[etherHeaderLen:]
	unknown := ipv4To(peerIP)
	unknown.Protocol = 99
	strange := ipv4Frame(unknown, pattern(8))[etherHeaderLen:]
	foreign := ipv4Frame(ipv4From(peerIP, protocolICMP), echoRequest(1, nil))[etherHeaderLen:]
	for _, test := range []struct {
		name    string
		message []byte
		want    error
	}{
		{"7 bytes", echoRequest(1, nil)[:7], errICMPShort},
		{"checksum", append(echoRequest(1, nil), 1), errICMPChecksum},
		{"echo reply that nobody waits for", icmpBytes(icmpEchoReply, 0, 1, 1, nil), errICMPUnasked},
		{"source quench (RFC 6633)", icmpBytes(4, 0, 0, 0, quote), errICMPType},
		{"redirect", icmpBytes(5, 1, 0x0a00, 9, quote), errICMPType},
		{"router advertisement", icmpBytes(9, 0, 0, 0, nil), errICMPType},
		{"timestamp", icmpBytes(icmpTimestamp, 0, 1, 1, make([]byte, 12)), errICMPType},
		{"address mask", icmpBytes(17, 0, 1, 1, make([]byte, 4)), errICMPType},
		{"unknown type", icmpBytes(42, 0, 1, 1, nil), errICMPType},
		{"error without a quote", icmpBytes(3, 1, 0, 0, nil), errICMPQuote},
		{"error with half a header", icmpBytes(3, 1, 0, 0, quote[:19]), errICMPQuote},
		{"error with 7 bytes of payload", icmpBytes(3, 1, 0, 0, quote[:27]), errICMPQuote},
		{"error about somebody else's datagram", icmpBytes(3, 1, 0, 0, foreign), errICMPQuote},
		{"error about a fragment that is not the first", icmpBytes(3, 1, 0, 0, later), errICMPQuote},
		{"error about an error of ours", icmpBytes(3, 1, 0, 0, ourError), errICMPUnwanted},
		{"error about an echo that nobody waits for", icmpBytes(3, 1, 0, 0, quote), errICMPUnwanted},
		{"error about a protocol that nobody speaks", icmpBytes(3, 1, 0, 0, strange), errICMPUnwanted},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.meet()
				b.sendIPv4(ipv4From(peerIP, protocolICMP), test.message)
				b.Silence()
				b.wantDropped(test.want, 1)
				b.wantAlive()
			})
		})
	}
}

// RFC 1122 3.2.2.1: for a protocol that is not here, protocol unreachable, with
// the header and at least 8 bytes of what it is about, 576 bytes in all at most.
func TestProtocolUnreachable(t *testing.T) {
	for _, n := range []int{0, 8, 100, 520, 1480} {
		onBench(t, func(b *bench) {
			b.meet()
			frame := ipv4Frame(ipv4From(peerIP, 99), pattern(n))
			b.Send(frame)
			b.wantDropped(errIPv4Protocol, 1)
			d := b.wantICMP(b.One(), icmpUnreachable, codeProtocolUnreachable)
			want := frame[etherHeaderLen:]
			want = want[:min(len(want), 548)]
			if !bytes.Equal(d.icmp.Payload, want) || d.icmp.Id != 0 || d.icmp.Seq != 0 {
				b.Errorf("quotes %d bytes of %d", len(d.icmp.Payload), len(frame)-etherHeaderLen)
			}
		})
	}
}

// RFC 1122 3.2.2: the cases in which an ICMP error MUST NOT be sent. Each of
// these would otherwise be complained of.
func TestNeverComplain(t *testing.T) {
	badOption := unhex("07 01 0000")
	icmpWithBadOption := func(typ uint8) []byte {
		frame := withOptions(badOption)
		at := etherHeaderLen + 24
		copy(frame[at:], icmpBytes(typ, 0, 0, 0, frame[at+8:]))
		return frame
	}
	for _, test := range []struct {
		name     string
		frame    []byte
		complain bool
	}{
		{"echo request: may be complained of", icmpWithBadOption(icmpEcho), true},
		{"echo reply: too", icmpWithBadOption(icmpEchoReply), true},
		{"ICMP unreachable", icmpWithBadOption(3), false},
		{"ICMP source quench", icmpWithBadOption(4), false},
		{"ICMP redirect", icmpWithBadOption(5), false},
		{"ICMP time exceeded", icmpWithBadOption(11), false},
		{"ICMP parameter problem", icmpWithBadOption(12), false},
		{"timestamp request: too", icmpWithBadOption(icmpTimestamp), true},
		{"ICMP of unknown type", icmpWithBadOption(99), false},
		{"ICMP without a type", replaceHeader(ipv4Frame(ipv4From(peerIP, protocolICMP), []byte{8}), badOption), false},
		{"a fragment that is not the first", func() []byte {
			ip := ipv4From(peerIP, 99)
			ip.FragOffset = 10
			frame := ipv4Frame(ip, make([]byte, 8))
			return replaceHeader(frame, badOption)
		}(), false},
		{"sent to all cards", func() []byte {
			frame := ipv4Frame(ipv4From(peerIP, 99), nil)
			copy(frame, broadcastMAC[:])
			return frame
		}(), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.meet()
				b.Send(test.frame)
				if got := len(b.Take()) > 0; got != test.complain {
					b.Errorf("complained: %v, want %v\n%s", got, test.complain, b.Log)
				}
			})
		})
	}
}

// replaceHeader gives the datagram in a frame a list of options.
func replaceHeader(frame, list []byte) []byte {
	h, payload, err := parsedIPv4(frame[etherHeaderLen:])
	if err != nil {
		panic(err)
	}
	h.options = list
	out := append(bytes.Clone(frame[:etherHeaderLen]), make([]byte, h.headerLen())...)
	h.put(out[etherHeaderLen:], len(payload))
	return append(out, payload...)
}

// Errors are limited: 50 at once, then one every 10 ms, whoever causes them.
func TestICMPErrorsAreLimited(t *testing.T) {
	total := 0
	onBench(t, func(b *bench) {
		b.meet()
		frame := ipv4Frame(ipv4From(peerIP, 99), nil)
		burst := func(n int) int {
			for range n {
				b.do(func() { b.s.receiveFrame(frame) })
			}
			return len(b.Take())
		}
		if n := burst(1000); n != icmpBurst {
			b.Errorf("%d errors at once, want %d", n, icmpBurst)
		}
		b.wantDropped(errICMPRateLimit, 1000-icmpBurst)
		b.Advance(100 * time.Millisecond)
		if n := burst(1000); n != 10 {
			b.Errorf("%d errors after 100 ms, want 10", n)
		}
		for range 1000 {
			b.Advance(3 * time.Millisecond)
			total += burst(1)
		}
		if total != 300 {
			b.Errorf("%d errors in 3 s, want 300", total)
		}
		b.Advance(time.Hour)
		b.meet()
		if n := burst(1000); n != icmpBurst {
			b.Errorf("%d errors after an hour, want %d", n, icmpBurst)
		}
	})
	suite.Row{
		Area: "attack", What: "made to complain for long", Source: "RFC 1812 4.3.2.8", Tried: "333 bad datagrams a second, for 3 s",
		Outcome: fmt.Sprintf("%d ICMP errors: a hundred a second, after a burst of %d", total, icmpBurst),
	}.Report(t)
}

// compareICMP holds our parser against gopacket's.
func compareICMP(t *testing.T, b []byte) {
	t.Helper()
	m, err := parseICMP(b)
	if err != nil {
		return
	}
	var icmp layers.ICMPv4
	if err := icmp.DecodeFromBytes(b, gopacket.NilDecodeFeedback); err != nil {
		t.Fatalf("gopacket refuses what we take, % x: %v", b, err)
	}
	if icmp.TypeCode != layers.CreateICMPv4TypeCode(m.typ, m.code) || icmp.Id != m.id() || icmp.Seq != m.seq() ||
		!bytes.Equal(icmp.Payload, m.data) {
		t.Fatalf("% x\n   ours %+v\ngopacket %+v", b, m, icmp)
	}
	again := append(make([]byte, icmpHeaderLen), m.data...)
	m.put(again)
	if !bytes.Equal(again[:2], b[:2]) || !bytes.Equal(again[4:], b[4:]) || suite.Checksum(again) != 0 {
		t.Fatalf("put wrote % x for % x", again, b)
	}
}

func TestParseICMPAgainstGopacket(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	for range 10_000 {
		b := randomBytes(random, icmpHeaderLen+random.IntN(100))
		m := icmpMessage{typ: b[0], code: b[1], rest: [4]byte(b[4:8])}
		m.put(b)
		if _, err := parseICMP(b); err != nil {
			t.Fatalf("% x: %v", b, err)
		}
		compareICMP(t, b)
	}
}

func FuzzParseICMP(f *testing.F) {
	f.Add(echoRequest(1, pattern(56)))
	f.Add(icmpBytes(3, 4, 0, 1400, suite.CapturedIPv4[etherHeaderLen:]))
	for _, message := range suite.CapturedPayloads(f, etherHeaderLen+ipv4MinHeaderLen, suite.IsProtocol(protocolICMP)) {
		f.Add(message)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		compareICMP(t, b)
		if len(b) >= icmpHeaderLen { // nearly nothing has the right checksum by chance
			m, _ := parseICMPHeader(b)
			fixed := append(make([]byte, icmpHeaderLen), m.data...)
			m.put(fixed)
			compareICMP(t, fixed)
		}
	})
}
