package stack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"framebyframe/shared/suite"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// network answers the datagrams of a traceroute as a way with some routers does: a router for
// each, and behind them the destination. A hop of "" does not answer.
func (b *bench) network(dst netip.Addr, routers ...string) {
	b.Helper()
	port, ttl := uint16(traceroutePort), 0
	for n := 0; ; n++ {
		sent := b.Take()
		if len(sent) == 0 {
			return
		}
		frame := sent[0].Bytes
		var eth layers.Ethernet
		var ip layers.IPv4
		var udp layers.UDP
		if eth.DecodeFromBytes(frame, gopacket.NilDecodeFeedback) != nil || ip.DecodeFromBytes(eth.Payload, gopacket.NilDecodeFeedback) != nil ||
			udp.DecodeFromBytes(ip.Payload, gopacket.NilDecodeFeedback) != nil || len(sent) != 1 {
			b.Fatalf("sent %d frames, the first one %s", len(sent), Describe(frame))
		}
		port++
		if n%tracerouteProbes == 0 {
			ttl++
		}
		if uint16(udp.DstPort) != port || int(ip.TTL) != ttl || len(eth.Payload) != 60 {
			b.Errorf("question %d: port %d, TTL %d, %d bytes", n, udp.DstPort, ip.TTL, len(eth.Payload))
		}
		b.Advance(time.Duration(ttl) * 10 * time.Millisecond)
		switch {
		case ttl > len(routers):
			b.sendIPv4(ipv4From(dst, protocolICMP), icmpBytes(icmpUnreachable, codePortUnreachable, 0, 0, eth.Payload[:28]))
		case routers[ttl-1] == "":
			b.Advance(traceroutePatience)
		default:
			router := netip.MustParseAddr(routers[ttl-1])
			b.sendIPv4(ipv4From(router, protocolICMP), icmpBytes(icmpTimeExceeded, 0, 0, 0, eth.Payload[:28]))
		}
	}
}

// goTraceroute prints a traceroute in a goroutine of its own.
func (b *bench) goTraceroute(ctx context.Context, dst netip.Addr) (out *suite.Log, ended <-chan error) {
	out = &suite.Log{}
	c := make(chan error, 1)
	go func() { c <- b.s.PrintTraceroute(ctx, dst, out) }()
	b.Advance(0)
	return out, c
}

var tracerouteTimes = regexp.MustCompile(`\d+\.\d{3} ms`)

// wantTraceroute compares what was printed, but for the times.
func (b *bench) wantTraceroute(out *suite.Log, want string) {
	b.Helper()
	if got := tracerouteTimes.ReplaceAllString(out.String(), "… ms"); got != strings.TrimLeft(want, "\n") {
		b.Errorf("got\n%swant%s", got, want)
	}
}

func TestTraceroute(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		out, ended := b.goTraceroute(b.Context(), farIP)
		b.network(farIP, "10.0.0.1", "", "198.51.100.1")
		if err := <-ended; err != nil {
			b.Error(err)
		}
		b.wantTraceroute(out, `
traceroute to 192.0.2.7 (192.0.2.7), 30 hops max, 60 byte packets
 1  10.0.0.1  … ms  … ms  … ms
 2  * * *
 3  198.51.100.1  … ms  … ms  … ms
 4  192.0.2.7  … ms  … ms  … ms
`)
	})
}

