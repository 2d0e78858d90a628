package main

// maxOwed is how many segments may be owed before one ACK for all of them. "An ACK SHOULD
// be generated for at least every second full-sized segment" (RFC 9293 3.8.6.3, SHLD-19),
// but also "aggregate ACK segments whenever possible" (MUST-58): each ACK makes the peer's
// host do as much work as a segment does. What Linux does with segments that come close
// behind each other is no different (GRO).
const maxOwed = 32

// carefulACKs is for how many segments after a loss, or after one that came twice, a batch
// gets a second ACK. On a bad cable the peer's congestion window is small, and all that it
// may send comes in one batch. If the one ACK for that were lost, too, the peer would have to
// wait until its timer fires. A segment that comes alone is acknowledged without delay.
const carefulACKs = 200

// acknowledgeOften acknowledges within a batch, too: every second segment of the first
// 64 KB, as the peer is feeling its way and counts ACKs; after a loss, when no more than one
// frame waits behind this one; and before so much of the window is used up that the peer may
// have to stop.
func (c *Conn) acknowledgeOften() {
	often := int(c.rcv.nxt-c.rcv.irs) < minBuffer
	if c.rcv.careful > 0 {
		c.rcv.careful--
		if c.s.dev.Buffered() <= 1 {
			often, c.rcv.ackNow = true, true
		}
	}
	if often && c.rcv.owed >= 2 || c.rcv.owed >= maxOwed || int(c.rcv.nxt-c.rcv.lastACK) >= c.rcv.buff/4 {
		c.sendACK()
	}
}
