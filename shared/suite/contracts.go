package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// machine is a place where a program runs that knows connections only as package net
// gives them: on the kernel's sockets, or on two of our stacks.
type machine struct {
	*testing.T
	listen func() net.Listener
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	said   []string
}

// halves is what a *net.TCPConn has, and most other net.Conns have not.
type halves interface {
	net.Conn
	CloseRead() error
	CloseWrite() error
	SetNoDelay(bool) error
	SetLinger(int) error
}

// deadliner is a *net.TCPListener.
type deadliner interface {
	net.Listener
	SetDeadline(time.Time) error
}

// connect returns both ends of a connection.
func (h *machine) connect() (client, server halves) {
	h.Helper()
	l := h.listen()
	defer l.Close()
	c, err := h.dial(h.Context(), "tcp", l.Addr().String())
	if err != nil {
		h.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { c.Close(); s.Close() })
	return c.(halves), s.(halves)
}

// say notes what an error is. who is the connection or the listener that returned it.
func (h *machine) say(what string, who any, err error) {
	h.said = append(h.said, fmt.Sprintf("%s: %s", what, describeError(who, err)))
}

// knownErrors are those that a program may ask for.
var knownErrors = map[string]error{
	"net.ErrClosed": net.ErrClosed, "os.ErrDeadlineExceeded": os.ErrDeadlineExceeded,
	"context.DeadlineExceeded": context.DeadlineExceeded, "context.Canceled": context.Canceled,
	"ECONNREFUSED": syscall.ECONNREFUSED, "ECONNRESET": syscall.ECONNRESET, "EPIPE": syscall.EPIPE,
	"ENOTCONN": syscall.ENOTCONN, "ETIMEDOUT": syscall.ETIMEDOUT, "EADDRINUSE": syscall.EADDRINUSE,
}

// describeError says all of an error that a program can see, but its words.
func describeError(who any, err error) string {
	if err == nil || err == io.EOF {
		return fmt.Sprint(err)
	}
	text := fmt.Sprintf("%T", err)
	if e, ok := err.(*net.OpError); ok {
		text += fmt.Sprintf(" Op %s Net %s Source %s Addr %s", e.Op, e.Net, roleOf(who, e.Source), roleOf(who, e.Addr))
	}
	if e, ok := err.(net.Error); ok {
		//lint:ignore SA1019 programs that ask get the same answer from package net and from us
		//lint:ignore SA1019 programs that ask get the same answer from package net and from us
		text += fmt.Sprintf(" timeout %v temporary %v", e.Timeout(), e.Temporary())
	}
	var is []string
	for name, known := range knownErrors {
		if errors.Is(err, known) {
			is = append(is, name)
		}
	}
	slices.Sort(is)
	return text + " is " + strings.Join(is, " ")
}

// roleOf says whose address a is.
func roleOf(who any, a net.Addr) string {
	if a == nil {
		return "nil"
	}
	role := "neither"
	switch who := who.(type) {
	case net.Conn:
		switch a.String() {
		case who.LocalAddr().String():
			role = "local"
		case who.RemoteAddr().String():
			role = "remote"
		}
	case net.Listener:
		if a.String() == who.Addr().String() {
			role = "local"
		}
	case string:
		if a.String() == who {
			role = "remote"
		}
	}
	return fmt.Sprintf("%T %s", a, role)
}

// onKernel and onOurs run a program on package net's sockets and on two stacks, and
// return what it said.
func onKernel(t *testing.T, program func(h *machine)) []string {
	h := &machine{T: t, dial: new(net.Dialer).DialContext}
	h.listen = func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	program(h)
	return h.said
}

func onOurs(t *testing.T, k *kind, program func(h *machine)) (said []string) {
	onPair(t, k, func(p *Pair) {
		port := uint16(80)
		h := &machine{T: p.T, dial: p.Peer.(dialer).DialContext}
		h.listen = func() net.Listener { port++; return p.listen(port).Net }
		program(h)
		said = h.said
	})
	return said
}

// readFails and writeFails call until there is an error.
func readFails(c net.Conn) error {
	for {
		if _, err := c.Read(make([]byte, 1000)); err != nil {
			return err
		}
	}
}

func writeFails(c net.Conn) error {
	for {
		if _, err := c.Write(make([]byte, 1000)); err != nil {
			return err
		}
	}
}

func read(c net.Conn, n int) error { _, err := c.Read(make([]byte, n)); return err }

func write(c net.Conn, n int) error { _, err := c.Write(make([]byte, n)); return err }

