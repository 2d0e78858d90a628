package stack

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

var (
	client = netip.AddrPortFrom(peerIP, 40111) // a program of the peer's
	server = netip.AddrPortFrom(ourIP, 5353)   // and the socket of ours that it talks to
	toAll  = netip.MustParseAddr("255.255.255.255")
)

// udpFrame builds a UDP datagram in a frame from the peer's card with gopacket.
func udpFrame(from, to netip.AddrPort, data []byte) []byte {
	ip := ipv4From(from.Addr(), protocolUDP)
	ip.DstIP = to.Addr().AsSlice()
	return ipv4Frame(ip, udpBytes(from, to, data))
}

// listenUDP opens a port.
func (b *bench) listenUDP(port uint16) *UDPSocket {
	b.Helper()
	u, err := b.s.ListenUDP(port)
	if err != nil {
		b.Fatal(err)
	}
	return u
}

// received is what Receive has returned.
type received struct {
	Datagram
	err error
}

// goReceive calls Receive again and again in a goroutine of its own, until the socket is closed.
func goReceive(ctx context.Context, u *UDPSocket) <-chan received {
	c := make(chan received, 1000)
	go func() {
		defer close(c)
		for {
			d, err := u.Receive(ctx)
			c <- received{d, err}
			if errors.Is(err, net.ErrClosed) {
				return
			}
		}
	}()
	return c
}

// wantUDP checks with gopacket that a frame is a UDP datagram of ours with the data, and
// returns its headers.
func (b *bench) wantUDP(frame []byte, from uint16, to netip.AddrPort, data []byte) (*layers.Ethernet, *layers.IPv4) {
	b.Helper()
	var eth layers.Ethernet
	var ip layers.IPv4
	var udp layers.UDP
	if eth.DecodeFromBytes(frame, gopacket.NilDecodeFeedback) != nil || ip.DecodeFromBytes(eth.Payload, gopacket.NilDecodeFeedback) != nil ||
		udp.DecodeFromBytes(ip.Payload, gopacket.NilDecodeFeedback) != nil {
		b.Fatalf("sent %s, want UDP", Describe(frame))
	}
	if ip.Protocol != layers.IPProtocolUDP || !ip.SrcIP.Equal(ourIP.AsSlice()) || !ip.DstIP.Equal(to.Addr().AsSlice()) ||
		uint16(udp.SrcPort) != from || uint16(udp.DstPort) != to.Port() || !bytes.Equal(udp.Payload, data) {
		b.Errorf("sent %s with % x", Describe(frame), udp.Payload)
	}
	if want := udpBytes(netip.AddrPortFrom(ourIP, from), to, data); !bytes.Equal(ip.Payload, want) {
		b.Errorf("sent % x\n want % x", ip.Payload, want)
	}
	return &eth, &ip
}

// A datagram in, and one out. (RFC 768, User Interface)
func TestUDP(t *testing.T) {
	for _, n := range []int{0, 1, 6, 1471, 1472} {
		onBench(t, func(b *bench) {
			b.meet()
			u := b.listenUDP(server.Port())
			b.Send(udpFrame(client, server, pattern(n)))
			b.Silence()
			d, err := u.Receive(b.Context())
			if err != nil || d.Peer != client || d.Local != ourIP || d.TTL != 64 || d.TOS != 0 || len(d.Options) > 0 || !bytes.Equal(d.Data, pattern(n)) {
				b.Errorf("%+v, %v", d, err)
			}
			if err := u.Send(Datagram{Peer: d.Peer, Data: d.Data}); err != nil {
				b.Error(err)
			}
			if eth, ip := b.wantUDP(b.One(), u.Port(), client, pattern(n)); !bytes.Equal(eth.DstMAC, peerMAC[:]) || ip.TTL != 64 || ip.TOS != 0 {
				b.Errorf("to %v, TTL %d, TOS %d", eth.DstMAC, ip.TTL, ip.TOS)
			}
		})
	}
}

