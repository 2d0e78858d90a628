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

// resetPeer tells the peer that the connection is no more: <SEQ=SND.NXT><CTL=RST>. It
// believes that if SND.NXT is what it expects next; if it expects something before that,
// as a segment was lost, SND.NXT is in its window still, and it asks with a challenge ACK
// (RFC 5961 3.2). But a RST outside of the window it drops, and behind the end of a window
// that is full, or that has shrunk, SND.NXT is: then it expects SND.UNA, if it has got or
// taken nothing of what is on its way; or if it has, the number at the window's end; of a
// closed window, that is the byte that asks whether it opens.
func (c *Conn) resetPeer() {
	seq, edge := c.snd.nxt, c.snd.una.add(max(c.snd.wnd, 1))
	if c.state != stateSynReceived && c.snd.una != seq && edge.leq(seq) {
		c.send(flagRST, c.snd.una, c.s.newPacket(0))
		seq = edge
	}
	c.send(flagRST, seq, c.s.newPacket(0))
}

// release gives back what a connection that has ended needs no more. What the user can
// still read stays, unless the connection was reset: then "all segment queues should
// be flushed".
func (c *Conn) release() {
	c.stopTimers()
	c.snd.text.release()
	c.sentSegments = sentList{}
	if c.err != nil || c.user.closed {
		c.rcv.text.release()
		c.rcv.spans = nil
	}
}
