package stack

import (
	"errors"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
)

// Our own address can be dialled like any other: the handshake runs through the loop, and
// nothing of it is seen on the cable.
func TestDialSelf(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
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
	onTCPBench(t, func(b *tcpBench) {
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
	onTCPBench(t, func(b *tcpBench) {
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
