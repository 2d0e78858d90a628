//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

var (
	peerIP = netip.MustParsePrefix("10.0.0.4/24")
	hostIP = netip.MustParsePrefix("10.0.0.1/24")
)

// The peers' services.
const (
	portEcho    = 7
	portDiscard = 9
	portDaytime = 13
	portChargen = 19
)

// A sock is a socket that blocks, without the runtime's poller between the kernel and the clock. No call waits for longer
// than its patience.
type sock struct{ fd int }

// connectLimit bounds a connect. Where frames are lost, SYNs are.
const connectLimit = 30 * time.Second

// patience is how long a read or a write waits before it gives the caller the chance to look at the clock.
const patience = 100 * time.Millisecond

// defaultControl is the congestion control at the kernel's end. Each socket is told: in a namespace the kernel may refuse to
// change the default.
const defaultControl = "cubic"

// dial connects to a port of the peer, with a congestion control, or the default one if that is "".
func (n *network) dial(port int, control string) (*sock, error) {
	var fd int
	var err error
	n.do(func() { fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0) })
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	s := &sock{fd}
	if control == "" {
		control = defaultControl
	}
	if err := unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, control); err != nil {
		s.close()
		return nil, fmt.Errorf("the kernel's congestion control %s: %w", control, err)
	}
	s.wait(unix.SO_SNDTIMEO, connectLimit)
	for {
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: peerIP.Addr().As4()})
		if err != unix.EINTR {
			break
		}
	}
	switch {
	case err == unix.EINPROGRESS || err == unix.EALREADY:
		err = fmt.Errorf("no answer within %v", connectLimit)
		fallthrough
	case err != nil && err != unix.EISCONN:
		s.close()
		return nil, fmt.Errorf("connecting to port %d: %w", port, err)
	}
	s.wait(unix.SO_SNDTIMEO, patience)
	s.wait(unix.SO_RCVTIMEO, patience)
	return s, nil
}

func (s *sock) wait(option int, d time.Duration) {
	tv := unix.NsecToTimeval(d.Nanoseconds())
	_ = unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, option, &tv)
}

func (s *sock) close() { _ = unix.Close(s.fd) }

// abort closes with a reset: what is still to be sent is thrown away.
func (s *sock) abort() {
	_ = unix.SetsockoptLinger(s.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	s.close()
}

// again reports whether a read or a write has only lost its patience.
func again(err error) bool { return err == unix.EAGAIN || err == unix.EINTR }

func (s *sock) read(b []byte) (int, error)  { return unix.Read(s.fd, b) }
func (s *sock) write(b []byte) (int, error) { return unix.Write(s.fd, b) }

var errSilent = errors.New("no answer")

// readFull fills b, or gives up after limit.
func (s *sock) readFull(b []byte, limit time.Duration) error {
	for end := time.Now().Add(limit); len(b) > 0; {
		n, err := s.read(b)
		switch {
		case n > 0:
			b = b[n:]
		case n == 0 && err == nil:
			return errors.New("the peer closed the connection")
		case !again(err):
			return err
		case time.Now().After(end):
			return errSilent
		}
	}
	return nil
}

// info asks the kernel about the connection.
func (s *sock) info() (*unix.TCPInfo, error) {
	return unix.GetsockoptTCPInfo(s.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
}
