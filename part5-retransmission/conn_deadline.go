package main

import "time"

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *Conn) SetDeadline(t time.Time) error {
	return c.set(func() {
		c.setReadDeadline(t)
		c.setWriteDeadline(t)
	})
}

// SetReadDeadline has every Read fail from t on, also one that waits by then, with
// os.ErrDeadlineExceeded. The zero time means never.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.set(func() { c.setReadDeadline(t) })
}

// SetWriteDeadline has every Write fail from t on; it returns how much it has copied
// by then.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.set(func() { c.setWriteDeadline(t) })
}

func (c *Conn) setReadDeadline(t time.Time) {
	c.rcv.late = c.setDeadline(timerReadDeadline, t)
	c.rcv.ready.Broadcast()
}

func (c *Conn) setWriteDeadline(t time.Time) {
	c.snd.late = c.setDeadline(timerWriteDeadline, t)
	c.snd.ready.Broadcast()
}

// setDeadline sets a timer to the time t and reports whether that is over already.
func (c *Conn) setDeadline(which connTimer, t time.Time) (late bool) {
	c.stopTimer(which)
	if t.IsZero() {
		return false
	}
	d := time.Until(t)
	if d > 0 && c.state != stateClosed && c.state != stateTimeWait { // in those nothing waits
		c.startTimer(which, d)
	}
	return d <= 0
}
