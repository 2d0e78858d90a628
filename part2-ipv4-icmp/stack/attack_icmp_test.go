package stack

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"framebyframe/shared/suite"

	"github.com/google/gopacket/layers"
)

// A flood of pings: each has its reply, as long as it is, and costs nothing else.
func TestAttackEchoFlood(t *testing.T) {
	n, outcome := suite.Attacks(1_000_000), ""
	onDirect(t, quietConfig(), func(v *direct) {
		short := ipv4Frame(ipv4From(peerIP, protocolICMP), echoRequest(1, nil))
		long := ipv4Frame(ipv4From(farIP, protocolICMP), echoRequest(1, pattern(1472)))
		cost := v.attack(n, func(i int) []byte {
			if i%10 == 0 {
				return long
			}
			return short
		})
		outcome = suite.WantAtMost(v, cost, n, 0, 64<<10)
		if cost.Answers != n || cost.Replied != cost.Bytes {
			v.Errorf("%d answers, %d bytes for %d", cost.Answers, cost.Replied, cost.Bytes)
		}
	})
	suite.Row{
		Area: "attack", What: "echo flood", Source: "RFC 1122 3.2.2.6", Tried: fmt.Sprintf("%d echo requests", n), Outcome: outcome,
	}.Report(t)
}

// Every type and code of ICMP, about a datagram of ours, about another's, and in a header
// with a malformed option: errors are never answered with errors (RFC 1122 3.2.2), or two
// hosts would never end.
func TestAttackICMPStorm(t *testing.T) {
	tried, answers := 0, 0
	onDirect(t, quietConfig(), func(v *direct) {
		ours := ipv4Frame(ipv4To(peerIP), echoRequest(1, nil))[etherHeaderLen:]
		strange := ipv4To(peerIP)
		strange.Protocol = 99
		for _, quote := range [][]byte{nil, ours, ipv4Frame(strange, pattern(40))[etherHeaderLen:], pattern(500)} {
			plain := ipv4Frame(ipv4From(peerIP, protocolICMP), icmpBytes(0, 0, 0, 0, quote))
			for _, frame := range [][]byte{plain, replaceHeader(plain, unhex("07 01 0000"))} {
				n, got := v.storm(frame)
				tried += n
				answers += got
			}
		}
	})
	suite.Row{
		Area: "attack", What: "ICMP storm: messages of all types and codes, with good and bad headers", Source: "RFC 1122 3.2.2",
		Tried: fmt.Sprintf("%d messages", tried), Outcome: fmt.Sprintf("%d answers, to echo requests and to queries with bad headers alone", answers),
	}.Report(t)
}

// storm has the stack handle a message with each type and code, or each with one of the
// first sixteen codes, and returns how many those were and how many it answers.
func (v *direct) storm(frame []byte) (tried, answers int) {
	v.Helper()
	h, message, err := parsedIPv4(frame[etherHeaderLen:])
	if err != nil {
		v.Fatal(err)
	}
	bad := len(h.options) > 0
	for i := range 65536 {
		if !*suite.Long && byte(i) >= 16 { // IANA knows no higher code
			continue
		}
		tried++
		message[0], message[1], message[2], message[3] = byte(i>>8), byte(i), 0, 0
		binary.BigEndian.PutUint16(message[2:], checksum(message))
		v.s.icmp.errors = tokenBucket{} // or it would hide what should not be
		n := v.receive(frame)
		query := message[0] == icmpEcho || bad && (message[0] == icmpEchoReply || message[0] == icmpTimestamp)
		if n > 1 || query != (n == 1) {
			v.Errorf("type %d, code %d, bad header: %v: %d answers", message[0], message[1], bad, n)
		}
		answers += n
	}
	return tried, answers
}

// Redirects (RFC 792) would send our way to a liar's card. Whatever they say, and whoever
// says it, the gateway stays.
func TestAttackRedirects(t *testing.T) {
	tried := 0
	onDirect(t, quietConfig(), func(v *direct) {
		v.receive(request(otherMAC, otherIP, ourIP)) // the liar is a neighbour as good as any
		ip := ipv4From(ourIP, protocolICMP)
		ip.DstIP = farIP.AsSlice()
		quote := ipv4Frame(ip, echoRequest(1, nil))[etherHeaderLen:]
		liar := binary.BigEndian.Uint32(otherIP.AsSlice())
		for code := range uint8(4) {
			for _, from := range []netip.Addr{peerIP, otherIP, farIP} {
				for _, about := range []*layers.IPv4{ip, ipv4To(farIP), ipv4To(peerIP)} {
					message := icmpBytes(5, code, uint16(liar>>16), uint16(liar), ipv4Frame(about, quote[20:])[etherHeaderLen:])
					if v.receive(ipv4Frame(ipv4From(from, protocolICMP), message)) != 0 {
						v.Error("answered")
					}
					tried++
				}
			}
		}
		if got := v.s.dropped[errICMPType]; got != uint64(tried) {
			v.Errorf("%d of %d dropped for their type", got, tried)
		}
		dst := MAC{}
		v.see = func(frame []byte) { dst = MAC(frame[:6]) }
		v.receive(ipv4Frame(ipv4From(farIP, protocolICMP), echoRequest(1, nil)))
		if dst != peerMAC {
			v.Errorf("what goes far goes to %v, want the gateway at %v", dst, peerMAC)
		}
	})
	suite.Row{
		Area: "attack", What: "ICMP redirects", Source: "RFC 1122 3.2.2.2", Tried: fmt.Sprintf("%d redirects to a liar on the link", tried),
		Outcome: "ignored: the gateway stays",
	}.Report(t)
}

