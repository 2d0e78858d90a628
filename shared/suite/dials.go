package suite

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"framebyframe/shared/wire"

	"golang.org/x/net/nettest"
)

// dialError dials from us and returns the error, which there has to be, and that after d.
func (p *Pair) dialError(ctx context.Context, d time.Duration, network, address string) error {
	p.Helper()
	start := time.Now()
	c, err := p.Ours.(dialer).DialContext(ctx, network, address)
	if c != nil || err == nil {
		p.Fatalf("dial %s %s: %v, %v", network, address, c, err)
	}
	if got := time.Since(start).Round(time.Millisecond); got != d {
		p.Errorf("dial %s %s failed after %v, want %v", network, address, got, d)
	}
	var opErr *net.OpError
	if !errors.As(err, &opErr) || opErr.Op != "dial" || opErr.Net != network {
		p.Errorf("dial %s %s: %v is no net.OpError of it", network, address, err)
	}
	return err
}

// What can go wrong with a dial at once is told by the error's number or type.
func testDialErrors(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ctx := p.Context()
		err := p.dialError(ctx, 0, "tcp", "10.0.0.1:81")
		wantOpError(t, err, "dial", syscall.ECONNREFUSED)
		err = p.dialError(ctx, 3*time.Second, "tcp", "10.0.0.99:80")
		wantOpError(t, err, "dial", syscall.EHOSTUNREACH)

		var unknown net.UnknownNetworkError
		for _, network := range []string{"udp", "tcp6", "unix", ""} {
			if err := p.dialError(ctx, 0, network, "10.0.0.1:80"); !errors.As(err, &unknown) {
				t.Errorf("network %q: %v", network, err)
			}
		}
		var dns *net.DNSError
		err = p.dialError(ctx, 0, "tcp", "www.example.com:80")
		if !errors.As(err, &dns) || !strings.Contains(err.Error(), "there is no DNS") || !strings.Contains(err.Error(), "www.example.com") {
			t.Errorf("a host name: %v", err)
		}
		for _, address := range []string{"10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:0", "[::1]:80", ":80", ""} {
			p.dialError(ctx, 0, "tcp", address)
		}
	})
}

// An address may have all forms that net.Dialer takes: IPv4 written as IPv6 (RFC 4291
// 2.5.5.2), and the name of a service for its port.
func testDialForms(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		l, err := p.kind.listen(p.Peer, 80)
		if err != nil {
			t.Fatal(err)
		}
		for _, network := range []string{"tcp", "tcp4"} {
			for _, address := range []string{"10.0.0.1:80", "10.0.0.1:http", "[10.0.0.1]:080", "[::ffff:10.0.0.1]:80", "[::ffff:a00:1]:http"} {
				c, err := p.Ours.(dialer).DialContext(p.Context(), network, address)
				if err != nil {
					t.Error(err)
					continue
				}
				if at := c.RemoteAddr().String(); at != l.Net.Addr().String() {
					t.Errorf("%s %s: the peer's address is %s", network, address, at)
				}
				c.Close()
			}
		}
	})
}

// A context ends a dial that waits: by its deadline, which is a timeout, or because it
// is cancelled, which is none. Nothing is left of it then.
func testDialContext(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		first, _ := p.Connect(80) // so that MAC addresses are known
		p.Cable.End(1).SetLink(false)
		ctx, cancel := context.WithTimeout(p.Context(), 500*time.Millisecond)
		defer cancel()
		err := p.dialError(ctx, 500*time.Millisecond, "tcp4", "10.0.0.1:80")
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("deadline: %v", err)
		}
		ctx, cancel = context.WithCancel(p.Context())
		time.AfterFunc(200*time.Millisecond, cancel)
		err = p.dialError(ctx, 200*time.Millisecond, "tcp", "10.0.0.1:80")
		wantOpError(t, err, "dial", context.Canceled)
		err = p.dialError(ctx, 0, "tcp", "10.0.0.1:80") // it is cancelled before the dial begins
		wantOpError(t, err, "dial", context.Canceled)
		first.Abort()
		if left := k.left(p.Ours); left != "" {
			t.Error(left)
		}
	})
}

// Addresses are *net.TCPAddr, and each end names the other.
func testConnAddresses(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, peer := p.Connect(80)
		for _, c := range [][2]net.Conn{{ours, peer}, {peer, ours}} {
			if local := c[0].LocalAddr().(*net.TCPAddr); local.String() != c[1].RemoteAddr().String() || local.Network() != "tcp" {
				t.Errorf("%v is called %v by the peer", local, c[1].RemoteAddr())
			}
		}
		if a := ours.LocalAddr().(*net.TCPAddr).AddrPort(); a != netip.MustParseAddrPort("10.0.0.4:80") {
			t.Errorf("our address is %v", a)
		}
		if a := p.listen(81).Net.Addr().String(); a != "10.0.0.4:81" {
			t.Errorf("the listener's address is %v", a)
		}
	})
}

// Close ends an Accept that waits, and connections that nobody has accepted are reset.
func testListenerClose(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		l := p.listen(80)
		accept := p.call(func() error { _, err := l.Net.Accept(); return err })
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		wantOpError(t, <-accept, "accept", net.ErrClosed)
		_, err := l.Net.Accept()
		wantOpError(t, err, "accept", net.ErrClosed)
		wantOpError(t, l.Close(), "close", net.ErrClosed)

		l = p.listen(80) // the port is free again
		if _, err := p.kind.listen(p.Ours, 80); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("two listeners on a port: %v", err)
		}
		c, err := dialTCP(p.Context(), p.Peer, "10.0.0.4:80")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		l.Close()
		_, err = c.Read(make([]byte, 1))
		wantOpError(t, err, "read", syscall.ECONNRESET)
	})
}

// Several Accepts at the same time get a connection each.
func testListenerConcurrentAccept(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		l, seen := p.listen(80), make(chan string, 20)
		for range cap(seen) {
			go func() {
				c, err := l.Net.Accept()
				if err != nil {
					t.Error(err)
					return
				}
				seen <- c.RemoteAddr().String()
			}()
		}
		want := make(map[string]bool)
		for range cap(seen) {
			c, err := dialTCP(p.Context(), p.Peer, l.Net.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			want[c.LocalAddr().String()] = true
		}
		for range cap(seen) {
			delete(want, <-seen)
		}
		if len(want) > 0 {
			t.Errorf("nobody got %v", want)
		}
	})
}

// A Conn is a net.Conn as package net and everybody who uses it expects one to be:
// golang.org/x/net/nettest tries basic reading and writing, ping-pong, races between
// all the methods, deadlines in the past, the present and the future, and closing.
// It measures real time, so this is no test for a bubble.
func testConnIsNetConn(t *testing.T, k *kind) {
	runs := 0
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		p := newPair(t, k, wire.New(2), nil, Ours())
		runs++
		c2, c1 = p.Connect(80)
		return c1, c2, p.Close, nil
	})
	Row{
		Area: "application", What: "a net.Conn as others expect one", Source: "golang.org/x/net/nettest",
		Tried:   fmt.Sprintf("nettest.TestConn: %d pairs of connections in real time", runs),
		Outcome: "data, ping-pong, races of all methods, past, present and future deadlines, and closing are as with package net",
	}.Report(t)
}
