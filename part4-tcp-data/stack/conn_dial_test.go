package stack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"
)

// dialError dials from us and returns the error, which there has to be, and that after d.
func (p *pair) dialError(ctx context.Context, d time.Duration, network, address string) error {
	p.Helper()
	start := time.Now()
	c, err := p.ours.DialContext(ctx, network, address)
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
func TestDialErrors(t *testing.T) {
	onPair(t, func(p *pair) {
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
func TestDialForms(t *testing.T) {
	onPair(t, func(p *pair) {
		l, err := p.peer.Listen(80)
		if err != nil {
			t.Fatal(err)
		}
		for _, network := range []string{"tcp", "tcp4"} {
			for _, address := range []string{"10.0.0.1:80", "10.0.0.1:http", "[10.0.0.1]:080", "[::ffff:10.0.0.1]:80", "[::ffff:a00:1]:http"} {
				c, err := p.ours.DialContext(p.Context(), network, address)
				if err != nil {
					t.Error(err)
					continue
				}
				if at := c.RemoteAddr().String(); at != l.Addr().String() {
					t.Errorf("%s %s: the peer's address is %s", network, address, at)
				}
				c.Close()
			}
		}
	})
}

// A context ends a dial that waits: by its deadline, which is a timeout, or because it
// is cancelled, which is none. Nothing is left of it then.
func TestDialContext(t *testing.T) {
	onPair(t, func(p *pair) {
		p.connect(80) // so that MAC addresses are known
		p.cable.End(1).SetLink(false)
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
		p.ours.mu.Lock()
		defer p.ours.mu.Unlock()
		if n := p.ours.tcp.open.Len(); n != 1 {
			t.Errorf("%d connections are open, want the first one", n)
		}
	})
}

// Addresses are *net.TCPAddr, and each end names the other.
func TestConnAddresses(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, peer := p.connect(80)
		for _, c := range [][2]net.Conn{{ours, peer}, {peer, ours}} {
			if local := c[0].LocalAddr().(*net.TCPAddr); local.String() != c[1].RemoteAddr().String() || local.Network() != "tcp" {
				t.Errorf("%v is called %v by the peer", local, c[1].RemoteAddr())
			}
		}
		if a := ours.LocalAddr().(*net.TCPAddr).AddrPort(); a != netip.MustParseAddrPort("10.0.0.4:80") {
			t.Errorf("our address is %v", a)
		}
		if a := p.listen(81).Addr().String(); a != "10.0.0.4:81" {
			t.Errorf("the listener's address is %v", a)
		}
	})
}

// Close ends an Accept that waits, and connections that nobody has accepted are reset.
func TestListenerClose(t *testing.T) {
	onPair(t, func(p *pair) {
		l := p.listen(80)
		accept := p.call(func() error { _, err := l.Accept(); return err })
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		wantOpError(t, <-accept, "accept", net.ErrClosed)
		_, err := l.Accept()
		wantOpError(t, err, "accept", net.ErrClosed)
		wantOpError(t, l.Close(), "close", net.ErrClosed)

		l = p.listen(80) // the port is free again
		if _, err := p.ours.Listen(80); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("two listeners on a port: %v", err)
		}
		c, err := p.peer.DialContext(p.Context(), "tcp", "10.0.0.4:80")
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
func TestListenerConcurrentAccept(t *testing.T) {
	onPair(t, func(p *pair) {
		l, seen := p.listen(80), make(chan string, 20)
		for range cap(seen) {
			go func() {
				c, err := l.Accept()
				if err != nil {
					t.Error(err)
					return
				}
				seen <- c.RemoteAddr().String()
			}()
		}
		want := make(map[string]bool)
		for range cap(seen) {
			c, err := p.peer.DialContext(p.Context(), "tcp", l.Addr().String())
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