// contracts are programs that say what calls return, in all the ways in which a
// connection, a listener or a dial can have ended.
var contracts = []struct {
	name    string
	program func(h *machine)
}{
	{"after Close", func(h *machine) {
		c, _ := h.connect()
		h.say("Close", c, c.Close())
		h.sayAll(c)
	}},
	{"after Close with deadlines that are over", func(h *machine) {
		c, _ := h.connect()
		c.SetDeadline(time.Unix(1, 0))
		c.Close()
		h.sayAll(c)
	}},
	{"after Close of a connection that the peer has closed", func(h *machine) {
		c, s := h.connect()
		s.Close()
		h.say("Read", c, readFails(c))
		h.say("Close", c, c.Close())
		h.sayAll(c)
	}},
	{"nothing at all", func(h *machine) {
		c, _ := h.connect()
		h.say("Read of nothing", c, read(c, 0))
		h.say("Write of nothing", c, write(c, 0))
	}},
	{"behind the peer's last byte", func(h *machine) {
		c, s := h.connect()
		s.CloseWrite()
		h.say("Read", c, read(c, 1))
		h.say("Read again", c, read(c, 1))
		h.say("Read of nothing", c, read(c, 0))
		h.say("Write", c, write(c, 1))
		h.say("Write of nothing", c, write(c, 0))
		h.say("CloseRead", c, c.CloseRead())
	}},
	{"deadlines that are over", func(h *machine) {
		c, s := h.connect()
		write(s, 10)
		h.say("Read", c, read(c, 1))
		h.say("SetDeadline", c, c.SetDeadline(time.Unix(1, 0)))
		h.say("Read", c, read(c, 1))
		h.say("Read of nothing", c, read(c, 0))
		h.say("Write", c, write(c, 1))
		h.say("Write of nothing", c, write(c, 0))
		h.say("CloseWrite", c, c.CloseWrite())
		h.say("Write after CloseWrite", c, write(c, 1))
		h.say("CloseRead", c, c.CloseRead())
		h.say("Read after CloseRead", c, read(c, 1))
		h.say("SetDeadline", c, c.SetDeadline(time.Time{}))
		h.say("Write after CloseWrite", c, write(c, 1))
		h.say("Read after CloseRead", c, read(c, 0))
		h.say("Close", c, c.Close())
	}},
	{"deadlines while a call waits", func(h *machine) {
		c, _ := h.connect()
		c.SetDeadline(time.Now().Add(10 * time.Millisecond))
		h.say("Read", c, read(c, 1))
		h.say("Write", c, writeFails(c))
	}},
	{"halves closed", func(h *machine) {
		c, s := h.connect()
		h.say("CloseWrite", c, c.CloseWrite())
		h.say("CloseWrite again", c, c.CloseWrite())
		h.say("Write", c, write(c, 1))
		h.say("Write of nothing", c, write(c, 0))
		h.say("the peer's Read", s, read(s, 1))
		h.say("CloseRead", c, c.CloseRead())
		h.say("CloseRead again", c, c.CloseRead())
		h.say("Read", c, read(c, 1))
		h.say("the peer's Write", s, writeFails(s))
		h.say("Close", c, c.Close())
	}},
	{"a reset", func(h *machine) {
		c, s := h.connect()
		s.SetLinger(0)
		s.Close()
		h.say("Read", c, read(c, 1))
		h.say("Read of nothing", c, read(c, 0))
		h.say("SetDeadline", c, c.SetDeadline(time.Now()))
		h.say("SetNoDelay", c, c.SetNoDelay(true))
		h.say("CloseWrite", c, c.CloseWrite())
		h.say("CloseRead", c, c.CloseRead())
		h.say("Close", c, c.Close())
		h.say("Close again", c, c.Close())
	}},
	{"a reset, and a Write", func(h *machine) {
		c, s := h.connect()
		s.SetLinger(0)
		s.Close()
		h.say("Write", c, writeFails(c))
		h.say("Write of nothing", c, write(c, 0))
	}},
	{"a peer who closes with data unread", func(h *machine) {
		c, s := h.connect()
		write(c, 1)
		read(s, 0)
		time.Sleep(10 * time.Millisecond)
		s.Close()
		h.say("Read", c, readFails(c))
	}},
	{"a Read that waits while Close is called", func(h *machine) {
		c, _ := h.connect()
		result := make(chan error)
		go func() { result <- read(c, 1) }()
		time.Sleep(10 * time.Millisecond)
		c.Close()
		h.say("Read", c, <-result)
	}},
	{"addresses after Close", func(h *machine) {
		c, _ := h.connect()
		local, remote := c.LocalAddr().String(), c.RemoteAddr().String()
		c.Close()
		h.said = append(h.said, fmt.Sprintf("%T %v, %T %v", c.LocalAddr(), c.LocalAddr().String() == local, c.RemoteAddr(), c.RemoteAddr().String() == remote))
	}},
	{"a listener closed", func(h *machine) {
		l := h.listen().(deadliner)
		result := make(chan error)
		go func() { _, err := l.Accept(); result <- err }()
		time.Sleep(10 * time.Millisecond)
		h.say("Close", l, l.Close())
		h.say("Accept that waited", l, <-result)
		_, err := l.Accept()
		h.say("Accept", l, err)
		h.say("Close again", l, l.Close())
		h.say("SetDeadline", l, l.SetDeadline(time.Now()))
		h.said = append(h.said, fmt.Sprintf("%T", l.Addr()))
	}},
	{"a listener with a deadline", func(h *machine) {
		l := h.listen().(deadliner)
		defer l.Close()
		h.say("SetDeadline", l, l.SetDeadline(time.Now().Add(10*time.Millisecond)))
		_, err := l.Accept()
		h.say("Accept", l, err)
		c, err := h.dial(h.Context(), "tcp", l.Addr().String())
		h.say("dial", l.Addr().String(), err)
		defer c.Close()
		_, err = l.Accept()
		h.say("Accept when there is one", l, err)
		h.say("SetDeadline", l, l.SetDeadline(time.Time{}))
		s, err := l.Accept()
		h.say("Accept", l, err)
		s.Close()
	}},
	{"a dial that nobody takes", func(h *machine) {
		l := h.listen()
		l.Close()
		for _, network := range []string{"tcp", "tcp4"} {
			_, err := h.dial(h.Context(), network, l.Addr().String())
			h.say(network, l.Addr().String(), err)
		}
	}},
	{"a dial whose time is over", func(h *machine) {
		l := h.listen()
		defer l.Close()
		ctx, cancel := context.WithDeadline(h.Context(), time.Unix(1, 0))
		defer cancel()
		_, err := h.dial(ctx, "tcp", l.Addr().String())
		h.say("deadline", l.Addr().String(), err)
		ctx, cancel = context.WithCancel(h.Context())
		cancel()
		_, err = h.dial(ctx, "tcp", l.Addr().String())
		h.say("cancelled", l.Addr().String(), err)
	}},
	{"a dial to what is no address", func(h *machine) {
		for _, to := range [][2]string{{"sctp", "127.0.0.1:1"}, {"tcp", "127.0.0.1"}, {"tcp", "127.0.0.1:65536"}, {"tcp", "127.0.0.1:no-such-service"}, {"tcp", "[::1"}} {
			_, err := h.dial(h.Context(), to[0], to[1])
			h.say(strings.Join(to[:], " "), nil, err)
		}
	}},
}

