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

	"framebyframe/shared/script"
)

// An answer that comes when the dial has ended is good for the next one.
func TestDialAfterLateAnswer(t *testing.T) {
	onBench(t, func(b *bench) {
		dial := func() <-chan error {
			c := make(chan error, 1)
			go func() {
				_, err := b.s.DialTCP(b.Context(), netip.AddrPortFrom(peerIP, 80))
				c <- err
			}()
			synctest.Wait()
			return c
		}
		if err := <-dial(); !errors.Is(err, syscall.EHOSTUNREACH) {
			b.Errorf("DialTCP = %v, want EHOSTUNREACH", err)
		}
		b.Advance(time.Second)
		b.Take()
		b.Send(reply(peerMAC, peerIP)) // it took four seconds
		c := dial()
		if line := Describe(b.One()); !strings.Contains(line, "Flags [S]") {
			b.Errorf("the next dial sent %s, want its SYN at once", line)
		}
		b.s.Close()
		if err := <-c; !errors.Is(err, net.ErrClosed) {
			b.Error(err)
		}
	})
}

// What cannot be sent to is refused before anything is sent.
func TestScriptDialNowhere(t *testing.T) {
	onListening(t, func(b *bench, _ *Listener) {
		dial := func(to string, want error) {
			t.Helper()
			ctx, cancel := context.WithTimeout(b.Context(), 100*time.Millisecond)
			defer cancel()
			if _, err := b.s.DialTCP(ctx, netip.MustParseAddrPort(to)); !errors.Is(err, want) {
				t.Errorf("dial %s: %v, want %v", to, err, want)
			}
		}
		dial("10.0.0.1:0", syscall.EADDRNOTAVAIL)
		// "A TCP implementation MUST reject as an error a local OPEN call for an
		// invalid remote IP address (e.g., a broadcast or multicast address)" (RFC 9293
		// 3.9.2.3, MUST-46).
		dial("10.0.0.255:80", syscall.ENETUNREACH)
		dial("255.255.255.255:80", syscall.ENETUNREACH)
		dial("224.0.0.1:80", syscall.ENETUNREACH)
		dial("0.0.0.0:80", syscall.ENETUNREACH)
		dial("127.0.0.1:80", syscall.ENETUNREACH)
		dial("[2001:db8::1]:80", syscall.ENETUNREACH)
		b.do(func() { b.s.ipv4.gateway = netip.Addr{} })
		dial("192.0.2.7:80", syscall.ENETUNREACH)
		b.Silence()
		b.do(func() {
			if n := len(b.s.tcp.conns) + b.s.tcp.open.Len(); n != 0 {
				t.Errorf("%d connections are left", n)
			}
		})
		b.s.Close()
		dial("10.0.0.1:80", net.ErrClosed)
	})
}

// "A TCP implementation MUST silently discard an incoming SYN segment that is
// addressed to a broadcast or multicast address", and one "with an invalid source
// address MUST be ignored" (RFC 9293 3.9.2.3, MUST-57, MUST-63).
func TestScriptNoBroadcast(t *testing.T) {
	onListening(t, func(b *bench, _ *Listener) {
		syn, err := script.ParseSegment("8000>80 S 0:0(0) win 1000 <mss 1460>")
		if err != nil {
			t.Fatal(err)
		}
		b.meet()
		for _, c := range []struct{ src, dst string }{
			{"10.0.0.1", "10.0.0.255"}, {"10.0.0.1", "255.255.255.255"}, {"10.0.0.1", "224.0.0.1"},
			{"10.0.0.255", "10.0.0.4"}, {"255.255.255.255", "10.0.0.4"}, {"224.0.0.1", "10.0.0.4"},
			{"0.0.0.0", "10.0.0.4"}, {"127.0.0.1", "10.0.0.4"}, {"10.0.0.4", "10.0.0.4"},
		} {
			frame, err := syn.Frame(script.Flow{
				SrcMAC: peerMAC, DstMAC: ourMAC, SrcPort: 8000, DstPort: 80,
				SrcIP: netip.MustParseAddr(c.src), DstIP: netip.MustParseAddr(c.dst),
			})
			if err != nil {
				t.Fatal(err)
			}
			b.Send(frame)
			b.Silence()
			if state := b.state(8000); state != stateListen {
				t.Errorf("a SYN from %s to %s: %s", c.src, c.dst, state)
			}
		}
	})
}

// Our own address can be dialled like any other: the handshake runs through the loop, and
// nothing of it is seen on the cable.
func TestDialSelf(t *testing.T) {
	onListening(t, func(b *bench, _ *Listener) {
		l, err := b.s.Listen(8080)
		if err != nil {
			t.Fatal(err)
		}
		client, err := b.s.DialTCP(b.Context(), netip.AddrPortFrom(ourIP, 8080))
		if err != nil {
			t.Fatal(err)
		}
		server, err := l.AcceptTCP()
		if err != nil {
			t.Fatal(err)
		}
		b.do(func() {
			if client.state != stateEstablished || server.state != stateEstablished || server.key.remotePort != client.key.localPort {
				t.Errorf("%v is %s, %v is %s", client.key, client.state, server.key, server.state)
			}
		})
		if _, err := b.s.DialTCP(b.Context(), netip.AddrPortFrom(ourIP, 8081)); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("a port on which nobody listens: %v", err)
		}
		b.do(func() {
			if b.s.sent > 0 {
				t.Errorf("%d frames were sent", b.s.sent)
			}
		})
	})
}

// A dial of an ephemeral port of our own does not choose that port for its other end, even if
// it is that one's turn: nobody listens there, and that is what the caller is told.
func TestDialOwnEphemeralPort(t *testing.T) {
	onListening(t, func(b *bench, _ *Listener) {
		to := netip.AddrPortFrom(ourIP, firstEphemeralPort+100)
		b.do(func() {
			offset := b.s.hash(connKey{remote: ourIP.As4(), remotePort: to.Port()}, hashPort, 0) % ephemeralPorts
			b.s.tcp.nextPort = (100 + ephemeralPorts - offset) % ephemeralPorts
		})
		if c, err := b.s.DialTCP(b.Context(), to); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%v, %v", c, err)
		}
	})
}

// A connection with the same two ends is a simultaneous open with ourselves (RFC 9293 3.5,
// figure 7): its SYN and its SYN,ACK meet themselves, it is ESTABLISHED, and that is all.
func TestOneConnectionBothEnds(t *testing.T) {
	onListening(t, func(b *bench, _ *Listener) {
		var c *Conn
		b.do(func() {
			c = b.s.newConn(connKey{remote: ourIP.As4(), remotePort: 5000, localPort: 5000})
			c.snd.iss = b.s.newISS(c.key)
			c.snd.una, c.snd.nxt = c.snd.iss, c.snd.iss+1
			b.s.addConn(c)
			c.setState(stateSynSent)
			b.s.countConn(c)
			c.send(flagSYN, c.snd.iss, b.s.newPacket(0))
		})
		synctest.Wait()
		b.do(func() {
			if n := len(b.s.ipv4.loop.waiting); c.state != stateEstablished || n > 0 || b.s.sent > 0 {
				t.Errorf("it is %s, %d datagrams wait, %d frames were sent", c.state, n, b.s.sent)
			}
		})
	})
}
