package main

// dupThresh is how many duplicate acknowledgments mean a loss: "The TCP sender SHOULD use
// the 'fast retransmit' algorithm to detect and repair loss, based on incoming duplicate
// ACKs ... 3 duplicate ACKs" (RFC 5681 3.2). One or two come if segments arrive in
// another order than they were sent.
const dupThresh = 3

// Without SACK all that we know is that each duplicate acknowledgment means one segment
// which has arrived behind a gap. This is NewReno (RFC 6582).

// duplicateACK is told of a duplicate acknowledgment. With SACK the scoreboard knows
// better.
func (c *Conn) duplicateACK() {
	if c.sackOK || c.cc.timedOut {
		return
	}
	most := len(c.sentSegments.live()) // there cannot have been more
	if c.cc.recovering {
		// Each lets a new segment go, for which there could be one more in turn, and so on:
		// somebody who makes them up would get all of his window (RFC 5681 5).
		most = min(most, max(dupThresh, int(c.cc.prrFlight)/c.effSndMSS()))
	}
	c.cc.dups = min(c.cc.dups+1, most)
	// "... check to see if the Cumulative Acknowledgment field covers more than recover" (RFC
	// 6582 3.2): what was sent again in vain would else start another recovery. A timeout may
	// have all of a window sent again in vain; a recovery that three duplicates began has
	// sent only what was missing, so that its end guards against nothing.
	if c.cc.dups == dupThresh && !c.cc.recovering && c.cc.recover.less(c.snd.una) {
		c.sentSegments.lose(0)
		c.startRecovery(0)
	}
}

// partialACK is told of an acknowledgment of something new, which a number of segments
// made up. In recovery, if it does not cover all that was sent before, it means that the
// next segment is lost, too.
func (c *Conn) partialACK(ack seqNum, segments int) {
	if !c.cc.recovering {
		c.cc.dups = 0
		return
	}
	c.cc.dups = max(0, c.cc.dups-segments+1) // those behind the gap are acknowledged now
	if live := c.sentSegments.live(); ack.less(c.cc.recover) && len(live) > 0 && !c.cc.timedOut {
		c.sentSegments.lose(0)
	}
}
