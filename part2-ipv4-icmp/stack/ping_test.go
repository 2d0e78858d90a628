package stack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"

	"github.com/google/gopacket/layers"
)

// pinged is what Ping returned, and when.
type pinged struct {
	EchoReply
	err error
	at  time.Duration
}

// goPing calls Ping in a goroutine of its own.
func (b *bench) goPing(ctx context.Context, dst netip.Addr, seq uint16) <-chan pinged {
	c := make(chan pinged, 1)
	start := time.Now()
	go func() {
		r, err := b.s.Ping(ctx, dst, seq, []byte("hello"))
		c <- pinged{r, err, time.Since(start)}
	}()
	synctest.Wait()
	return c
}

// answer sends the reply to an echo request of ours.
func (b *bench) answer(frame []byte) {
	b.Helper()
	d := b.wantICMP(frame, icmpEcho, 0)
	src, _ := netip.AddrFromSlice(d.ip.DstIP)
	ip := ipv4From(src, protocolICMP)
	ip.TTL = 57
	b.sendIPv4(ip, icmpBytes(icmpEchoReply, 0, d.icmp.Id, d.icmp.Seq, d.icmp.Payload))
}

func TestPing(t *testing.T) {
	for _, dst := range []netip.Addr{peerIP, farIP} {
		onBench(t, func(b *bench) {
			b.meet()
			c := b.goPing(b.Context(), dst, 7)
			frame := b.One()
			if d := b.decode(frame); !d.ip.DstIP.Equal(dst.AsSlice()) || string(d.icmp.Payload) != "hello" || d.icmp.Seq != 7 {
				b.Errorf("sent %s", Describe(frame))
			}
			b.Advance(20 * time.Millisecond)
			b.answer(frame)
			r := <-c
			if r.err != nil || r.Bytes != 13 || r.TTL != 57 || r.RTT.Round(time.Millisecond) != 20*time.Millisecond {
				b.Errorf("Ping = %+v", r)
			}
		})
	}
}

// Only the reply to what was asked counts: same source, Identifier, Sequence
// Number and data.
func TestPingIgnoresOtherReplies(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		ctx, cancel := context.WithTimeout(b.Context(), time.Second)
		defer cancel()
		c := b.goPing(ctx, peerIP, 7)
		id := b.wantICMP(b.One(), icmpEcho, 0).icmp.Id
		b.sendIPv4(ipv4From(otherIP, protocolICMP), icmpBytes(icmpEchoReply, 0, id, 7, []byte("hello")))
		b.sendIPv4(ipv4From(peerIP, protocolICMP), icmpBytes(icmpEchoReply, 0, id+1, 7, []byte("hello")))
		b.sendIPv4(ipv4From(peerIP, protocolICMP), icmpBytes(icmpEchoReply, 0, id, 8, []byte("hello")))
		b.sendIPv4(ipv4From(peerIP, protocolICMP), icmpBytes(icmpEchoReply, 0, id, 7, []byte("hullo")))
		b.wantDropped(errICMPUnasked, 4)
		if r := <-c; !errors.Is(r.err, context.DeadlineExceeded) || r.at != time.Second {
			b.Errorf("Ping = %+v, want the caller's deadline", r)
		}
		b.do(func() {
			if n := len(b.s.icmp.echoes.waits); n != 0 {
				b.Errorf("%d echoes are still waited for", n)
			}
		})
	})
}

// Nobody answers ARP: the datagram never leaves, and whoever sent it is told.
func TestPingNobody(t *testing.T) {
	onBench(t, func(b *bench) {
		r := <-b.goPing(b.Context(), otherIP, 1)
		if !errors.Is(r.err, syscall.EHOSTUNREACH) || !strings.Contains(r.err.Error(), "no answer to ARP") || r.at != 3*time.Second {
			b.Errorf("Ping = %+v, want that there is no answer to ARP, after 3s", r)
		}
	})
}