// The two calls that *net.UDPConn has, too. A datagram that does not fit is cut, and the next one
// is whole.
func TestUDPReadWrite(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		u := b.listenUDP(server.Port())
		b.Send(udpFrame(client, server, []byte("first")))
		b.Send(udpFrame(client, server, []byte("second")))
		buf := make([]byte, 3)
		for _, want := range []string{"fir", "sec"} {
			if n, from, err := u.ReadFromUDPAddrPort(buf); string(buf[:n]) != want || from != client || err != nil {
				b.Errorf("%q from %v, %v; want %q", buf[:n], from, err, want)
			}
		}
		if n, err := u.WriteToUDPAddrPort([]byte("third"), client); n != 5 || err != nil {
			b.Errorf("%d, %v", n, err)
		}
		b.wantUDP(b.One(), u.Port(), client, []byte("third"))
	})
}

// Datagrams are received in the order in which they came, each as it was sent: two are never one.
func TestUDPOrder(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		c := goReceive(b.Context(), b.listenUDP(server.Port()))
		for i := range 200 {
			b.Send(udpFrame(client, server, pattern(i)))
		}
		for i := range 200 {
			if d := <-c; d.err != nil || !bytes.Equal(d.Data, pattern(i)) {
				b.Fatalf("datagram %d: %d bytes, %v", i, len(d.Data), d.err)
			}
		}
	})
}

// The longest datagram there is goes in fragments, both ways; one byte more does not go.
func TestUDPFragments(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		u := b.listenUDP(server.Port())
		data := pattern(udpMaxData)
		if err := u.Send(Datagram{Peer: client, Data: data}); err != nil {
			b.Fatal(err)
		}
		b.Advance(time.Millisecond)
		var payload []byte
		for _, f := range b.Take() {
			payload = append(payload, b.decode(f.Bytes).ip.Payload...)
		}
		if want := udpBytes(netip.AddrPortFrom(ourIP, u.Port()), client, data); !bytes.Equal(payload, want) {
			b.Errorf("the fragments have %d bytes, want %d", len(payload), len(want))
		}
		if err := u.Send(Datagram{Peer: client, Data: append(data, 0)}); !errors.Is(err, syscall.EMSGSIZE) {
			b.Errorf("a byte too many: %v", err)
		}
		if err := u.Send(Datagram{Peer: client, Data: data, Options: make([]byte, 4)}); !errors.Is(err, syscall.EMSGSIZE) {
			b.Errorf("with options it is too long, too: %v", err)
		}
		whole := udpBytes(client, server, data)
		for at := 0; at < len(whole); at += 1480 {
			ip := ipv4From(peerIP, protocolUDP)
			ip.FragOffset = uint16(at / 8)
			if at+1480 < len(whole) {
				ip.Flags = layers.IPv4MoreFragments
			}
			b.sendIPv4(ip, whole[at:min(at+1480, len(whole))])
		}
		if d, err := u.Receive(b.Context()); err != nil || !bytes.Equal(d.Data, data) {
			b.Errorf("%d bytes, %v", len(d.Data), err)
		}
	})
}

// RFC 1122 4.1.3.1: nobody has the port, and the sender is told. The quote is all of what it sent.
func TestUDPPortUnreachable(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		frame := udpFrame(client, server, []byte("anybody?"))
		b.Send(frame)
		if d := b.wantICMP(b.One(), icmpUnreachable, codePortUnreachable); !bytes.Equal(d.icmp.Payload, frame[etherHeaderLen:]) {
			b.Errorf("quoted % x", d.icmp.Payload)
		}
		b.wantDropped(errUDPPort, 1)
		b.Send(udpFrame(netip.AddrPortFrom(peerIP, 0), server, nil)) // no port to answer to, but ICMP needs none
		b.wantICMP(b.One(), icmpUnreachable, codePortUnreachable)
		b.Send(udpFrame(client, netip.AddrPortFrom(ourIP, 0), nil))
		b.wantICMP(b.One(), icmpUnreachable, codePortUnreachable)
	})
}