// sayAll says what all methods return.
func (h *machine) sayAll(c halves) {
	h.say("Read", c, read(c, 1))
	h.say("Read of nothing", c, read(c, 0))
	h.say("Write", c, write(c, 1))
	h.say("Write of nothing", c, write(c, 0))
	h.say("SetDeadline", c, c.SetDeadline(time.Now()))
	h.say("SetReadDeadline", c, c.SetReadDeadline(time.Now()))
	h.say("SetWriteDeadline", c, c.SetWriteDeadline(time.Now()))
	h.say("SetNoDelay", c, c.SetNoDelay(true))
	h.say("SetLinger", c, c.SetLinger(1))
	h.say("CloseRead", c, c.CloseRead())
	h.say("CloseWrite", c, c.CloseWrite())
	h.say("Close", c, c.Close())
}

// ownWays are what we do otherwise, and why. The key is what was said, and where.
var ownWays = map[string]string{
	"halves closed: the peer's Write":        "Linux says EPIPE of a reset that comes behind the peer's FIN, and we that it was one",
	"a reset, and a Write: Write of nothing": "Linux tells of a reset once, we as often as we are asked",
	"a listener closed: SetDeadline":         "package net forgets to put a *net.OpError around this one",
}

// A program cannot tell our connections from those of package net on Linux by what
// their methods return: the same programs run on both, and say the same, but for what
// is in ownWays.
func testConnAsPackageNet(t *testing.T, k *kind) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIP: what package net says is Linux's on Linux only")
	}
	for _, contract := range contracts {
		t.Run(contract.name, func(t *testing.T) {
			want, got := onKernel(t, contract.program), onOurs(t, k, contract.program)
			if len(got) != len(want) {
				t.Fatalf("we say %d things, package net %d", len(got), len(want))
			}
			for i := range want {
				what, _, _ := strings.Cut(want[i], ":")
				_, own := ownWays[contract.name+": "+what]
				if own && got[i] == want[i] {
					t.Errorf("ownWays has %q, and there is no difference", what)
				}
				if !own && got[i] != want[i] {
					t.Errorf("\n     we say %s\npackage net %s", got[i], want[i])
				}
			}
		})
	}
}