// Errors about our echo request that are broken: cut at every length, or with any bit of
// the message wrong. The one who waits goes on waiting, and gets his reply.
func TestAttackBrokenErrors(t *testing.T) {
	tried := 0
	onBench(t, func(b *bench) {
		b.meet()
		c := b.goPing(b.Context(), peerIP, 7)
		sent := b.One()
		quote := sent[etherHeaderLen:]
		for _, typ := range []uint8{icmpUnreachable, icmpTimeExceeded, icmpParameterProblem} {
			for n := range ipv4MinHeaderLen + icmpHeaderLen { // "the first 64 bits" is what is quoted at least
				b.do(func() {
					b.s.receiveFrame(ipv4Frame(ipv4From(peerIP, protocolICMP), icmpBytes(typ, 1, 0, 0, quote[:n])))
				})
				tried++
			}
			message := icmpBytes(typ, 1, 0, 0, quote)
			for bit := range len(message) * 8 {
				spoilt := bytes.Clone(message)
				spoilt[bit/8] ^= 1 << (bit % 8)
				b.do(func() { b.s.receiveFrame(ipv4Frame(ipv4From(peerIP, protocolICMP), spoilt)) })
				tried++
			}
		}
		b.Silence()
		select {
		case r := <-c:
			b.Fatalf("Ping = %+v", r)
		default:
		}
		b.answer(sent)
		if r := <-c; r.err != nil {
			b.Errorf("Ping: %v", r.err)
		}
	})
	suite.Row{
		Area: "attack", What: "ICMP errors that are cut short, or have a wrong checksum", Source: "RFC 1122 3.2.2; RFC 792",
		Tried: fmt.Sprintf("%d errors about an echo request: each length, each bit", tried), Outcome: "none believed, none answered",
	}.Report(t)
}

// Complaints in somebody else's name: a hundred a second at most, each with a quote of what
// came, so that not much more is sent than came.
func TestAttackComplaints(t *testing.T) {
	n, outcome := suite.Attacks(1_000_000), ""
	onDirect(t, quietConfig(), func(v *direct) {
		frame := ipv4Frame(ipv4From(farIP, 99), nil)
		first := v.attack(1, func(int) []byte { return frame })
		cost := v.attack(n, func(int) []byte { return frame })
		outcome = fmt.Sprintf("%s; a complaint has %d bytes for %d", suite.WantAtMost(v, cost, icmpBurst, 0, 64<<10), first.Replied, first.Bytes)
		if first.Answers != 1 || cost.Answers != icmpBurst-1 || cost.Replied > cost.Bytes {
			v.Errorf("%d and %d answers, %d bytes for %d", first.Answers, cost.Answers, cost.Replied, cost.Bytes)
		}
	})
	suite.Row{
		Area: "attack", What: "made to complain to a victim", Source: "RFC 1122 3.2.2; RFC 1812 4.3.2.8",
		Tried: fmt.Sprintf("%d datagrams of an unknown protocol with a forged source, at once", n), Outcome: outcome,
	}.Report(t)
}

// The flood of forged ARP senders of part 1, with pings: an honest host that comes in the
// middle of it is answered, and so is one that was there before.
func TestAttackPingInARPFlood(t *testing.T) {
	n := suite.Attacks(1_000_000)
	asked, answered := 0, 0
	cfg := quietConfig()
	cfg.IP = netip.MustParsePrefix("10.0.0.4/8")
	onDirect(t, cfg, func(v *direct) {
		next := suite.ARPForgery()
		for i := range n {
			v.receive(next(i))
			if i%(n/100) != 0 {
				continue
			}
			guest := nth(otherIP, i/(n/100))
			asked += 2
			answered += v.receive(ipv4Frame(ipv4From(peerIP, protocolICMP), echoRequest(1, nil)))
			v.receive(ipv4Frame(ipv4From(guest, protocolICMP), echoRequest(1, nil))) // makes us ask
			answered += v.receive(reply(otherMAC, guest))
		}
	})
	if answered != asked || asked < 100 {
		t.Errorf("%d of %d honest pings were answered", answered, asked)
	}
	suite.Row{
		Area: "attack", What: "pings in an ARP table flood", Source: "RFC 6583 (for IPv6)", Tried: fmt.Sprintf("%d forged senders", n),
		Outcome: fmt.Sprintf("%d of %d honest pings answered, half of them of hosts unknown before", answered, asked),
	}.Report(t)
}
