package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"framebyframe/shared/script"
)

// accepted is a connection to port 80 that has been accepted, for the calls below.
const accepted = handshake + `
	+0 do accept
`

// opened is the same, with other options in the peer's SYN and another window.
func opened(options string, wnd int) string {
	return fmt.Sprintf(`
		+0 < S 0:0(0) win %[2]d %[1]s
		+0 > S. 0:0(0) ack 1
		+0 < . 1:1(0) ack 1 win %[2]d
		+0 do accept
	`, options, wnd)
}

// withDataCalls adds what scripts can do with the connection that accept or dial
// returned last:
//
//	write N         one Write of the stream's next N bytes = N
//	flood           one Write of 16 MB, more than any buffer takes
//	read N          one Read into N bytes = how many it was; they have to be the stream's next
//	closeconn       Close; close is the stack's
//	closewrite, closeread, nodelay [off], linger SECONDS, urgent, rcvbuf N
//	readdeadline, writedeadline, deadline DURATION, or 0 for none
//
// An error that is not a *net.OpError is none of those that a script can want.
func (b *tcpBench) withDataCalls(calls script.Calls) script.Calls {
	calls["state"] = func(...string) (string, error) { return string(b.stateOrTimeWait(8000)), nil }
	calls["write"] = b.withNumber("write", func(c *Conn, n int) (int, error) {
		var at uint32
		b.do(func() { at = uint32(c.end() - c.snd.iss - 1) })
		return c.Write(script.Bytes(script.Pattern, at, n))
	})
	calls["read"] = b.withNumber("read", readStream)
	calls["flood"] = b.onConn("write", func(c *Conn) error {
		_, err := c.Write(make([]byte, 16<<20))
		return err
	})
	calls["closeconn"] = b.onConn("close", (*Conn).Close)
	calls["closewrite"] = b.onConn("close", (*Conn).CloseWrite)
	calls["closeread"] = b.onConn("close", (*Conn).CloseRead)
	calls["linger"] = b.withNumber("set", func(c *Conn, n int) (int, error) { return n, c.SetLinger(n) })
	calls["urgent"] = func(...string) (string, error) { return strconv.Itoa(b.kept().Urgent()), nil }
	calls["nodelay"] = func(off ...string) (string, error) { return "", b.kept().SetNoDelay(len(off) == 0) }
	calls["rcvbuf"] = b.withNumber("set", func(c *Conn, n int) (int, error) {
		b.do(func() { c.rcv.buff, c.rcv.wnd, c.rcv.told = n, n, c.rcv.nxt.add(n) })
		return n, nil
	})
	for name, set := range map[string]func(*Conn, time.Time) error{
		"readdeadline": (*Conn).SetReadDeadline, "writedeadline": (*Conn).SetWriteDeadline, "deadline": (*Conn).SetDeadline,
	} {
		calls[name] = func(args ...string) (string, error) {
			d, err := time.ParseDuration(args[0])
			if err != nil {
				return "", err
			}
			at := time.Time{}
			if d != 0 {
				at = time.Now().Add(d)
			}
			return "", b.localErrorOf("set", set(b.kept(), at))
		}
	}
	return calls
}

// withNumber is a call with a number, whose result is one.
func (b *tcpBench) withNumber(op string, f func(c *Conn, n int) (int, error)) func(...string) (string, error) {
	return func(args ...string) (string, error) {
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return "", err
		}
		n, err = f(b.kept(), n)
		return strconv.Itoa(n), b.opErrorOf(op, err)
	}
}

func (b *tcpBench) onConn(op string, f func(c *Conn) error) func(...string) (string, error) {
	return func(...string) (string, error) { return "", b.opErrorOf(op, f(b.kept())) }
}

// opErrorOf returns err, or hides it if it is not what a net.Conn's errors have to be.
// io.EOF is returned as it is, so says io.Reader.
func (b *tcpBench) opErrorOf(op string, err error) error {
	var o *net.OpError
	switch c := b.kept(); {
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
func (b *tcpBench) localErrorOf(op string, err error) error {
	var o *net.OpError
	if errors.As(err, &o) && (o.Op != op || o.Source != nil || o.Addr.String() != b.kept().LocalAddr().String()) {
		return fmt.Errorf("a *net.OpError with Op %q, from %v to %v: %v", o.Op, o.Source, o.Addr, o.Err)
	}
	return err
}

// readStream reads once, and checks that the bytes are the stream's next.
func readStream(c *Conn, n int) (int, error) {
	c.s.mu.Lock()
	at := uint32(c.rcv.read - c.rcv.irs - 1)
	c.s.mu.Unlock()
	data := make([]byte, n)
	n, err := c.Read(data)
	if want := script.Bytes(script.Pattern, at, n); !bytes.Equal(data[:n], want) {
		return n, fmt.Errorf("read % x at %d of the stream, want % x", data[:n], at, want)
	}
	return n, err
}

// stateOrTimeWait is the state, also if it is TIME-WAIT, where no Conn is needed.
func (b *tcpBench) stateOrTimeWait(peerPort uint16) (state tcpState) {
	state = b.state(peerPort)
	b.do(func() {
		if b.conn(peerPort) == nil && b.timeWait(peerPort) != nil {
			state = stateTimeWait
		}
	})
	return state
}

// timeWait is the connection in TIME-WAIT with a port of the peer, or nil. The lock
// is held.
func (b *tcpBench) timeWait(peerPort uint16) *timeWait {
	for key, w := range b.s.tcp.timeWait.conns {
		if key.remotePort == peerPort {
			return w
		}
	}
	return nil
}
