package stack

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// A Conn is a net.Conn. All its methods may be called by several goroutines at the
// same time. Their errors are those of package net on Linux: see opError.
var _ net.Conn = (*Conn)(nil)

// userState is what the user has asked for.
type userState struct {
	closed     bool // has called Close
	closedRead bool // has called Close or CloseRead
	noDelay    bool // no Nagle algorithm
	linger     time.Duration
	urgent     chan<- struct{} // news of urgent data go here
}

// initUser makes a new connection ready for a user, in the RFC's sense: a program.
func (c *Conn) initUser() {
	c.snd.ready.L, c.rcv.ready.L = &c.s.mu, &c.s.mu
	c.snd.text.pool, c.rcv.text.pool = &c.s.tcp.chunks, &c.s.tcp.chunks
	c.rcv.buff = minBuffer
	c.user.linger = -1
}

// wakeUser wakes all calls that wait.
func (c *Conn) wakeUser() {
	c.rcv.ready.Broadcast()
	c.snd.ready.Broadcast()
}

// Read is the RFC's RECEIVE call (3.10.3): it waits until there are data, and copies as
// many of them as there are, and b has room for. After the peer's last byte the error is
// io.EOF.
func (c *Conn) Read(b []byte) (int, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for {
		if err := c.readError(); err != nil && (len(b) > 0 || c.user.closed) {
			return 0, err // to read nothing is no error before Close
		}
		if n := min(c.readable(), len(b)); n > 0 || len(b) == 0 {
			c.rcv.text.readAt(0, b[:n])
			c.consume(n)
			return n, nil
		}
		if c.rcv.fin || c.user.closedRead {
			return 0, io.EOF
		}
		c.rcv.ready.Wait()
	}
}

// readError returns why nothing can be read, whether there is anything or not.
func (c *Conn) readError() error {
	switch {
	case c.user.closed:
		return c.opError("read", net.ErrClosed)
	case c.rcv.late || over(c.rcv.deadline):
		return c.opError("read", os.ErrDeadlineExceeded)
	case c.err != nil && !c.endedBeforeRST():
		return c.opError("read", c.err)
	}
	return nil
}

// endedBeforeRST reports whether the peer's RST came when everything up to its FIN was
// there. A peer that has sent its answer and closed sends an RST for whatever we send after
// that, which takes nothing away from the answer. As on Linux, the answer can be read, up
// to io.EOF; Write returns the error.
func (c *Conn) endedBeforeRST() bool { return c.rcv.fin && c.err == errReset }

// Write is the RFC's SEND call (3.10.2): it copies b into the send buffer and waits while
// that is full. When it returns, the peer need not have received anything yet. There is one
// Write at a time: the bytes of two never mix.
func (c *Conn) Write(b []byte) (n int, err error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for c.snd.busy && c.writeError() == nil {
		c.snd.ready.Wait()
	}
	if err := c.writeError(); err != nil {
		return 0, err
	}
	c.snd.busy = true
	defer func() {
		c.snd.busy = false
		c.snd.ready.Broadcast()
	}()
	for n < len(b) {
		if err := c.writeError(); err != nil {
			return n, err
		}
		room := c.sendBuffer() - c.snd.text.size
		if room <= 0 {
			c.snd.ready.Wait()
			continue
		}
		part := b[n:min(n+room, len(b))]
		c.snd.text.writeAt(c.snd.text.size, part)
		n += len(part)
		c.output()
	}
	return n, nil
}

// writeError returns why nothing can be written.
func (c *Conn) writeError() error {
	switch {
	case c.user.closed:
		return c.opError("write", net.ErrClosed)
	case c.snd.late || over(c.snd.deadline):
		return c.opError("write", os.ErrDeadlineExceeded)
	case c.err != nil:
		return c.opError("write", c.err)
	case c.snd.closed:
		return c.opError("write", errPipe)
	}
	return nil
}

// LocalAddr returns our address, a *net.TCPAddr.
func (c *Conn) LocalAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(c.s.ip.Addr(), c.key.localPort))
}

// RemoteAddr returns the peer's address, a *net.TCPAddr.
func (c *Conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote()) }

