package stack

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"syscall"
	"time"
)

// orphanTimeout is how long a connection that the user has closed waits for the peer's FIN.
// The RFC lets it wait forever, but a peer that has gone away would never send one.
const orphanTimeout = 60 * time.Second

// lastWords is for how long Close still answers peers that may not have believed their
// resets: a round trip of most paths, and less than anyone who ends a program would notice.
const lastWords = 200 * time.Millisecond

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
		c.startOrphanTimer()
	case stateClosing:
		c.enterTimeWait()
	case stateLastAck:
		c.remove(nil)
	}
}

// startOrphanTimer sets a limit for a peer that does not close, once our user has.
func (c *Conn) startOrphanTimer() {
	if c.user.closed && c.state == stateFinWait2 {
		c.startTimer(timerOrphan, orphanTimeout)
	}
}

// resetPeer tells the peer that the connection is no more: <SEQ=SND.NXT><CTL=RST>. It
// believes that if SND.NXT is what it expects next; if it expects something before that, as
// a segment was lost, SND.NXT is in its window still, and it asks with a challenge ACK (RFC
// 5961 3.2). But a RST outside of the window it drops, and SND.NXT is outside if the window
// is full, or has shrunk: then the peer expects SND.UNA, if it has received or taken
// nothing of what is on its way; or if it has, the number at the window's end, which for a
// closed window is that of the byte that asks whether it opens.
func (c *Conn) resetPeer() {
	seq, edge := c.snd.nxt, c.snd.una.add(max(c.snd.wnd, 1))
	if c.snd.una != c.snd.iss && c.snd.una != seq && edge.leq(seq) { // not before ESTABLISHED
		c.send(flagRST, c.snd.una, c.s.newPacket(0))
		seq = edge
	}
	c.send(flagRST, seq, c.s.newPacket(0))
}

// release gives back what a connection that has ended needs no more. What the user can
// still read stays, unless the connection was reset: then "all segment queues should
// be flushed". (But see endedBeforeRST.)
func (c *Conn) release() {
	c.stopTimers()
	c.snd.text.release()
	c.sentSegments = sentList{}
	if c.err != nil && !c.endedBeforeRST() || c.user.closed {
		c.rcv.text.release()
		c.rcv.outOfOrder = nil
	}
}

// Close ends both directions. It is a "half-duplex" close: the user cannot read any more,
// so the peer gets a reset if there is something unread, or if something comes later (RFC
// 9293 3.6.1, MAY-1 and SHLD-3). What was written is still delivered, and then the peer
// gets a FIN; SetLinger changes that.
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
		c.startOrphanTimer()
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

// sayLastWords ends all connections, as closeTCP does, while Run still answers. A peer that
// has missed something on its way asks whether the RST is ours, with an ACK that has the
// number it expects (RFC 5961 3.2). In CLOSED that "causes a RST to be sent in response"
// (RFC 9293 3.10.7.1) with this very number, which the peer believes; but when the device
// is closed it can no longer be sent. The resets may get lost, too, or the device may not
// take so many at once: so they are sent once more. Where nothing was on its way, and all
// of them have left, there is nothing to wait for.
func (s *Stack) sayLastWords() {
	var told []*Conn
	unsure, sent := false, s.sent
	for _, c := range s.tcp.conns {
		if c.owesReset() {
			told = append(told, c)
			unsure = unsure || c.snd.una != c.snd.nxt
		}
	}
	s.closeTCP()
	if !unsure && s.sent-sent >= uint64(len(told)) {
		return
	}
	s.letRun(lastWords / 2)
	for _, c := range told {
		c.resetPeer()
	}
	s.letRun(lastWords / 2)
}

// letRun releases the lock for d.
func (s *Stack) letRun(d time.Duration) {
	s.mu.Unlock()
	time.Sleep(d)
	s.mu.Lock()
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
