package main

import (
	"errors"
	"net"
	"syscall"
)

// What a program sees of an error is what package net shows it on Linux, so that it
// need not know on whose connections it runs. Errors are of the type *net.OpError, whose
// Timeout method tells whether it was a matter of time, and wrap
//
//	net.ErrClosed             after Close of the connection, the listener or the stack
//	os.ErrDeadlineExceeded    after the time that SetDeadline gave
//	syscall.ECONNRESET        after a reset by the peer
//	syscall.EPIPE             for Write after CloseWrite
//	syscall.ENOTCONN          for CloseRead and CloseWrite when the connection has ended
//	syscall.ETIMEDOUT         when the peer has not answered for too long
//
// and what else ended the connection. One thing we do otherwise: a connection that was
// reset says so as often as it is asked. Linux says it once, and then has Read return
// io.EOF, as if all had come, and Write EPIPE.

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