// What else may come back: a host that has the port, and answers; one on our link that says nothing
// of ARP; a router that knows no way; nobody at all, for thirty hops.
func TestTracerouteEnds(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		out, ended := b.goTraceroute(b.Context(), peerIP)
		for port := uint16(traceroutePort + 1); port <= traceroutePort+tracerouteProbes; port++ {
			from := b.decode1(b.One())
			b.Send(udpFrame(netip.AddrPortFrom(peerIP, 9), netip.AddrPortFrom(ourIP, from), nil)) // nobody asked this one
			b.Send(udpFrame(netip.AddrPortFrom(peerIP, port), netip.AddrPortFrom(ourIP, from), []byte("you found me")))
		}
		if err := <-ended; err != nil {
			b.Error(err)
		}
		b.wantTraceroute(out, `
traceroute to 10.0.0.1 (10.0.0.1), 30 hops max, 60 byte packets
 1  10.0.0.1  … ms  … ms  … ms
`)
		out, ended = b.goTraceroute(b.Context(), otherIP)
		b.Advance(time.Minute)
		if err := <-ended; !errors.Is(err, syscall.EHOSTUNREACH) {
			b.Errorf("nobody on our link: %v", err)
		}
		b.wantTraceroute(out, `
traceroute to 10.0.0.9 (10.0.0.9), 30 hops max, 60 byte packets
 1  *
`)
		b.Take()
		b.meet()
		out, ended = b.goTraceroute(b.Context(), farIP)
		for _, code := range []uint8{codeHostUnreachable, codeNetUnreachable, 13} {
			b.sendIPv4(ipv4From(peerIP, protocolICMP), icmpBytes(icmpUnreachable, code, 0, 0, b.One()[etherHeaderLen:][:28]))
		}
		if err := <-ended; err != nil {
			b.Error(err)
		}
		b.wantTraceroute(out, `
traceroute to 192.0.2.7 (192.0.2.7), 30 hops max, 60 byte packets
 1  10.0.0.1  … ms !H  … ms !N  … ms !X
`)
		_, ended = b.goTraceroute(b.Context(), farIP)
		for range tracerouteHops * tracerouteProbes / 15 {
			b.Advance(15 * traceroutePatience)
			b.meet() // the gateway is still there
		}
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "192.0.2.7 does not answer, or is more than 30 hops away") {
			b.Errorf("nobody answers: %v", err)
		}
	})
}

// decode1 returns the source port of a UDP datagram of ours.
func (b *bench) decode1(frame []byte) uint16 {
	b.Helper()
	var h udpHeader
	if err := h.parseHeader(frame[etherHeaderLen+ipv4MinHeaderLen:]); err != nil {
		b.Fatal(err)
	}
	return h.srcPort
}

// Each question is timed for itself.
func TestTracerouteTimes(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		var hops []Hop
		ended := make(chan error, 1)
		go func() { ended <- b.s.Traceroute(b.Context(), farIP, func(hop Hop) { hops = append(hops, hop) }) }()
		b.Advance(0)
		b.network(farIP, "10.0.0.1", "198.51.100.1")
		if err := <-ended; err != nil || len(hops) != 9 {
			b.Fatalf("%d hops, %v", len(hops), err)
		}
		for i, hop := range hops { // the bench lets a millisecond pass with each frame that it sends
			if late := hop.RTT - time.Duration(hop.TTL)*10*time.Millisecond; hop.TTL != i/3+1 || late < 0 || late > 2*time.Millisecond || hop.Last != (hop.TTL == 3) {
				b.Errorf("hop %d: %+v", i, hop)
			}
		}
	})
}

func TestTracerouteErrors(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		nothing := func(Hop) { b.Error("a hop is reported") }
		for dst, want := range map[string]error{"224.0.0.1": syscall.ENETUNREACH, "10.0.0.255": syscall.EACCES} {
			if err := b.s.Traceroute(b.Context(), netip.MustParseAddr(dst), nothing); !errors.Is(err, want) {
				b.Errorf("to %s: %v, want %v", dst, err, want)
			}
		}
		ctx, cancel := context.WithCancel(b.Context())
		out, ended := b.goTraceroute(ctx, farIP)
		cancel()
		if err := <-ended; err != nil || !strings.HasSuffix(out.String(), "\n") {
			b.Errorf("interrupted, which is no failure: %v", err)
		}
		_, ended = b.goTraceroute(b.Context(), farIP)
		b.s.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			b.Errorf("after Close: %v", err)
		}
	})
}
