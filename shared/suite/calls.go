package suite

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"framebyframe/shared/script"
)

// stream is a connection, and how far it has been written and read.
type stream struct {
	Conn
	mu            sync.Mutex
	written, read uint32
}

// Calls are what scripts can do with a stack:
//
//	accept, dial [IP:PORT], cancel  cancel ends a dial
//	state                           of the connection with the peer's port 8000
//	unlisten, close                 Close of the listener; of the stack
//
// and with the connection that accept or dial returned last:
//
//	write N         one Write of the stream's next N bytes = N
//	flood           one Write of 16 MB, more than any buffer takes
//	read N          one Read into N bytes = how many it was; they have to be the stream's next
//	closeconn       Close
//	closewrite, closeread, abort, nodelay [off], linger SECONDS, urgent, rcvbuf N
//	readdeadline, writedeadline, deadline DURATION, or 0 for none
//	usertimeout DURATION, keepalive DURATION, keepaliveon
//	cwnd, ssthresh, srtt, rto   in bytes and milliseconds
//
// passive says that the connection is one to port 80, iss with which number a dial has to begin, if not nil.
// An error of a connection that is not a *net.OpError is none of those that a script can want.
func (b *Bench) Calls(passive bool, iss *uint32) script.Calls {
	calls := script.Calls{
		"accept": func(...string) (string, error) { return "", b.keep(b.l.Accept()) },
		"dial": func(to ...string) (string, error) {
			if len(to) == 0 {
				to = []string{"10.0.0.1:8000"}
			}
			addr := netip.MustParseAddrPort(to[0])
			if iss != nil {
				b.kind.setISS(b.Host, addr, 0, *iss)
			}
			return "", b.keep(b.kind.dial(b.ctx, b.Host, addr))
		},
		"cancel":   func(...string) (string, error) { b.cancel(); return "", nil },
		"close":    func(...string) (string, error) { return "", b.Host.Close() },
		"unlisten": func(...string) (string, error) { b.listening = false; return "", b.l.Close() },
		"state":    func(...string) (string, error) { return b.State(passive), nil },
		"rcvbuf": b.withNumber("set", func(c *stream, n int) (int, error) {
			b.kind.setReceiveBuffer(c.Conn, n)
			return n, nil
		}),
	}
	b.addStreamCalls(calls)
	b.addOptionCalls(calls)
	for _, name := range []string{"cwnd", "ssthresh", "srtt", "rto"} {
		calls[name] = func(...string) (string, error) {
			if b.kind.figures == nil {
				return "", errors.New("this stack does not tell")
			}
			return strconv.Itoa(b.kind.figures(b.Host, 8000)[name]), nil
		}
	}
	return calls
}

// addStreamCalls adds what moves bytes, and ends that.
func (b *Bench) addStreamCalls(calls script.Calls) {
	calls["write"] = b.withNumber("write", (*stream).writeNext)
	calls["read"] = b.withNumber("read", (*stream).readNext)
	calls["flood"] = b.onConn("write", func(c *stream) error {
		n, err := c.write(make([]byte, 16<<20))
		c.mu.Lock()
		defer c.mu.Unlock()
		c.written += uint32(n)
		return err
	})
	calls["abort"] = func(...string) (string, error) {
		c, ok := b.kept().Conn.(interface{ Abort() })
		if !ok {
			return "", errMissing("Abort")
		}
		c.Abort()
		return "", nil
	}
	calls["closeconn"] = b.onConn("close", func(c *stream) error {
		return with(c, "Close", func(c interface{ Close() error }) error { return c.Close() })
	})
	calls["closewrite"] = b.onConn("close", func(c *stream) error {
		return with(c, "CloseWrite", func(c interface{ CloseWrite() error }) error { return c.CloseWrite() })
	})
	calls["closeread"] = b.onConn("close", func(c *stream) error {
		return with(c, "CloseRead", func(c interface{ CloseRead() error }) error { return c.CloseRead() })
	})
}

// addOptionCalls adds what changes how a connection works.
func (b *Bench) addOptionCalls(calls script.Calls) {
	calls["linger"] = b.withNumber("set", func(c *stream, n int) (int, error) {
		return n, with(c, "SetLinger", func(c interface{ SetLinger(int) error }) error { return c.SetLinger(n) })
	})
	calls["urgent"] = func(...string) (n string, err error) {
		return n, with(b.kept(), "Urgent", func(c interface{ Urgent() int }) error { n = strconv.Itoa(c.Urgent()); return nil })
	}
	calls["nodelay"] = func(off ...string) (string, error) {
		return "", with(b.kept(), "SetNoDelay", func(c interface{ SetNoDelay(bool) error }) error { return c.SetNoDelay(len(off) == 0) })
	}
	calls["keepaliveon"] = b.onConn("set", func(c *stream) error {
		return with(c, "SetKeepAlive", func(c interface{ SetKeepAlive(bool) error }) error { return c.SetKeepAlive(true) })
	})
	calls["usertimeout"] = b.withDuration(func(c *stream, d time.Duration) error {
		return b.opErrorOf("set", with(c, "SetUserTimeout", func(c interface{ SetUserTimeout(time.Duration) error }) error { return c.SetUserTimeout(d) }))
	})
	calls["keepalive"] = b.withDuration(func(c *stream, d time.Duration) error {
		return b.opErrorOf("set", with(c, "SetKeepAlivePeriod", func(c interface{ SetKeepAlivePeriod(time.Duration) error }) error { return c.SetKeepAlivePeriod(d) }))
	})
	for name, set := range map[string]func(net.Conn, time.Time) error{
		"readdeadline": net.Conn.SetReadDeadline, "writedeadline": net.Conn.SetWriteDeadline, "deadline": net.Conn.SetDeadline,
	} {
		calls[name] = b.withDuration(func(c *stream, d time.Duration) error {
			at := time.Time{}
			if d != 0 {
				at = time.Now().Add(d)
			}
			return b.localErrorOf("set", with(c, "SetDeadline", func(c net.Conn) error { return set(c, at) }))
		})
	}
}

