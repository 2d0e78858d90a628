package main

import (
	"net"
	"time"
)

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *Conn) SetDeadline(t time.Time) error {
	return c.limit(func() {
		c.setReadDeadline(t)
		c.setWriteDeadline(t)
	})
}

// SetReadDeadline has every Read fail from t on, also one that waits by then, with
// os.ErrDeadlineExceeded. The zero time means never.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.limit(func() { c.setReadDeadline(t) })
}

// SetWriteDeadline has every Write fail from t on; it returns how much it has copied
// by then.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.limit(func() { c.setWriteDeadline(t) })
}

// limit is set, for a matter of our end alone.
func (c *Conn) limit(f func()) error {
	if c.set(f) != nil {
		return opError("set", "tcp", nil, c.LocalAddr(), net.ErrClosed)
	}
	return nil
}

func (c *Conn) setReadDeadline(t time.Time) {
	c.rcv.limit, c.rcv.late = t, false
	c.setDeadline(timerReadDeadline, t)
	c.rcv.ready.Broadcast()
}

func (c *Conn) setWriteDeadline(t time.Time) {
	c.snd.limit, c.snd.late = t, false
	c.setDeadline(timerWriteDeadline, t)
	c.snd.ready.Broadcast()
}

// setDeadline sets the timer that wakes whoever waits by the time t. In TIME-WAIT and
// CLOSED nobody does.
func (c *Conn) setDeadline(which connTimer, t time.Time) {
	c.stopTimer(which)
	if !t.IsZero() && c.state != stateClosed && c.state != stateTimeWait {
		c.startTimer(which, time.Until(t))
	}
}

// over reports whether a deadline is.
func over(limit time.Time) bool { return !limit.IsZero() && !time.Now().Before(limit) }
