package stack

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"framebyframe/shared/apps/datagrams"
	"framebyframe/shared/suite"

	"github.com/google/gopacket/layers"
)

func init() {
	askers["UDP, to a port that nobody has"] = func() []byte { return forgedUDP(server, pattern(56))(0) }
}

// forgedUDP returns a frame whose source address and port are others each time; the checksum is
// left out, as it may be, so that a new one costs nothing.
func forgedUDP(to netip.AddrPort, data []byte) func(i int) []byte {
	frame := udpFrame(netip.AddrPortFrom(farIP, 40111), to, data)
	udp := frame[etherHeaderLen+ipv4MinHeaderLen:]
	udp[6], udp[7] = 0, 0
	return func(i int) []byte {
		readdress(frame, 12, [4]byte{198, 18, byte(i >> 8), byte(i)}) // the benchmarks' block (RFC 2544)
		binary.BigEndian.PutUint16(udp, uint16(firstEphemeralPort+i%ephemeralPorts))
		return frame
	}
}

// A flood of datagrams in many names, to a port that nobody reads: what waits is bounded, and
// afterwards what is in the queue is all that it costs. In the middle of it, the owner of another
// port goes on answering.
func TestAttackUDPFlood(t *testing.T) {
	n, outcome, asked, answered := suite.Attacks(1_000_000), "", 0, 0
	for _, size := range []int{0, 1400} {
		onDirect(t, quietConfig(), func(v *direct) {
			if _, err := v.s.ListenUDP(9); err != nil {
				t.Fatal(err)
			}
			honest, err := v.s.ListenUDP(server.Port())
			if err != nil {
				t.Fatal(err)
			}
			next := forgedUDP(netip.AddrPortFrom(ourIP, 9), pattern(size))
			v.attack(n/10, next) // fills the queue
			cost := v.attack(n, next)
			outcome = suite.WantAtMost(v, cost, 0, 0, maxUDPQueue)
			question := udpFrame(client, server, []byte("honest"))
			for i := range 100 {
				v.attack(n/1000, next)
				v.receive(question)
				asked++
				if d, err := honest.Receive(v.Context()); err != nil || string(d.Data) != "honest" {
					t.Fatalf("question %d: %+v, %v", i, d, err)
				}
				before := v.sent.Answers
				if err := honest.Send(Datagram{Peer: client, Data: []byte("answer")}); err != nil {
					t.Fatal(err)
				}
				answered += v.sent.Answers - before
			}
		})
	}
	if asked != answered {
		t.Errorf("%d answers to %d honest questions", answered, asked)
	}
	suite.Row{
		Area: "attack", What: "UDP flood to a port that nobody reads", Source: "RFC 1122 4.1",
		Tried:   fmt.Sprintf("%d datagrams with forged sources, empty ones and ones of 1400 bytes", 2*n),
		Outcome: fmt.Sprintf("%s; %d of %d honest questions to another port meanwhile are answered", outcome, answered, asked),
	}.Report(t)
}

// The same to ports that nobody has: a hundred complaints a second at most, none longer than
// what came and 28 bytes.
func TestAttackUDPClosedPorts(t *testing.T) {
	n, outcome := suite.Attacks(1_000_000), ""
	onDirect(t, quietConfig(), func(v *direct) {
		next := forgedUDP(server, pattern(100))
		cost := v.attack(n, next)
		outcome = suite.WantAtMost(v, cost, icmpBurst, 0, 64<<10)
	})
	suite.Row{
		Area: "attack", What: "UDP flood to ports that nobody has", Source: "RFC 1122 4.1.3.1; RFC 1812 4.3.2.8",
		Tried: fmt.Sprintf("%d datagrams with forged sources, at once", n), Outcome: outcome,
	}.Report(t)
}

// A datagram in the name of a service, elsewhere or here, to each service here: two services would
// answer each other for ever (CERT CA-1996-01). And one to all, in the name of a victim ("fraggle"):
// all hosts would answer him.
func TestAttackUDPServiceLoop(t *testing.T) {
	tried, answers := 0, 0
	onBench(t, func(b *bench) {
		b.meet()
		b.Send(request(otherMAC, otherIP, ourIP))
		b.Take()
		for port, service := range datagrams.Services {
			go datagrams.Serve(b.listenUDP(port), service)
		}
		receive := func(from, to netip.AddrPort) {
			b.Send(udpFrame(from, to, []byte("ping-pong")))
			tried++
			answers += len(b.Take())
		}
		for port := range datagrams.Services {
			for from := range datagrams.Services {
				receive(netip.AddrPortFrom(otherIP, from), netip.AddrPortFrom(ourIP, port))
				receive(netip.AddrPortFrom(ourIP, from), netip.AddrPortFrom(ourIP, port))
			}
			receive(client, netip.AddrPortFrom(toAll, port))
			receive(client, netip.AddrPortFrom(netip.MustParseAddr("10.0.0.255"), port))
		}
		b.Send(udpFrame(client, netip.AddrPortFrom(ourIP, 7), []byte("honest")))
		b.wantUDP(b.One(), 7, client, []byte("honest"))
	})
	if answers != 0 {
		t.Errorf("%d answers, want none", answers)
	}
	suite.Row{
		Area: "attack", What: "services made to answer each other, or all to answer a victim (fraggle)", Source: "CERT CA-1996-01, RFC 2644",
		Tried: fmt.Sprintf("%d datagrams: from each service's port elsewhere, and here, to each, and to all", tried), Outcome: "no answer",
	}.Report(t)
}

// Errors about datagrams of ours, forged by somebody who knows a port: he hears nothing, keeps a
// bounded number of errors, and no datagram out.
func TestAttackUDPForgedErrors(t *testing.T) {
	n, outcome := suite.Attacks(1_000_000), ""
	onDirect(t, quietConfig(), func(v *direct) {
		u, err := v.s.ListenUDP(server.Port())
		if err != nil {
			t.Fatal(err)
		}
		quote := ipv4Frame(&layers.IPv4{Version: 4, TTL: 1, Protocol: layers.IPProtocolUDP, SrcIP: ourIP.AsSlice(), DstIP: farIP.AsSlice()},
			udpBytes(server, netip.AddrPortFrom(farIP, 53), nil))[etherHeaderLen:]
		frame := ipv4Frame(ipv4From(otherIP, protocolICMP), icmpBytes(icmpUnreachable, codePortUnreachable, 0, 0, quote))
		cost := v.attack(n, func(int) []byte { return frame })
		outcome = suite.WantAtMost(v, cost, 0, 3, 64<<10)
		v.receive(udpFrame(client, server, []byte("honest")))
		for heard := 0; ; heard++ {
			d, err := u.Receive(v.Context())
			if err == nil {
				outcome += fmt.Sprintf("; %d wait to be heard, and the next datagram is received", heard)
				if heard != maxUDPErrors || string(d.Data) != "honest" {
					t.Errorf("%d errors, then %+v", heard, d)
				}
				break
			}
		}
	})
	suite.Row{
		Area: "attack", What: "forged ICMP errors about UDP", Source: "RFC 5927 4; RFC 1122 4.1.3.3",
		Tried: fmt.Sprintf("%d port unreachables that quote an open port of ours", n), Outcome: outcome,
	}.Report(t)
}