// RFC 1122 3.2.2 and 3.3.6: what was for all is never complained of, whatever is wrong with it; nor
// is what came in a frame for all cards, though it was for us alone.
func TestUDPBroadcastSilence(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		for _, dst := range []string{"255.255.255.255", "10.0.0.255", "10.0.0.0", "0.0.0.0"} {
			to := netip.AddrPortFrom(netip.MustParseAddr(dst), server.Port())
			for _, card := range []MAC{broadcastMAC, ourMAC} {
				frame := udpFrame(client, to, []byte("anybody?"))
				copy(frame, card[:])
				b.Send(frame)
				b.Send(replaceHeader(frame, unhex("07 01 0000"))) // a malformed option
			}
			first := ipv4From(peerIP, protocolUDP) // a fragment, and the others never come
			first.DstIP, first.Flags, first.Id = to.Addr().AsSlice(), layers.IPv4MoreFragments, 99
			b.sendIPv4(first, pattern(64))
		}
		frame := udpFrame(client, server, nil)
		copy(frame, broadcastMAC[:])
		b.Send(frame)
		b.Advance(2 * reassemblyTimeout)
		b.Silence()
		b.wantDropped(errUDPPort, 8)
		b.wantDropped(errIPv4Option, 8)
		b.wantDropped(errFragmentTimeout, 4)
		b.wantDropped(errIPv4LinkCast, 1)
	})
}

// A socket takes broadcasts if it was told to, and is told what they were sent to (RFC 1122
// 4.1.3.5: "its specific-destination address MUST be passed up to the application layer").
func TestUDPBroadcastReceived(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		u := b.listenUDP(server.Port())
		addresses := []string{"255.255.255.255", "10.0.0.255", "10.0.0.0", "0.0.0.0"}
		for _, on := range []bool{false, true} {
			u.SetBroadcast(on)
			for _, dst := range addresses {
				b.Send(udpFrame(client, netip.AddrPortFrom(netip.MustParseAddr(dst), server.Port()), []byte(dst)))
			}
		}
		for _, dst := range addresses {
			if d, err := u.Receive(b.Context()); err != nil || d.Local.String() != dst || string(d.Data) != dst {
				b.Errorf("%+v, %v", d, err)
			}
		}
		b.wantDropped(errUDPBroadcast, 4)
		b.Silence()
	})
}

// Sent to all, in a frame for all cards (RFC 894), without a question of ARP's.
func TestUDPBroadcastSent(t *testing.T) {
	onBench(t, func(b *bench) {
		u := b.listenUDP(server.Port())
		for _, dst := range []netip.Addr{toAll, netip.MustParseAddr("10.0.0.255")} {
			to := netip.AddrPortFrom(dst, 67)
			u.SetBroadcast(false)
			if err := u.Send(Datagram{Peer: to}); !errors.Is(err, syscall.EACCES) {
				b.Errorf("without leave: %v", err)
			}
			u.SetBroadcast(true)
			for _, n := range []int{5, 2000} {
				if err := u.Send(Datagram{Peer: to, Data: pattern(n)}); err != nil {
					b.Error(err)
				}
			}
			b.Advance(0)
			sent := b.Take()
			if len(sent) != 3 {
				b.Fatalf("%d frames, want one, and one in two pieces", len(sent))
			}
			b.wantUDP(sent[0].Bytes, u.Port(), to, pattern(5))
			for _, f := range sent {
				if !bytes.HasPrefix(f.Bytes, broadcastMAC[:]) {
					b.Errorf("to the card %v", MAC(f.Bytes))
				}
			}
		}
	})
}

