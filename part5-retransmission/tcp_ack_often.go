package main

// maxOwed is how many segments may be owed before one ACK for all of them. "An ACK SHOULD
// be generated for at least every second full-sized segment" (RFC 9293 3.8.6.3, SHLD-19),
// but also "aggregate ACK segments whenever possible" (MUST-58): each ACK makes the peer's
// host do as much work as a segment does. What Linux does with segments that come close
// behind each other is no different (GRO).
const maxOwed = 32

// acknowledgeOften acknowledges within a batch, too: of the first 64 KB every second
// segment, as the peer is feeling its way and counts ACKs; and before so much of the
// window is used up that the peer may have to stop.
func (c *Conn) acknowledgeOften() {
	young := int(c.rcv.nxt-c.rcv.irs) < minBuffer && c.rcv.owed >= 2
	if young || c.rcv.owed >= maxOwed || int(c.rcv.nxt-c.rcv.lastACK) >= c.rcv.buff/4 {
		c.sendACK()
	}
}
