package main

import "time"

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

// acked is told that a segment takes RCV.NXT to the peer.
func (c *Conn) acked() {
	c.rcv.owed, c.rcv.ackNow = 0, false
	c.rcv.lastACK = c.rcv.nxt
	c.rcv.told = c.rcv.nxt.add(c.rcv.wnd >> c.rcv.shift << c.rcv.shift)
	c.stopTimer(timerDelayedACK)
}
