package main

import (
	"maps"
	"net"
	"slices"
	"syscall"
	"time"
)

// Close ends both directions. It is a "half-duplex" close: the user cannot read any
// more, so the peer is told with a reset if there is something that nobody has read,
// or if something comes later (RFC 9293 3.6.1, MAY-1 and SHLD-3). What was written is
// still delivered, and then the peer gets a FIN; SetLinger changes that.
func (c *Conn) Close() error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.user.closed {
		return c.opError("close", net.ErrClosed)
	}
	unread := c.readable() > 0
	c.user.closed, c.user.closedRead = true, true
	c.wakeUser()
	switch {
	case c.state == stateClosed || c.state == stateTimeWait:
		c.rcv.text.release()
	case unread:
		c.resetPeer() // in LAST-ACK, too, where abort would not
		c.remove(errUnread)
	case c.user.linger == 0:
		c.abort(errAborted)
	default:
		c.closeSend()
		c.limitOrphan()
		c.waitSent()
	}
	return nil
}

// waitSent waits until the peer has acknowledged everything, if SetLinger says so.
func (c *Conn) waitSent() {
	if c.user.linger < 0 || !c.sending() {
		return
	}
	c.startTimer(timerLinger, c.user.linger)
	for c.sending() {
		c.changed.Wait()
	}
	c.stopTimer(timerLinger)
}

// Drain gives the connections that were closed d to deliver what they still have to
// send. A program calls it before it ends.
func (s *Stack) Drain(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := time.Now().Add(d)
	for _, c := range slices.Collect(maps.Values(s.tcp.conns)) {
		if c.user.closed {
			c.user.linger = max(0, time.Until(end))
			c.waitSent()
		}
	}
}

// CloseWrite tells the peer that nothing more will come, with a FIN. What it still
// sends can be read.
func (c *Conn) CloseWrite() error {
	return c.closeHalf(func() {
		c.closeSend()
		c.snd.ready.Broadcast()
	})
}

// CloseRead ends reading: Read returns io.EOF, and what is there or comes later is
// acknowledged and forgotten. Once CloseWrite has been called, too, that is as Close.
func (c *Conn) CloseRead() error {
	return c.closeHalf(func() {
		c.user.closedRead = true
		c.forgetText()
		c.rcv.ready.Broadcast()
	})
}

// closeHalf runs f, which closes one half, with the lock held. As with shutdown(2), it
// is an error if both ends had closed before, or the connection was reset.
func (c *Conn) closeHalf(f func()) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.user.closed {
		return c.opError("close", net.ErrClosed)
	}
	ended := c.state == stateClosed || c.state == stateTimeWait
	f()
	if ended {
		return c.opError("close", syscall.ENOTCONN)
	}
	return nil
}