// SetNoDelay turns the Nagle algorithm off, or on again: "there MUST be a way for an
// application to disable the Nagle algorithm on an individual connection" (RFC 9293
// 3.7.4, MUST-17). It is on at first, as the RFC wants it; package net has it off.
func (c *Conn) SetNoDelay(noDelay bool) error {
	return c.set(func() {
		c.user.noDelay = noDelay
		c.output()
	})
}

// maxLinger is the longest that Close can be made to wait, in seconds: a year.
const maxLinger = 365 * 24 * 3600

// SetLinger says what Close does with data that the peer has not acknowledged. If sec is
// negative, as it is at first, Close returns at once, and they are sent in the background;
// if it is 0, they are thrown away and the connection is reset; otherwise Close waits for
// the acknowledgment, and resets the connection if it has not come after sec seconds.
func (c *Conn) SetLinger(sec int) error {
	return c.set(func() { c.user.linger = time.Duration(max(-1, min(sec, maxLinger))) * time.Second })
}

// set runs f with the lock held, unless the user has closed the connection.
func (c *Conn) set(f func()) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.user.closed {
		return c.opError("set", net.ErrClosed)
	}
	f()
	return nil
}

// Urgent returns how many bytes must be read to get past the peer's urgent data: 0
// if there are none. "The TCP implementation MUST provide a way for the application to
// learn how much urgent data remains to be read" (RFC 9293 3.8.5, MUST-33).
func (c *Conn) Urgent() int {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return max(0, int(int32(c.rcv.up-c.rcv.read)))
}

// NotifyUrgent sets a channel to which something is sent whenever urgent data, or more of
// them, are announced: "A TCP implementation MUST inform the application layer
// asynchronously" (RFC 9293 3.8.5, MUST-32). Nothing waits for the channel, so it should
// have room for 1.
func (c *Conn) NotifyUrgent(news chan<- struct{}) error {
	return c.set(func() { c.user.urgent = news })
}

func (c *Conn) tellUrgent() {
	select {
	case c.user.urgent <- struct{}{}:
	default: // there is no channel, or there is news in it already
	}
}

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *Conn) SetDeadline(t time.Time) error {
	return c.setLocal(func() {
		c.setReadDeadline(t)
		c.setWriteDeadline(t)
	})
}

// SetReadDeadline sets the time from which on every Read fails with os.ErrDeadlineExceeded,
// also one that is waiting. The zero time means never.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.setLocal(func() { c.setReadDeadline(t) })
}

// SetWriteDeadline sets the time from which on every Write fails; it returns how much it
// has copied by then.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.setLocal(func() { c.setWriteDeadline(t) })
}

// setLocal is set, for a matter of our end alone.
func (c *Conn) setLocal(f func()) error {
	if c.set(f) != nil {
		return opError("set", "tcp", nil, c.LocalAddr(), net.ErrClosed)
	}
	return nil
}

func (c *Conn) setReadDeadline(t time.Time) {
	c.rcv.deadline, c.rcv.late = t, false
	c.setDeadline(timerReadDeadline, t)
	c.rcv.ready.Broadcast()
}

func (c *Conn) setWriteDeadline(t time.Time) {
	c.snd.deadline, c.snd.late = t, false
	c.setDeadline(timerWriteDeadline, t)
	c.snd.ready.Broadcast()
}

// setDeadline sets the timer that wakes a call that is waiting at the time t. In TIME-WAIT
// and CLOSED none does.
func (c *Conn) setDeadline(which connTimer, t time.Time) {
	c.stopTimer(which)
	if !t.IsZero() && c.state != stateClosed && c.state != stateTimeWait {
		c.startTimer(which, time.Until(t))
	}
}

// over reports whether a deadline has passed.
func over(limit time.Time) bool { return !limit.IsZero() && !time.Now().Before(limit) }