// An ICMP error that quotes our request reaches the one who sent it.
func TestPingHearsICMPErrors(t *testing.T) {
	for _, test := range []struct {
		typ, code uint8
		want      error
		words     string
	}{
		{3, 0, syscall.ENETUNREACH, "destination net unreachable"},
		{3, 1, syscall.EHOSTUNREACH, "destination host unreachable"},
		{3, 2, syscall.ENOPROTOOPT, "destination protocol unreachable"},
		{3, 3, syscall.ECONNREFUSED, "destination port unreachable"},
		{3, 4, syscall.EMSGSIZE, "fragmentation needed"},
		{3, 5, syscall.EOPNOTSUPP, "code 5"},
		{3, 6, syscall.ENETUNREACH, "code 6"},
		{3, 7, syscall.EHOSTUNREACH, "code 7"},
		{3, 8, syscall.EHOSTUNREACH, "code 8"},
		{3, 9, syscall.ENETUNREACH, "code 9"},
		{3, 10, syscall.EHOSTUNREACH, "code 10"},
		{3, 11, syscall.ENETUNREACH, "code 11"},
		{3, 12, syscall.EHOSTUNREACH, "code 12"},
		{3, 13, syscall.EHOSTUNREACH, "code 13"},
		{11, 0, syscall.EHOSTUNREACH, "time to live exceeded"},
		{11, 1, syscall.EHOSTUNREACH, "reassembly time exceeded"},
		{12, 0, syscall.EPROTO, "parameter problem"},
	} {
		t.Run(test.words, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.meet()
				c := b.goPing(b.Context(), farIP, 7)
				request := b.One()[etherHeaderLen:]
				router := netip.MustParseAddr("198.51.100.1")
				b.sendIPv4(ipv4From(router, protocolICMP), icmpBytes(test.typ, test.code, 0, 1400, request[:28]))
				r := <-c
				var said icmpError
				mtu := 0
				if test.want == syscall.EMSGSIZE {
					mtu = 1400
				}
				if !errors.As(r.err, &said) || said.from != router || said.length != len(request) || said.mtu != mtu {
					b.Errorf("reason %+v", said)
				}
				if !errors.Is(r.err, test.want) || !strings.HasPrefix(r.err.Error(), "198.51.100.1 says: ") ||
					!strings.Contains(r.err.Error(), test.words) {
					b.Errorf("Ping: %v, want %v", r.err, test.want)
				}
			})
		})
	}
}

// An error about an echo that we never sent changes nothing.
func TestPingIgnoresErrorsAboutOthers(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		c := b.goPing(b.Context(), farIP, 7)
		frame := b.One()
		for at, change := range map[int]byte{24: 1, 27: 9, 19: 1, 20: icmpEchoReply ^ icmpEcho} { // id, seq, destination, type
			quote := append([]byte{}, frame[etherHeaderLen:]...)
			quote[at] ^= change
			b.sendIPv4(ipv4From(peerIP, protocolICMP), icmpBytes(3, 1, 0, 0, quote))
		}
		b.answer(frame)
		if r := <-c; r.err != nil {
			b.Errorf("Ping: %v", r.err)
		}
	})
}

func TestPingErrors(t *testing.T) {
	onBench(t, func(b *bench) {
		for _, dst := range []netip.Addr{noIP, netip.MustParseAddr("10.0.0.255"), netip.MustParseAddr("224.0.0.1")} {
			if _, err := b.s.Ping(b.Context(), dst, 1, nil); !errors.Is(err, syscall.ENETUNREACH) {
				b.Errorf("Ping(%v): %v, want ENETUNREACH", dst, err)
			}
		}
		c := b.goPing(b.Context(), peerIP, 1)
		if _, err := b.s.Ping(b.Context(), peerIP, 1, nil); err == nil {
			b.Error("the same seq twice at a time gave no error")
		}
		b.s.Close()
		if r := <-c; !errors.Is(r.err, net.ErrClosed) {
			b.Errorf("Ping: %v, want net.ErrClosed", r.err)
		}
		if _, err := b.s.Ping(b.Context(), peerIP, 1, nil); !errors.Is(err, net.ErrClosed) {
			b.Errorf("Ping after Close: %v, want net.ErrClosed", err)
		}
	})
}

