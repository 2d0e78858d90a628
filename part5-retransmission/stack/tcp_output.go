package stack

import (
	"sync"
	"time"
)

// overrideTimeout is how long a silly window is waited for: it "should be in the range
// 0.1 - 1.0 seconds" (RFC 9293 3.8.6.2.1).
const overrideTimeout = 500 * time.Millisecond

// sendQueue is what SEND and CLOSE add to the send sequence variables.
type sendQueue struct {
	text     buffer    // the stream from SND.UNA on: what is not acknowledged, or not sent
	closed   bool      // a FIN comes after it
	ready    sync.Cond // signalled when there is room in the buffer, or anything changes
	busy     bool      // a Write is at work
	late     bool      // the write deadline is over
	deadline time.Time // when that is; zero: never
}

// output sends what may be sent. It is called whenever that may have changed.
func (c *Conn) output() {
	if len(c.sentSegments.live()) == 0 {
		c.restartAfterIdle()
	}
	c.cc.cwndLimited = false
	c.retransmitLost()
	for c.sending() {
		n, ok := c.sendable()
		if !ok {
			c.watchWindow()
			c.watchTail()
			return
		}
		if c.paced() {
			return
		}
		c.sendText(c.snd.nxt, n)
	}
}

// sending reports whether there can be anything to send: data, or a FIN that has not
// been acknowledged.
func (c *Conn) sending() bool {
	switch c.state {
	case stateEstablished, stateCloseWait, stateFinWait1, stateClosing, stateLastAck:
		return true
	}
	return false
}

// end returns the number after the last byte that the user has written: that of the FIN,
// once the user has closed.
func (c *Conn) end() seqNum { return c.snd.una.add(c.snd.text.size) }

// effSndMSS is Eff.snd.MSS: how much a segment carries at most, in bytes of data. It
// is what the peer can receive, or less if the path there, or our own link, can take only
// less; without what the timestamps in each segment take (RFC 9293 3.7.1).
func (c *Conn) effSndMSS() int {
	mss := min(c.snd.mss, c.s.mtuTo(c.remote().Addr())-ipv4MinHeaderLen-tcpMinHeaderLen)
	if c.ts.on {
		mss -= timestampsLen
	}
	return mss
}

// sendable returns how many bytes the next segment has, if one may be sent now. That
// takes a window, something to send, and that the segment is not too small.
func (c *Conn) sendable() (n int, ok bool) {
	mss := c.effSndMSS()
	usable := c.sendWindow() - int(c.snd.nxt-c.snd.una) // U: negative if the window has shrunk
	queued := int(c.end() - c.snd.nxt)                  // D
	if c.end().less(c.snd.nxt) || usable <= 0 {
		return 0, false // the FIN is on its way, too; or the window is full
	}
	if queued == 0 {
		return 0, c.snd.closed
	}
	n = min(queued, usable, mss)
	// "If there is unacknowledged data (i.e., SND.NXT > SND.UNA), then the sending TCP
	// endpoint buffers all user data ... until the outstanding data has been acknowledged
	// or until [it] can send a full-sized segment": the Nagle algorithm (3.7.4). After the
	// last data of all there is nothing to wait for.
	idle := c.snd.nxt == c.snd.una
	maySmall := idle || c.user.noDelay || c.snd.closed
	switch { // the silly window avoidance of 3.8.6.2.1
	case n == mss: // (1)
		return n, true
	case maySmall && n == queued: // (2)
		return n, true
	case maySmall && n >= c.snd.maxWnd/2: // (3)
		return n, true
	}
	if idle && !c.runs(timerOverride) {
		c.startTimer(timerOverride, overrideTimeout) // (4)
	}
	return 0, false
}

// overrideSillyWindow sends what the window takes, however little it is: a peer that has
// less memory than it had would otherwise be waited for forever.
func (c *Conn) overrideSillyWindow() {
	n := min(int(c.end()-c.snd.nxt), c.snd.wnd)
	if c.sending() && c.snd.nxt == c.snd.una && n > 0 {
		c.sendText(c.snd.nxt, min(n, c.effSndMSS()))
	}
}

// sendText sends the segment that begins at seq and has n bytes of data, and the FIN
// if that is next and the window has room for it.
func (c *Conn) sendText(seq seqNum, n int) {
	p := c.s.newPacket(n)
	c.snd.text.readAt(int(seq-c.snd.una), p.bytes())
	flags, next := uint8(flagACK), seq.add(n)
	if next == c.end() {
		if n > 0 {
			flags |= flagPSH // "when there is no more queued data to be sent" (3.9.1.2)
		}
		if c.snd.closed && next.in(c.snd.una, c.snd.wnd) {
			flags |= flagFIN
			next++
		}
	}
	c.stopTimer(timerOverride)
	if c.snd.nxt.less(next) {
		c.snd.nxt = next
	}
	c.send(flags, seq, p)
	if flags&flagFIN != 0 && c.state == stateCloseWait {
		c.setState(stateLastAck)
	}
}

// discardAcked takes what is before ack out of the send buffer, as the peer has it: "any
// segments on the retransmission queue that are thereby entirely acknowledged are removed".
func (c *Conn) discardAcked(ack seqNum) {
	n := int(ack - c.snd.una)
	text := min(n, c.snd.text.size)
	c.snd.text.discard(text)
	if c.snd.closed && n > text {
		c.finAcknowledged()
	}
}

// hasRoom reports whether it is worth waking a user who waits for room in the send buffer:
// half of it is empty.
func (c *Conn) hasRoom() bool { return c.snd.text.size <= c.sendBuffer()/2 }