// RFC 1122 4.1.3.2 and 4.1.4: IP options, TTL and TOS go up and down through UDP. Whoever sends
// options fills them up himself, or has it done.
func TestUDPOptions(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		u := b.listenUDP(server.Port())
		options := unhex("07 07 04 00000000 00") // record route
		ip := ipv4From(peerIP, protocolUDP)
		ip.TTL, ip.TOS = 3, 0xb8
		b.Send(replaceHeader(ipv4Frame(ip, udpBytes(client, server, []byte("x"))), options))
		d, err := u.Receive(b.Context())
		if err != nil || !bytes.Equal(d.Options, options) || d.TTL != 3 || d.TOS != 0xb8 {
			b.Errorf("%+v, %v", d, err)
		}
		d.Options, d.TTL, d.TOS = d.Options[:7], 5, 0x28
		if err := u.Send(d); err != nil {
			b.Fatal(err)
		}
		_, ip = b.wantUDP(b.One(), u.Port(), client, []byte("x"))
		if ip.TTL != 5 || ip.TOS != 0x28 || int(ip.IHL) != 7 || ip.Options[0].OptionType != 7 {
			b.Errorf("sent %+v", ip)
		}
		for _, bad := range [][]byte{unhex("07"), unhex("07 08 04 00000000"), unhex("07 01"), bytes.Repeat([]byte{1}, 41)} {
			if err := u.Send(Datagram{Peer: client, Options: bad}); !errors.Is(err, syscall.EINVAL) {
				b.Errorf("options % x: %v", bad, err)
			}
		}
	})
}

// RFC 1122 4.1.3.3: what ICMP says of a datagram reaches its socket, once, and no other's.
func TestUDPHearsICMPErrors(t *testing.T) {
	for _, test := range []struct {
		typ, code uint8
		want      error
	}{
		{3, 3, syscall.ECONNREFUSED}, {3, 1, syscall.EHOSTUNREACH}, {3, 0, syscall.ENETUNREACH},
		{11, 0, syscall.EHOSTUNREACH}, {12, 0, syscall.EPROTO}, {3, 4, syscall.EMSGSIZE},
	} {
		onBench(t, func(b *bench) {
			b.meet()
			u, other := goReceive(b.Context(), b.listenUDP(server.Port())), goReceive(b.Context(), b.listenUDP(0))
			if err := b.s.udp.sockets[server.Port()].Send(Datagram{Peer: client, Data: []byte("x")}); err != nil {
				b.Fatal(err)
			}
			quote := b.One()[etherHeaderLen:][:ipv4MinHeaderLen+8]
			for _, from := range []netip.Addr{peerIP, farIP} {
				b.sendIPv4(ipv4From(from, protocolICMP), icmpBytes(test.typ, test.code, 0, 1400, quote))
				r := <-u
				var failed *UDPError
				var said icmpError
				if !errors.As(r.err, &failed) || failed.Peer != client || !errors.Is(r.err, test.want) || !errors.As(r.err, &said) || said.from != from {
					b.Errorf("type %d code %d: %v", test.typ, test.code, r.err)
				}
			}
			quote = bytes.Clone(quote)
			quote[21]++ // of a port that nobody has
			b.sendIPv4(ipv4From(peerIP, protocolICMP), icmpBytes(test.typ, test.code, 0, 0, quote))
			b.wantDropped(errICMPUnwanted, 1)
			b.Send(udpFrame(client, server, []byte("goes on"))) // and the socket is as it was
			if r := <-u; r.err != nil || string(r.Data) != "goes on" {
				b.Errorf("%+v", r)
			}
			select {
			case r := <-other:
				b.Errorf("another socket hears of it: %+v", r)
			default:
			}
		})
	}
}

// Nobody answers ARP: whoever sent a datagram there is told. A call that has no use for such news
// goes on waiting.
func TestUDPHearsThatNobodyIsThere(t *testing.T) {
	onBench(t, func(b *bench) {
		u := b.listenUDP(0)
		c := goReceive(b.Context(), u)
		reading := make(chan error)
		go func() {
			_, _, err := u.ReadFromUDPAddrPort(nil)
			reading <- err
		}()
		to := netip.AddrPortFrom(otherIP, 9)
		if err := u.Send(Datagram{Peer: to}); err != nil {
			b.Fatal(err)
		}
		r := <-c
		if !errors.Is(r.err, syscall.EHOSTUNREACH) || r.err.Error() != "to 10.0.0.9:9: no answer to ARP: no route to host" {
			b.Errorf("%v", r.err)
		}
		synctest.Wait()
		select {
		case err := <-reading:
			b.Errorf("ReadFromUDPAddrPort returns: %v", err)
		default:
		}
		u.Close()
		if err := <-reading; !errors.Is(err, net.ErrClosed) {
			b.Errorf("after Close: %v", err)
		}
	})
}