// -ping prints what ping(8) prints. Each request is answered after 20 ms.
func TestRunPing(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		var out suite.Log
		done := make(chan error, 1)
		go func() { done <- b.s.PrintPing(b.Context(), peerIP, 3, &out) }()
		for range 3 {
			b.Advance(20 * time.Millisecond)
			b.answer(b.One())
			b.Advance(979 * time.Millisecond)
		}
		if err := <-done; err != nil {
			b.Error(err)
		}
		want := `PING 10.0.0.1 (10.0.0.1) 56(84) bytes of data.
64 bytes from 10.0.0.1: icmp_seq=1 ttl=57 time=20.000 ms
64 bytes from 10.0.0.1: icmp_seq=2 ttl=57 time=20.000 ms
64 bytes from 10.0.0.1: icmp_seq=3 ttl=57 time=20.000 ms

--- 10.0.0.1 ping statistics ---
3 packets transmitted, 3 received, 0% packet loss, time 2020ms
rtt min/avg/max/mdev = 20.000/20.000/20.000/0.000 ms
`
		got := strings.ReplaceAll(out.String(), "20.001", "20.000")
		if got != want {
			b.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

func TestRunPingNobody(t *testing.T) {
	onBench(t, func(b *bench) {
		var out suite.Log
		start := time.Now()
		err := b.s.PrintPing(b.Context(), otherIP, 3, &out)
		if err == nil || !strings.Contains(err.Error(), "ping 10.0.0.9: no answer to ARP") {
			b.Errorf("runPing: %v", err)
		}
		// All three requests waited for the same three questions.
		if d := time.Since(start); d != 3*time.Second {
			b.Errorf("it took %v, want 3s", d)
		}
		want := `PING 10.0.0.9 (10.0.0.9) 56(84) bytes of data.
icmp_seq=1: no answer to ARP: no route to host
icmp_seq=2: no answer to ARP: no route to host
icmp_seq=3: no answer to ARP: no route to host

--- 10.0.0.9 ping statistics ---
3 packets transmitted, 0 received, 100% packet loss, time 3000ms
`
		if out.String() != want {
			b.Errorf("got\n%swant\n%s", out.String(), want)
		}
	})
}

// A router that says why, and at last a reply.
func TestRunPingUnreachable(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		var out suite.Log
		done := make(chan error, 1)
		go func() { done <- b.s.PrintPing(b.Context(), farIP, 3, &out) }()
		for i, code := range []uint8{1, 0} {
			b.Advance(20 * time.Millisecond)
			frame := b.One()
			if seq := b.decode(frame).icmp.Seq; int(seq) != i+1 {
				b.Errorf("sent seq %d, want %d", seq, i+1)
			}
			b.sendIPv4(ipv4From(peerIP, protocolICMP), icmpBytes(3, code, 0, 0, frame[etherHeaderLen:]))
			b.Advance(979 * time.Millisecond)
		}
		b.answer(b.One())
		if err := <-done; err != nil {
			b.Error(err)
		}
		for _, line := range []string{
			"From 10.0.0.1 icmp_seq=1 destination host unreachable\n",
			"From 10.0.0.1 icmp_seq=2 destination net unreachable\n",
			"3 packets transmitted, 1 received, 66% packet loss",
		} {
			if !strings.Contains(out.String(), line) {
				b.Errorf("no line %q in\n%s", line, out.String())
			}
		}
	})
}

// The error names the first reason that there was.
func TestRunPingFirstReason(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		done := make(chan error, 1)
		go func() { done <- b.s.PrintPing(b.Context(), farIP, 2, &suite.Log{}) }()
		for _, code := range []uint8{1, 0} {
			b.Advance(time.Millisecond)
			b.sendIPv4(ipv4From(peerIP, protocolICMP), icmpBytes(3, code, 0, 0, b.One()[etherHeaderLen:]))
			b.Advance(998 * time.Millisecond)
		}
		if err := <-done; err == nil || !strings.Contains(err.Error(), "host unreachable") {
			b.Errorf("runPing: %v", err)
		}
	})
}

// A ping that was sent and waits ends when the stack is closed; one reply is
// enough, and what comes after the end is no reply to anything.
func TestPingEndsOnce(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		c := b.goPing(b.Context(), peerIP, 1)
		frame := b.One()
		id := b.decode(frame).icmp.Id
		answer := ipv4Frame(ipv4From(peerIP, protocolICMP), icmpBytes(icmpEchoReply, 0, id, 1, []byte("hello")))
		unreachable := ipv4Frame(ipv4From(peerIP, protocolICMP), icmpBytes(3, 1, 0, 0, frame[etherHeaderLen:]))
		b.do(func() {
			b.s.receiveFrame(answer)
			b.s.receiveFrame(answer)
			b.s.receiveFrame(unreachable)
		})
		if r := <-c; r.err != nil {
			b.Errorf("Ping: %v", r.err)
		}
		b.wantDropped(errICMPUnasked, 1)
		b.wantDropped(errICMPUnwanted, 1)
		c = b.goPing(b.Context(), peerIP, 2)
		b.s.Close()
		if r := <-c; !errors.Is(r.err, net.ErrClosed) {
			b.Errorf("Ping: %v, want net.ErrClosed", r.err)
		}
	})
}

