package main

// maxOwed is how many segments may be owed before one ACK for all of them. "An ACK SHOULD
// be generated for at least every second full-sized segment" (RFC 9293 3.8.6.3, SHLD-19),
// but also "aggregate ACK segments whenever possible" (MUST-58): each ACK makes the peer's
// host do as much work as a segment does. What Linux does with segments that come close
// behind each other is no different (GRO).
const maxOwed = 32

// After a loss, or a segment that came twice, the peer gets more ACKs for a while. On a bad
// cable its congestion window is small, and all that it may send comes in one batch. If the
// one ACK for that were lost, too, the peer would have to wait until its timer fires; and if
// it waited for ackDelay, so would the peer.
const (
	carefulACKs = 200 // for how many segments
	carefulOwed = 4   // maxOwed for these
	quickACKs   = 16  // the first of them are acknowledged without delay
)

// acknowledgeOften acknowledges within a batch, too: every second segment of the first
// 64 KB, as the peer is feeling its way and counts ACKs; every fourth after a loss; and
// before so much of the window is used up that the peer may have to stop.
func (c *Conn) acknowledgeOften() {
	enough := maxOwed
	if c.rcv.careful > 0 {
		enough = carefulOwed
		c.rcv.ackNow = c.rcv.ackNow || c.rcv.careful > carefulACKs-quickACKs
		c.rcv.careful--
	}
	if int(c.rcv.nxt-c.rcv.irs) < minBuffer {
		enough = 2
	}
	if c.rcv.owed >= enough || int(c.rcv.nxt-c.rcv.lastACK) >= c.rcv.buff/4 {
		c.sendACK()
	}
}