// What nobody reads is bounded, in bytes and, as those without data cost something, too, in number;
// so are errors that nobody hears. When there is room again, the next ones are taken.
func TestUDPQueueIsBounded(t *testing.T) {
	for _, n := range []int{0, 1472} {
		onBench(t, func(b *bench) {
			b.meet()
			u := b.listenUDP(server.Port())
			const sent = 5000
			for range sent {
				b.do(func() { b.s.receiveFrame(udpFrame(client, server, pattern(n))) })
			}
			room := maxUDPQueue / (udpOverhead + n)
			b.wantDropped(errUDPQueue, uint64(sent-room))
			quote := ipv4Frame(&layers.IPv4{Version: 4, TTL: 1, Protocol: layers.IPProtocolUDP, SrcIP: ourIP.AsSlice(), DstIP: peerIP.AsSlice()},
				udpBytes(server, client, nil))[etherHeaderLen:]
			for range 100 {
				b.do(func() { b.s.receiveFrame(ipv4Frame(ipv4From(farIP, protocolICMP), icmpBytes(3, 3, 0, 0, quote))) })
			}
			heard, read := 0, 0
			for range room + maxUDPErrors {
				if _, err := u.Receive(b.Context()); err != nil {
					heard++
				} else {
					read++
				}
			}
			if heard != maxUDPErrors || read != room {
				b.Errorf("%d errors, %d datagrams; want %d, %d", heard, read, maxUDPErrors, room)
			}
			b.Send(udpFrame(client, server, []byte("again")))
			if d, err := u.Receive(b.Context()); err != nil || string(d.Data) != "again" {
				b.Errorf("%+v, %v", d, err)
			}
		})
	}
}

func TestUDPSendErrors(t *testing.T) {
	onBench(t, func(b *bench) {
		u := b.listenUDP(0)
		for to, want := range map[string]error{
			"10.0.0.1:0": syscall.EINVAL, "[2001:db8::1]:7": syscall.EAFNOSUPPORT, "0.0.0.0:7": syscall.EAFNOSUPPORT,
			"224.0.0.1:7": syscall.ENETUNREACH, "127.0.0.1:7": syscall.ENETUNREACH, "10.0.0.255:7": syscall.EACCES,
		} {
			if err := u.Send(Datagram{Peer: netip.MustParseAddrPort(to)}); !errors.Is(err, want) {
				b.Errorf("to %s: %v, want %v", to, err, want)
			}
		}
		if err := u.Send(Datagram{}); !errors.Is(err, syscall.EAFNOSUPPORT) {
			b.Errorf("to nobody: %v", err)
		}
		b.Silence()
	})
}

// A port has one socket. Port 0 is any that is free, above the servers'.
func TestUDPPorts(t *testing.T) {
	onBench(t, func(b *bench) {
		u := b.listenUDP(7)
		if _, err := b.s.ListenUDP(7); !errors.Is(err, syscall.EADDRINUSE) {
			b.Errorf("twice: %v", err)
		}
		if err := u.Close(); err != nil {
			b.Error(err)
		}
		if err := u.Close(); !errors.Is(err, net.ErrClosed) {
			b.Errorf("Close again: %v", err)
		}
		if err := u.Send(Datagram{Peer: client}); !errors.Is(err, net.ErrClosed) {
			b.Errorf("Send after Close: %v", err)
		}
		if _, err := u.Receive(b.Context()); !errors.Is(err, net.ErrClosed) {
			b.Errorf("Receive after Close: %v", err)
		}
		b.listenUDP(7)
		inOrder := 0
		last := b.listenUDP(0).Port()
		for range 100 {
			port := b.listenUDP(0).Port()
			if port < firstEphemeralPort {
				b.Errorf("port %d is a server's", port)
			}
			if port == last+1 {
				inOrder++
			}
			last = port
		}
		if inOrder > 2 {
			b.Errorf("%d of 100 ports are behind the last one: they can be guessed", inOrder)
		}
		for len(b.s.udp.sockets) < ephemeralPorts+1 {
			b.listenUDP(0)
		}
		if _, err := b.s.ListenUDP(0); !errors.Is(err, syscall.EADDRNOTAVAIL) {
			b.Errorf("no port is left: %v", err)
		}
		if _, err := b.s.ListenUDP(80); err != nil {
			b.Errorf("but those of servers: %v", err)
		}
	})
}