// Not everything that waits for ARP is a datagram of ours, or its beginning.
func TestUnsentOfOtherKinds(t *testing.T) {
	onBench(t, func(b *bench) {
		c := b.goPing(b.Context(), otherIP, 7)
		id := b.s.icmp.echoes.id
		b.sendTo(otherIP, string(ipv4Frame(ipv4To(otherIP), icmpBytes(icmpEcho, 0, id, 7, nil))[etherHeaderLen:]))
		b.do(func() {
			p := b.s.newPacket(2000) // its second fragment looks like the echo
			copy(p.bytes(), make([]byte, 2000))
			copy(p.bytes()[1480:], icmpBytes(icmpEcho, 0, id, 7, nil))
			b.s.sendIPv4(ipv4Header{dst: otherIP, protocol: protocolICMP}, p)
		})
		if r := <-c; r.at != 3*time.Second {
			b.Errorf("Ping = %+v, want that it ends with ARP", r)
		}
	})
}

// When too many neighbours are asked already, the sender is told at once.
func TestPingIsToldOfFullTable(t *testing.T) {
	onBench(t, func(b *bench) {
		b.s.ip = netip.MustParsePrefix("10.0.0.4/16")
		for i := range arpMaxAsked {
			b.sendTo(nth(netip.MustParseAddr("10.0.9.0"), i), "x")
		}
		if r := <-b.goPing(b.Context(), otherIP, 1); !errors.Is(r.err, syscall.EHOSTUNREACH) || r.at != 0 {
			b.Errorf("Ping = %+v, want EHOSTUNREACH at once", r)
		}
	})
}

// Without any reason for the silence, that is all there is to say.
func TestRunPingSilence(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		var out suite.Log
		err := b.s.PrintPing(b.Context(), peerIP, 2, &out)
		if err == nil || err.Error() != "ping 10.0.0.1: no reply" {
			b.Errorf("runPing: %v", err)
		}
		ctx, cancel := context.WithTimeout(b.Context(), 1500*time.Millisecond) // Ctrl-C
		defer cancel()
		b.Send(reply(peerMAC, peerIP))
		b.s.PrintPing(ctx, peerIP, 10, &out)
		if !strings.Contains(out.String(), "2 packets transmitted, 0 received") {
			b.Errorf("no statistics after an interrupt:\n%s", out.String())
		}
		synctest.Wait()
	})
}

func init() {
	datagrams := []gopacketDatagram{
		{ipv4From(peerIP, protocolICMP), echoRequest(2, pattern(56))},
		{ipv4From(peerIP, protocolICMP), icmpBytes(icmpEchoReply, 0, 77, 2, pattern(56))},
		{ipv4From(peerIP, protocolICMP), icmpBytes(11, 0, 0, 0, suite.CapturedIPv4[14:])},
		{ipv4From(peerIP, protocolICMP), icmpBytes(11, 1, 0, 0, suite.CapturedIPv4[14:])},
		{ipv4From(peerIP, protocolICMP), icmpBytes(12, 0, 20<<8, 0, suite.CapturedIPv4[14:])},
		{ipv4From(peerIP, protocolICMP), icmpBytes(42, 0, 1, 1, pattern(8))},
	}
	quote := ipv4Frame(ipv4From(peerIP, 99), pattern(20))[etherHeaderLen:]
	for _, code := range []uint8{0, 1, 2, 4} {
		datagrams = append(datagrams, gopacketDatagram{ipv4From(peerIP, protocolICMP), icmpBytes(3, code, 0, 1400, quote)})
	}
	for _, d := range datagrams {
		tcpdumpFrames = append(tcpdumpFrames, ipv4Frame(d.ip, d.payload))
	}
}

type gopacketDatagram struct {
	ip      *layers.IPv4
	payload []byte
}
