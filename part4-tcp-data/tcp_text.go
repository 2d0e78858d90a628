package main

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"
)

var (
	errTCPOrder  = errors.New("TCP: it cannot be kept until what is missing before it has come")
	errTCPNobody = errors.New("TCP: data for a user who has closed")
)

// errUnread ends a connection whose peer sent what nobody would read.
var errUnread = fmt.Errorf("closed with data unread: %w", syscall.ECONNRESET)

// receiveQueue is what text and FIN add to the receive sequence variables.
type receiveQueue struct {
	text    buffer    // the stream from read on
	read    seqNum    // the next one that the user reads
	buff    int       // RCV.BUFF, how much there may be in the buffer, in bytes
	up      seqNum    // RCV.UP, the number behind the urgent data
	told    seqNum    // the right edge of the window that the peer knows
	fin     bool      // the peer's FIN has come
	ready   sync.Cond // signalled when there is something to read, or anything changes
	late    bool      // the read deadline is over
	limit   time.Time // when that is; zero: never
	touched bool      // a segment has come, and the batch is not over
	owed    int       // segments with data that have not been acknowledged
	ackNow  bool      // an ACK is due at the end of the batch
}

// arrivesURG is the sixth check: "RCV.UP <- max(RCV.UP,SEG.UP), and signal the user".
// The data are delivered in line with all others; Urgent tells how far the urgent
// ones go.
func (c *Conn) arrivesURG(seg *segment) {
	if !seg.has(flagURG) || !c.receiving() {
		return
	}
	// It "must be added to the segment sequence number to yield the urgent pointer",
	// and points "to the sequence number of the octet following the urgent data".
	up := seg.seq.add(int(seg.up))
	if c.rcv.up.less(up) {
		c.rcv.up = up
		c.tellUrgent()
	}
}

// receiving reports whether the peer may still send: in all other states "this
// should not occur since a FIN has been received from the remote side".
func (c *Conn) receiving() bool {
	switch c.state {
	case stateEstablished, stateFinWait1, stateFinWait2:
		return true
	}
	return false
}

// arrivesText is the seventh check: it takes what is new and next.
func (c *Conn) arrivesText(seg *segment) error {
	if !c.receiving() {
		return nil // "Ignore the segment text."
	}
	c.trim(seg)
	switch {
	case len(seg.data) == 0:
		return nil
	case seg.seq != c.rcv.nxt:
		return c.arrivesEarly(seg)
	case c.user.closedRead && c.snd.closed: // by Close, or by halves
		// "If new data is received after CLOSE is called, its TCP implementation SHOULD
		// send a RST to show that data was lost" (RFC 9293 3.6.1, SHLD-3).
		c.abort(errUnread)
		return errTCPNobody
	}
	c.rcv.text.writeAt(int(seg.seq-c.rcv.read), seg.data)
	c.takeText(len(seg.data))
	return nil
}

// arrivesEarly is for a segment that begins behind RCV.NXT. The ACK that it gets does
// not wait for more: it tells the peer from where on we miss something.
func (c *Conn) arrivesEarly(seg *segment) error {
	c.sendACK()
	return errTCPOrder
}

// trim cuts off what was there before, and what is beyond the window: "if a
// segment's contents straddle the boundary between old and new, only the new parts
// are processed".
func (c *Conn) trim(seg *segment) {
	if old := int(int32(c.rcv.nxt - seg.seq)); old > 0 {
		seg.data = seg.data[min(old, len(seg.data)):]
		seg.seq = c.rcv.nxt
	}
	if room := int(int32(c.rcv.nxt.add(c.rcv.wnd) - seg.seq)); seg.len() > room {
		seg.data = seg.data[:min(max(room, 0), len(seg.data))]
		seg.flags &^= flagFIN
	}
}

// takeText takes responsibility for n bytes that are in the buffer: it "advances
// RCV.NXT over the data accepted, and adjusts RCV.WND ... The total of RCV.NXT and
// RCV.WND should not be reduced."
func (c *Conn) takeText(n int) {
	c.rcv.nxt = c.rcv.nxt.add(n)
	c.rcv.wnd -= n
	c.rcv.owed++
	if c.user.closedRead {
		c.forgetText()
	}
}

// readable is RCV.USER: how much "has been received and acknowledged but that the user
// process has not yet consumed" (RFC 9293 3.8.6.2.2), in bytes.
func (c *Conn) readable() int {
	n := int(c.rcv.nxt - c.rcv.read)
	if c.rcv.fin {
		n--
	}
	return n
}

// consume forgets n bytes that the user has taken, and lets the peer send more.
func (c *Conn) consume(n int) {
	c.rcv.text.discard(n)
	c.rcv.read = c.rcv.read.add(n)
	if c.rcv.up.less(c.rcv.read) {
		c.rcv.up = c.rcv.read
	}
	c.openWindow()
}

// forgetText forgets what nobody will read.
func (c *Conn) forgetText() { c.consume(c.readable()) }

// arrivesFIN is the eighth check: "signal the user 'connection closing' ..., advance
// RCV.NXT over the FIN, and send an acknowledgment for the FIN".
func (c *Conn) arrivesFIN(seg *segment) error {
	if !seg.has(flagFIN) || !c.receiving() {
		return nil
	}
	if seg.seq.add(len(seg.data)) != c.rcv.nxt {
		return c.arrivesEarly(seg)
	}
	c.takeFIN()
	return nil
}

// takeFIN is told that everything up to the peer's FIN is there.
func (c *Conn) takeFIN() {
	c.rcv.fin = true
	c.rcv.nxt++
	c.rcv.wnd--
	c.rcv.ackNow = true
	switch c.state {
	case stateEstablished:
		c.setState(stateCloseWait)
	case stateFinWait1: // our FIN has not been acknowledged, or it would be FIN-WAIT-2
		c.setState(stateClosing)
	case stateFinWait2:
		c.enterTimeWait()
	}
}

// arrivesBehindSYN is for the text and controls that came with a SYN,ACK.
func (c *Conn) arrivesBehindSYN(seg *segment) error {
	c.arrivesURG(seg) // first, as the urgent pointer counts from where the SYN is
	seg.seq, seg.flags = seg.seq+1, seg.flags&^flagSYN
	if err := c.arrivesText(seg); err != nil {
		return err
	}
	return c.arrivesFIN(seg)
}
