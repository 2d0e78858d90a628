package main

import (
	"fmt"
	"syscall"
	"time"
)

// orphanTimeout is how long a connection that nobody uses any more waits for the
// peer's FIN. The RFC lets it wait for ever, but a peer that has gone away would
// never send one.
const orphanTimeout = 60 * time.Second

var (
	errOrphan = fmt.Errorf("closed, and the peer has not closed in %v: %w", orphanTimeout, syscall.ETIMEDOUT)
	errPipe   = fmt.Errorf("closed for writing: %w", syscall.EPIPE)
)

// closeSend is the RFC's CLOSE call (3.10.4): there is no more to send. "Queue this
// until all preceding SENDs have been segmentized, then form a FIN segment and send
// it. In any case, enter FIN-WAIT-1 state." From CLOSE-WAIT, the state changes when the
// FIN is sent.
func (c *Conn) closeSend() {
	if c.snd.closed {
		return
	}
	c.snd.closed = true
	if c.state == stateEstablished {
		c.setState(stateFinWait1)
	}
	c.output()
}

// finAcknowledged is what the fifth check does when "our FIN is now acknowledged".
func (c *Conn) finAcknowledged() {
	switch c.state {
	case stateFinWait1:
		c.setState(stateFinWait2)
		c.limitOrphan()
	case stateClosing:
		c.enterTimeWait()
	case stateLastAck:
		c.remove(nil)
	}
}

// limitOrphan sets a limit for a peer that does not close, once our user has gone.
func (c *Conn) limitOrphan() {
	if c.user.closed && c.state == stateFinWait2 {
		c.startTimer(timerOrphan, orphanTimeout)
	}
}

// release gives back what a connection that has ended needs no more. What the user can
// still read stays, unless the connection was reset: then "all segment queues should
// be flushed".
func (c *Conn) release() {
	c.stopTimers()
	c.snd.text.release()
	if c.err != nil || c.user.closed {
		c.rcv.text.release()
	}
}