// with calls f with the connection as a type that has the method.
func with[T any](c *stream, method string, f func(T) error) error {
	if t, ok := c.Conn.(T); ok {
		return f(t)
	}
	return errMissing(method)
}

func errMissing(method string) error {
	return fmt.Errorf("connections of this part have no method %s: the script is for a later one", method)
}

func (b *Bench) keep(c Conn, err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.last = &stream{Conn: c}
	}
	return err
}

// Kept is the connection that accept or dial returned last, or nil.
func (b *Bench) Kept() Conn {
	if s := b.kept(); s != nil {
		return s.Conn
	}
	return nil
}

func (b *Bench) kept() *stream {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// State is the state of the connection with the peer's port 8000, or what its next segment would find.
func (b *Bench) State(passive bool) string {
	switch state := b.kind.state(b.Host, 8000); {
	case state != "":
		return state
	case passive && b.listening:
		return "LISTEN"
	}
	return "CLOSED"
}

// withNumber is a call with a number, whose result is one.
func (b *Bench) withNumber(op string, f func(c *stream, n int) (int, error)) func(...string) (string, error) {
	return func(args ...string) (string, error) {
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return "", err
		}
		n, err = f(b.kept(), n)
		return strconv.Itoa(n), b.opErrorOf(op, err)
	}
}

func (b *Bench) withDuration(f func(c *stream, d time.Duration) error) func(...string) (string, error) {
	return func(args ...string) (string, error) {
		d, err := time.ParseDuration(args[0])
		if err != nil {
			return "", err
		}
		return "", f(b.kept(), d)
	}
}

func (b *Bench) onConn(op string, f func(c *stream) error) func(...string) (string, error) {
	return func(...string) (string, error) { return "", b.opErrorOf(op, f(b.kept())) }
}

// opErrorOf returns err, or hides it if it is not what a net.Conn's errors have to be. io.EOF is returned as
// it is, so says io.Reader.
func (b *Bench) opErrorOf(op string, err error) error {
	var o *net.OpError
	switch c, _ := b.kept().Conn.(net.Conn); {
	case err == nil || err.Error() == "EOF":
		return err
	case !errors.As(err, &o) || any(o) != any(err):
		return fmt.Errorf("not a *net.OpError: %v", err)
	case !strings.Contains(op, o.Op) || o.Net != "tcp" || o.Source.String() != c.LocalAddr().String() || o.Addr.String() != c.RemoteAddr().String():
		return fmt.Errorf("a *net.OpError with Op %q, %q, from %v to %v: %v", o.Op, o.Net, o.Source, o.Addr, o.Err)
	}
	return err
}

// localErrorOf is opErrorOf for what concerns our end alone: Addr is our address.
func (b *Bench) localErrorOf(op string, err error) error {
	var o *net.OpError
	if errors.As(err, &o) && (o.Op != op || o.Source != nil || o.Addr.String() != b.kept().Conn.(net.Conn).LocalAddr().String()) {
		return fmt.Errorf("a *net.OpError with Op %q, from %v to %v: %v", o.Op, o.Source, o.Addr, o.Err)
	}
	return err
}

// writeNext writes the stream's next n bytes.
func (c *stream) writeNext(n int) (int, error) {
	c.mu.Lock()
	at := c.written
	c.mu.Unlock()
	n, err := c.write(script.Bytes(script.Pattern, at, n))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.written += uint32(n)
	return n, err
}

func (c *stream) write(data []byte) (n int, err error) {
	return n, with(c, "Write", func(c interface{ Write([]byte) (int, error) }) (err error) {
		n, err = c.Write(data)
		return err
	})
}

// readNext reads once, and checks that the bytes are the stream's next.
func (c *stream) readNext(n int) (int, error) {
	data := make([]byte, n)
	err := with(c, "Read", func(c interface{ Read([]byte) (int, error) }) (err error) {
		n, err = c.Read(data)
		return err
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if want := script.Bytes(script.Pattern, c.read, n); !bytes.Equal(data[:n], want) {
		return n, fmt.Errorf("read % x at %d of the stream, want % x", data[:n], c.read, want)
	}
	c.read += uint32(n)
	return n, err
}