// DialContext opens a connection, as net.Dialer's does: http.Transport and others can
// use it in its place. network is "tcp" or "tcp4", address an IPv4 address with a port.
// The error is a *net.OpError around what DialTCP returns.
func (s *Stack) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	fail := func(to net.Addr, err error) (net.Conn, error) {
		return nil, opError("dial", network, nil, to, err)
	}
	if network != "tcp" && network != "tcp4" {
		return fail(nil, net.UnknownNetworkError(network))
	}
	to, err := s.parseTarget(network, address)
	if err != nil {
		return fail(nil, err)
	}
	c, err := s.DialTCP(ctx, to)
	if err != nil {
		return fail(net.TCPAddrFromAddrPort(to), errors.Unwrap(err)) // OpError says where to
	}
	return c, nil
}

// portNames knows the names of ports. Written in Go, it sends nothing: it reads a file.
var portNames = net.Resolver{PreferGo: true}

// parseTarget reads an address with a port, in the forms that net.Dialer takes: the port
// may have a name, IPv4 addresses may be written as IPv6 ones, and without an address, or
// with one that is all zeros, "the local system is assumed" (package net). It cannot look
// up the names of hosts: there is no DNS here.
func (s *Stack) parseTarget(network, address string) (netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := portNames.LookupPort(context.Background(), network, service)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if host == "" {
		return netip.AddrPortFrom(s.ip.Addr(), uint16(port)), nil
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return netip.AddrPort{}, &net.DNSError{Err: "there is no DNS in this stack: write the IPv4 address", Name: host}
	case ip.IsUnspecified():
		ip = s.ip.Addr()
	case !ip.Unmap().Is4():
		return netip.AddrPort{}, &net.AddrError{Err: "not an IPv4 address", Addr: host}
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(port)), nil
}

// A Listener is a net.Listener.
var _ net.Listener = (*Listener)(nil)

// Accept waits for the next connection. After Close the error wraps net.ErrClosed,
// after the time that SetDeadline gave os.ErrDeadlineExceeded.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, l.opError("accept", err)
	}
	return c, nil
}

// SetDeadline sets the time from which on every Accept fails, also one that is waiting. The
// zero time means never.
func (l *Listener) SetDeadline(t time.Time) error {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if l.closed {
		return l.opError("set", errListenerClosed)
	}
	l.late = over(t)
	l.deadline.stop()
	if !t.IsZero() && !l.late {
		l.deadline.start(time.Until(t))
	}
	l.changed.Broadcast()
	return nil
}

func (l *Listener) deadlineOver() {
	l.late = true
	l.changed.Broadcast()
}

// Addr returns the address on which connections are accepted, a *net.TCPAddr.
func (l *Listener) Addr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(l.s.ip.Addr(), l.port))
}

// What a program sees of an error is what package net shows it on Linux, so that it need
// not know whose connections it uses. Errors are of the type *net.OpError, whose Timeout
// method tells whether it was a matter of time, and wrap
//
//	net.ErrClosed             after Close of the connection, the listener or the stack
//	os.ErrDeadlineExceeded    after the time that SetDeadline gave
//	syscall.ECONNRESET        after a reset by the peer
//	syscall.EPIPE             for Write after CloseWrite
//	syscall.ENOTCONN          for CloseRead and CloseWrite when the connection has ended
//	syscall.ETIMEDOUT         when the peer has not answered for too long
//
// and what else ended the connection. One thing is different: a connection that was reset
// says so as often as it is asked. Linux says it once, and then has Read return io.EOF, as
// if all had come, and Write EPIPE.

// opError returns err as an error of the operation op between two addresses. For an
// operation on our end alone "Addr is the address of the local endpoint being
// manipulated" (package net), and source is nil.
func opError(op, network string, source, addr net.Addr, err error) error {
	if errors.Is(err, syscall.ETIMEDOUT) {
		err = timeoutError{err}
	}
	return &net.OpError{Op: op, Net: network, Source: source, Addr: addr, Err: err}
}

// opError is what the methods of a connection return.
func (c *Conn) opError(op string, err error) error {
	return opError(op, "tcp", c.LocalAddr(), c.RemoteAddr(), err)
}

// opError is what the methods of a listener return.
func (l *Listener) opError(op string, err error) error {
	return opError(op, "tcp", nil, l.Addr(), err)
}

// timeoutError is an error of which net.OpError, which looks at what it wraps but not
// further, can tell that it is a timeout.
type timeoutError struct{ error }

func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }
func (e timeoutError) Unwrap() error { return e.error }
