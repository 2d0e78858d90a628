package main

// deliveryProblem is told that a segment of an open connection could not be delivered.
// "Since these Unreachable messages indicate soft error conditions, a TCP implementation
// MUST NOT abort the connection" (RFC 9293 3.9.2.2, MUST-56): the user learns of it if
// there is no answer for too long. The same is done about the hard ones, for which a TCP
// "SHOULD abort" (SHLD-26): a connection that was open shows that the peer has this
// protocol and this port, so such a message is old or forged (RFC 5927 5.2).
func (c *Conn) deliveryProblem(reason error) error {
	length, mtu, ok := tooLarge(reason)
	if !ok {
		c.soft = reason
		return nil
	}
	c.s.learnPathMTU(c.remote().Addr(), length, mtu)
	c.shrinkSegments() // also if that was known: from another connection, after these were sent
	return nil
}

// fitPath returns what is left of an MSS on the path to the peer, and when each segment
// has timestamps.
func (c *Conn) fitPath(mss int) int {
	mss = min(mss, c.s.mtuTo(c.remote().Addr())-ipv4MinHeaderLen-tcpMinHeaderLen)
	if c.ts.on {
		mss -= timestampsLen
	}
	return mss
}

// shrinkSegments sends what was too large for the path again, in smaller pieces. That
// says nothing about how much the network takes, so the congestion window stays (RFC
// 1191 6.4).
func (c *Conn) shrinkSegments() {
	live, mss := c.sentSegments.live(), c.effSndMSS()
	for i := range live {
		if live[i].len() > mss {
			c.sentSegments.lose(i)
		}
	}
	c.output()
}
