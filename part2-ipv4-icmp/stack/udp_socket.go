package stack

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

const (
	// maxUDPQueue bounds what waits to be read at a port, in bytes. A batch of frames that are
	// as long as they can be has less than half of it, and after each batch the reader has
	// his turn.
	maxUDPQueue = 256 << 10

	// udpOverhead is what a datagram counts for in the queue beside its data and options, about
	// what it costs: else those without data would cost nothing, and there would be no bound.
	udpOverhead = 128

	// maxUDPErrors bounds the errors that wait to be heard. They do not count for maxUDPQueue:
	// whoever forges errors must not keep out datagrams.
	maxUDPErrors = 16
)

// Datagram is a UDP datagram, and what IP says of it: "An application-layer program MUST be
// able to set the TTL and TOS values as well as IP options for sending a UDP datagram" (RFC 1122
// 4.1.4), and it is told of those that arrive.
type Datagram struct {
	Peer    netip.AddrPort // who has sent it, or whom it is for
	Local   netip.Addr     // what it was sent to: our address, or one that stands for all; Send does not look at it
	TTL     uint8          // how many hops are left to it; in Send 0 means 64
	TOS     uint8          // type of service: DSCP and ECN
	Options []byte         // IP's, as they stand in the header
	Data    []byte
}

// UDPError says that a datagram was not delivered, as far as anybody has told. It wraps the
// error number that other systems give to programs: syscall.ECONNREFUSED if nobody has the port,
// syscall.EHOSTUNREACH and its like.
type UDPError struct {
	Peer netip.AddrPort // whom the datagram was for
	Err  error          // what became of it
}

func (e *UDPError) Error() string { return fmt.Sprintf("to %v: %v", e.Peer, e.Err) }

func (e *UDPError) Unwrap() error { return e.Err }

// errSocketClosed is what a call gets when the socket is closed under it.
var errSocketClosed = fmt.Errorf("the socket is closed: %w", net.ErrClosed)

// UDPSocket is a port of ours, from which a program sends datagrams and at which it receives
// them.
type UDPSocket struct {
	s         *Stack
	port      uint16
	broadcast bool // it sends broadcasts, and takes them

	queue  []Datagram // received, and not read yet
	queued int        // how much that is, in bytes
	errors []error    // about what was sent, and not heard yet
	ready  sync.Cond  // signalled when there is something to read or to hear, or the socket is closed
	closed error      // not nil: it is, and this is why
}

// ListenUDP opens a port; 0 stands for any that is free. The error wraps syscall.EADDRINUSE if
// the port is open already, syscall.EADDRNOTAVAIL if none is free, or net.ErrClosed.
func (s *Stack) ListenUDP(port uint16) (*UDPSocket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.openUDP(port)
}

func (s *Stack) openUDP(port uint16) (*UDPSocket, error) {
	if s.closed {
		return nil, errClosed
	}
	if port == 0 {
		port = s.chooseUDPPort()
	}
	switch {
	case port == 0:
		return nil, fmt.Errorf("UDP: all ports are open: %w", syscall.EADDRNOTAVAIL)
	case s.udp.sockets[port] != nil:
		return nil, fmt.Errorf("UDP: port %d: %w", port, syscall.EADDRINUSE)
	}
	u := &UDPSocket{s: s, port: port}
	u.ready.L = &s.mu
	s.udp.sockets[port] = u
	return u, nil
}

// chooseUDPPort returns a port that is free, or 0. It takes the first one from a place on that
// nobody can guess: "Simple Port Randomization Algorithm" (RFC 6056 3.3.1). An answer to the
// wrong port is no answer, so whoever wants to forge one has to guess it.
func (s *Stack) chooseUDPPort() uint16 {
	start := s.random32()
	for i := range uint32(ephemeralPorts) {
		port := firstEphemeralPort + uint16((start+i)%ephemeralPorts)
		if s.udp.sockets[port] == nil {
			return port
		}
	}
	return 0
}

// SetBroadcast says whether the socket sends broadcasts, and takes them. At first it does
// neither: whoever answers a question to all does so along with everybody else.
func (u *UDPSocket) SetBroadcast(on bool) {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.broadcast = on
}

// Port returns the socket's port.
func (u *UDPSocket) Port() uint16 { return u.port }

// Close closes the port. Calls that wait return with an error that wraps net.ErrClosed.
func (u *UDPSocket) Close() error {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	if u.closed != nil {
		return errSocketClosed
	}
	u.close(errSocketClosed)
	return nil
}

func (u *UDPSocket) close(reason error) {
	delete(u.s.udp.sockets, u.port)
	u.closed = reason
	u.queue, u.queued, u.errors = nil, 0, nil
	u.ready.Broadcast()
}

