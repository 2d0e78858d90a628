package stack

import (
	"fmt"
	"sync"
	"syscall"
	"time"
)

var (
	errTCPOrder  = newDropReason("TCP: it cannot be kept until what is missing before it has come")
	errTCPNobody = newDropReason("TCP: data for a user who has closed")
)

// errUnread ends a connection whose peer sent what no one would read.
var errUnread = fmt.Errorf("closed with data unread: %w", syscall.ECONNRESET)

// receiveQueue is what text and FIN add to the receive sequence variables.
type receiveQueue struct {
	text     buffer    // the stream from read on
	read     seqNum    // the next one that the user reads
	buff     int       // RCV.BUFF, how much there may be in the buffer, in bytes
	up       seqNum    // RCV.UP, the number after the urgent data
	adv      seqNum    // RCV.NXT+RCV.WND, as the peer knows it: the right edge of its window
	fin      bool      // the peer's FIN has come
	ready    sync.Cond // signalled when there is something to read, or anything changes
	late     bool      // the read deadline is over
	deadline time.Time // when that is; zero: never
	touched  bool      // a segment has come, and the batch is not over
	owed     int       // segments with data that have not been acknowledged
	ackNow   bool      // an ACK is due at the end of the batch

	receiveGaps
	lastACK seqNum // Last.ACK.sent
	size    rightSize
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
	case !c.findRoomForText(seg):
		return errTCPMemory
	case c.user.closedRead && c.snd.closed: // by Close, or by halves
		// "If new data is received after CLOSE is called, its TCP implementation SHOULD
		// send a RST to show that data was lost" (RFC 9293 3.6.1, SHLD-3).
		c.abort(errUnread)
		return errTCPNobody
	case seg.seq != c.rcv.nxt:
		return c.arrivesEarly(seg)
	}
	c.rcv.text.writeAt(int(seg.seq-c.rcv.read), seg.data)
	c.takeText(len(seg.data))
	c.fillGaps()
	c.ackInBatch()
	return nil
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
	c.growReceiveBuffer(n)
	c.openWindow()
}

// forgetText forgets what no one will read.
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

// takeFIN takes the peer's FIN: everything up to it is there.
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

// minBuffer is how large the buffers of a connection are, in bytes: for RCV.BUFF, "the
// total receive buffer space", as much as a window without a scale can say.
const minBuffer = 65535

// sendBuffer returns how much a user can write before the peer has acknowledged
// anything, in bytes: one window on its way, and one to follow it.
func (c *Conn) sendBuffer() int {
	return max(chunkLen, min(max(minBuffer, 2*c.cc.cwnd), c.maxBuffer(&c.rto.minRTT)))
}

// openWindow lets the peer send more when the user has taken something, unless that
// would be too little to be worth it, which is the receiver's side of the silly
// window syndrome: without this, a user who reads byte by byte would make the peer
// send byte by byte (RFC 9293 3.8.6.2.2, MUST-39).
//
//	     |<----------- RCV.BUFF ------------>|
//	         1             2            3
//	 ----|---------|------------------|------|----
//	            RCV.NXT               ^
//	                               (fixed)
//
//	1 - RCV.USER: received, and not consumed yet
//	2 - RCV.WND: space that the peer may use
//	3 - space that is not worth telling the peer about
func (c *Conn) openWindow() {
	if !c.receiving() {
		return
	}
	known := max(0, int(int32(c.rcv.adv-c.rcv.nxt)))
	free := c.rcv.buff - c.readable()
	// "The suggested SWS avoidance algorithm for the receiver is to keep
	// RCV.NXT+RCV.WND fixed until the reduction satisfies: RCV.BUFF - RCV.USER - RCV.WND
	// >= min( Fr * RCV.BUFF, Eff.snd.MSS )", with Fr = 1/2.
	if free-c.rcv.wnd < min(c.rcv.buff/2, c.effSndMSS()) {
		return
	}
	c.rcv.wnd = free
	// It goes with the next ACK. A peer that may be waiting is told at once.
	if free >= 2*known {
		c.sendACK()
	}
}

// ackDelay is how long an acknowledgment may wait for something to go with: "the
// delay MUST be less than 0.5 seconds" (RFC 9293 3.8.6.3, MUST-40). It is well below
// the 200 ms after which Linux sends again.
const ackDelay = 40 * time.Millisecond

// touch notes that a segment has arrived: the connection has to be answered.
func (c *Conn) touch() {
	if !c.rcv.touched {
		c.rcv.touched = true
		c.s.tcp.touched = append(c.s.tcp.touched, c)
	}
}

// answerAll answers all connections for which the frames of a batch had segments: "if
// the TCP endpoint is processing a series of queued segments, it MUST process them all
// before sending any ACK segments" (RFC 9293 3.10.7.4, MUST-59). Users, too, are
// woken once per batch, and not once per segment.
func (s *Stack) answerAll() {
	for _, c := range s.tcp.touched {
		c.rcv.touched = false
		c.answer()
	}
	clear(s.tcp.touched)
	s.tcp.touched = s.tcp.touched[:0]
}

// answer sends what the segments since the last answer have made possible or
// necessary: data, which take the ACK along; or an ACK alone, now or a little later.
func (c *Conn) answer() {
	if c.rcv.ackNow && c.hasBlocks() && c.state != stateClosed {
		c.sendACK() // data would take the ACK along, but not the blocks
	}
	c.output()
	switch {
	case c.state == stateClosed || c.state == stateTimeWait:
	case c.rcv.ackNow, c.rcv.owed >= 2:
		// "An ACK SHOULD be generated for at least every second full-sized segment"
		// (3.8.6.3, SHLD-19).
		c.sendACK()
	case c.rcv.owed > 0 && !c.runs(timerDelayedACK):
		c.startTimer(timerDelayedACK, ackDelay)
	}
	if c.readable() > 0 {
		c.rcv.ready.Broadcast()
	}
	if c.hasRoom() {
		c.snd.ready.Broadcast()
	}
}

// ackSent notes that a segment takes RCV.NXT to the peer.
func (c *Conn) ackSent() {
	c.rcv.owed, c.rcv.ackNow = 0, false
	c.rcv.lastACK = c.rcv.nxt
	c.rcv.adv = c.rcv.nxt.add(c.rcv.wnd >> c.rcv.shift << c.rcv.shift)
	c.stopTimer(timerDelayedACK)
}