// Close of the stack ends what waits, and opens nothing any more.
func TestUDPStackClosed(t *testing.T) {
	onBench(t, func(b *bench) {
		u := b.listenUDP(7)
		c := goReceive(b.Context(), u)
		b.s.Close()
		if r := <-c; !errors.Is(r.err, net.ErrClosed) || r.err.Error() != errClosed.Error() {
			b.Errorf("Receive: %v", r.err)
		}
		if _, err := b.s.ListenUDP(9); !errors.Is(err, net.ErrClosed) {
			b.Errorf("ListenUDP: %v", err)
		}
		if err := u.Close(); !errors.Is(err, net.ErrClosed) {
			b.Errorf("Close: %v", err)
		}
	})
}

// From us to us, without a frame; and nobody has the port: ICMP goes the same way.
func TestUDPToSelf(t *testing.T) {
	onBench(t, func(b *bench) {
		u, v := b.listenUDP(0), b.listenUDP(0)
		if err := u.Send(Datagram{Peer: netip.AddrPortFrom(ourIP, v.Port()), Data: []byte("to myself")}); err != nil {
			b.Fatal(err)
		}
		if d, err := v.Receive(b.Context()); err != nil || d.Peer != netip.AddrPortFrom(ourIP, u.Port()) || string(d.Data) != "to myself" {
			b.Errorf("%+v, %v", d, err)
		}
		v.Close()
		if err := u.Send(Datagram{Peer: netip.AddrPortFrom(ourIP, v.Port())}); err != nil {
			b.Fatal(err)
		}
		if _, err := u.Receive(b.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
			b.Errorf("%v", err)
		}
		b.Silence()
	})
}

// What is malformed is dropped without a word, and counted (RFC 1122 4.1.3.4: "UDP MUST silently
// discard the datagram").
func TestUDPDropped(t *testing.T) {
	for _, test := range []struct {
		payload string
		want    error
	}{
		{"9caf 14e9 0008", errUDPShort},
		{"9caf 14e9 0007 0000", errUDPLength},
		{"9caf 14e9 0009 0000", errUDPTruncated},
		{"9caf 14e9 0008 1234", errUDPChecksum},
	} {
		onBench(t, func(b *bench) {
			b.meet()
			b.listenUDP(server.Port())
			b.sendIPv4(ipv4From(peerIP, protocolUDP), unhex(test.payload))
			b.Silence()
			b.wantDropped(test.want, 1)
			b.wantAlive()
		})
	}
}

// Datagrams are copied: what is received does not change when the next frame is read into the same
// place, and who sends may use his buffer again.
func TestUDPCopies(t *testing.T) {
	onBench(t, func(b *bench) {
		u := b.listenUDP(server.Port())
		data := []byte("for the neighbour who has not answered yet")
		if err := u.Send(Datagram{Peer: client, Data: data}); err != nil {
			b.Fatal(err)
		}
		b.Advance(0)
		b.Take()
		want := string(data)
		clear(data)
		b.Send(reply(peerMAC, peerIP))
		b.wantUDP(b.One(), u.Port(), client, []byte(want))
		frame := replaceHeader(udpFrame(client, server, []byte("kept")), unhex("94 04 0000"))
		b.do(func() { b.s.receiveFrame(frame) })
		clear(frame)
		if d, err := u.Receive(b.Context()); err != nil || string(d.Data) != "kept" || !bytes.Equal(d.Options, unhex("94 04 0000")) {
			b.Errorf("%+v, %v", d, err)
		}
	})
}
