package datagrams

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// These tests run the services on the kernel's sockets. That they run on our own, too, is for the tests of part 2.

// start starts a service and returns a socket that asks it.
func start(t *testing.T, port uint16) *net.UDPConn {
	t.Helper()
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- Serve(server, Services[port]) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("the service ends with %v", err)
		}
	})
	c, err := net.DialUDP("udp4", nil, server.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	return c
}

// exchange sends a datagram and returns the answer.
func exchange(t *testing.T, c net.Conn, question string) string {
	t.Helper()
	b := make([]byte, 1<<16)
	_, err := io.WriteString(c, question)
	n, rerr := c.Read(b)
	if err := errors.Join(err, rerr); err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestEcho(t *testing.T) {
	c := start(t, 7)
	for _, question := range []string{"there and back", "", strings.Repeat("x", 65507)} {
		if got := exchange(t, c, question); got != question {
			t.Errorf("%d bytes came back for %d", len(got), len(question))
		}
	}
}

func TestDaytimeAndChargen(t *testing.T) {
	got := exchange(t, start(t, 13), "")
	if _, err := time.Parse(time.RFC1123+"\r\n", got); err != nil {
		t.Errorf("%q: %v", got, err)
	}
	got = exchange(t, start(t, 19), "whatever this is")
	if len(got) != 74 || !strings.HasPrefix(got, ` !"#$%&'()`) || !strings.HasSuffix(got, "g\r\n") {
		t.Errorf("%q", got)
	}
}

// What comes from a server's port is no question. (That takes the right to have one, so a socket is played here.)
func TestNoAnswerToAnAnswer(t *testing.T) {
	for port, service := range Services {
		c := &playedSocket{from: []uint16{0, 7, 13, 19, 1023, 1024, 40111}}
		if err := Serve(c, service); !errors.Is(err, net.ErrClosed) {
			t.Errorf("port %d ends with %v", port, err)
		}
		want := "[1024 40111]"
		if port == 9 {
			want = "[]"
		}
		if got := fmt.Sprint(c.to); got != want {
			t.Errorf("port %d answers the ports %s, want %s", port, got, want)
		}
	}
}

// playedSocket receives a datagram from each of some ports, and an error before the first.
type playedSocket struct {
	failed   bool
	from, to []uint16
}

func (c *playedSocket) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	switch {
	case !c.failed:
		c.failed = true
		return 0, netip.AddrPort{}, errors.New("something was not delivered")
	case len(c.from) == 0:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
	port := c.from[0]
	c.from = c.from[1:]
	return copy(b, "x"), netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), port), nil
}

func (c *playedSocket) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	c.to = append(c.to, to.Port())
	return len(b), nil
}