// Send sends a datagram. That there is no error says that it was sent, and no more: UDP does not
// find out what became of it. The error wraps syscall.EMSGSIZE if it is too long,
// syscall.EACCES if it is a broadcast and SetBroadcast was not called, syscall.EINVAL if the
// port is 0 or the options are malformed, syscall.ENETUNREACH if there is no way to the peer, or
// net.ErrClosed.
func (u *UDPSocket) Send(d Datagram) error {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	if err := u.send(d); err != nil {
		return fmt.Errorf("UDP to %v: %w", d.Peer, err)
	}
	return nil
}

func (u *UDPSocket) send(d Datagram) error {
	dst := d.Peer.Addr().Unmap()
	switch {
	case u.closed != nil:
		return u.closed
	case !dst.Is4(), dst.IsUnspecified():
		return fmt.Errorf("no host's IPv4 address: %w", syscall.EAFNOSUPPORT)
	case d.Peer.Port() == 0, !wellFormed(d.Options):
		return syscall.EINVAL
	case u.s.isBroadcast(dst) && !u.broadcast:
		return fmt.Errorf("broadcasts are not switched on: %w", syscall.EACCES)
	case len(d.Data) > udpMaxData:
		return syscall.EMSGSIZE
	}
	p := u.s.newPacket(udpHeaderLen + len(d.Data))
	copy(p.bytes()[udpHeaderLen:], d.Data)
	header := udpHeader{srcPort: u.port, dstPort: d.Peer.Port()}
	header.put(p.bytes(), u.s.ip.Addr(), dst)
	return u.s.sendIPv4(ipv4Header{
		dst: dst, protocol: protocolUDP, ttl: d.TTL, tos: d.TOS, options: padOptions(bytes.Clone(d.Options)),
	}, p)
}

// Receive waits for the next datagram, and returns it. The error is a *UDPError if somebody says
// that one that was sent has not arrived, and the next call waits for a datagram again. It wraps
// net.ErrClosed after Close, or is ctx's.
func (u *UDPSocket) Receive(ctx context.Context) (Datagram, error) {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	stop := context.AfterFunc(ctx, func() {
		u.s.mu.Lock()
		defer u.s.mu.Unlock()
		u.ready.Broadcast()
	})
	defer stop()
	for len(u.queue) == 0 && len(u.errors) == 0 && u.closed == nil && ctx.Err() == nil {
		u.ready.Wait()
	}
	switch {
	case u.closed != nil:
		return Datagram{}, u.closed
	case ctx.Err() != nil:
		return Datagram{}, ctx.Err()
	case len(u.errors) > 0:
		err := u.errors[0]
		u.errors = u.errors[1:]
		return Datagram{}, err
	}
	return u.next(), nil
}

// ReadFromUDPAddrPort is Receive for those who want data and sender alone, as *net.UDPConn has
// it. What does not fit into b is lost. It says nothing of errors about what was sent: whoever
// answers many can do nothing about one that has gone.
func (u *UDPSocket) ReadFromUDPAddrPort(b []byte) (n int, from netip.AddrPort, err error) {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	for len(u.queue) == 0 && u.closed == nil {
		u.ready.Wait()
	}
	if u.closed != nil {
		return 0, netip.AddrPort{}, u.closed
	}
	d := u.next()
	return copy(b, d.Data), d.Peer, nil
}

// WriteToUDPAddrPort is Send for the same.
func (u *UDPSocket) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (n int, err error) {
	if err := u.Send(Datagram{Peer: to, Data: b}); err != nil {
		return 0, err
	}
	return len(b), nil
}

// next takes the oldest datagram out of the queue.
func (u *UDPSocket) next() Datagram {
	d := u.queue[0]
	u.queue[0] = Datagram{} // or its data would be kept alive
	u.queue = u.queue[1:]
	u.queued -= d.size()
	return d
}

// size is what a datagram counts for in the queue.
func (d *Datagram) size() int { return udpOverhead + len(d.Options) + len(d.Data) }

// arrives puts a datagram into the queue. If there is no room, it is dropped, and not an older
// one: what is there already has cost its sender a way, and us a copy.
func (u *UDPSocket) arrives(h *ipv4Header, peer netip.AddrPort, data []byte) error {
	d := Datagram{Peer: peer, Local: h.dst, TTL: h.ttl, TOS: h.tos, Options: h.options, Data: data}
	if u.queued+d.size() > maxUDPQueue {
		return errUDPQueue
	}
	d.Options, d.Data = bytes.Clone(d.Options), bytes.Clone(d.Data) // they are Run's, and used again
	u.queue = append(u.queue, d)
	u.queued += d.size()
	u.ready.Signal()
	return nil
}

// failed notes an error about what was sent. Of too many the oldest goes.
func (u *UDPSocket) failed(err error) {
	if len(u.errors) >= maxUDPErrors {
		u.errors = u.errors[1:]
	}
	u.errors = append(u.errors, err)
	u.ready.Broadcast() // not all who wait want to hear of it
}
