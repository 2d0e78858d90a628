//go:build linux

package main

import (
	"context"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// serve listens in this thread's network. Whoever connects gets bytes without end, sent by the kernel with a congestion
// control of its own.
func (c *cable) serve(control string) error {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		if e := raw.Control(func(fd uintptr) {
			err = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, control)
		}); e != nil {
			return e
		}
		return err
	}}
	config.SetMultipathTCP(false) // else it is another protocol, which takes no such option
	l, err := config.Listen(context.Background(), "tcp4", senderIP.Addr().String()+":0")
	if err != nil {
		return err
	}
	c.closers = append(c.closers, l)
	c.ports[control] = uint16(l.Addr().(*net.TCPAddr).Port)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go send(conn)
		}
	}()
	return nil
}

// send writes until the connection ends.
func send(conn net.Conn) {
	defer conn.Close()
	b := make([]byte, 65536)
	for {
		if _, err := conn.Write(b); err != nil {
			return
		}
	}
}
