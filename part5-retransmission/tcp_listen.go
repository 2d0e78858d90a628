package main

import "time"

const (
	// maxBacklog bounds the connections of a listener that are half open, and those
	// that wait to be accepted.
	maxBacklog = 256

	// halfOpenPatience is how long a half-open connection keeps its place if others
	// want it: much longer than any honest peer needs for one round trip, and as long
	// as one needs whose segment is lost once or twice.
	halfOpenPatience = 5 * time.Second
)

// segmentArrives is SEGMENT ARRIVES of RFC 9293 3.10.7.2, LISTEN STATE.
func (l *Listener) segmentArrives(key connKey, seg *segment) error {
	// First, check for a RST.
	if seg.has(flagRST) {
		return errTCPRST // "an incoming RST should be ignored"
	}
	// Second, check for an ACK.
	if seg.has(flagACK) {
		if l.isCookie(key, seg) {
			return l.openByCookie(key, seg)
		}
		// "Any acknowledgment is bad if it arrives on a connection still in the
		// LISTEN state."
		l.s.sendReset(key, seg)
		return errTCPBadACK
	}
	// Third, check for a SYN.
	if seg.has(flagSYN) {
		return l.arrivesSYN(key, seg)
	}
	// Fourth, other data or control: "This should not be reached."
	return errTCPNoACK
}

// arrivesSYN begins a connection, if there is room for one.
func (l *Listener) arrivesSYN(key connKey, seg *segment) error {
	if len(l.ready) >= maxBacklog {
		return errTCPBacklog // the peer will ask again
	}
	if len(l.halfOpen) >= maxBacklog {
		oldest := l.halfOpen[0]
		if time.Since(oldest.began) < halfOpenPatience {
			l.sendCookie(key, seg)
			return nil
		}
		oldest.remove(errHalfOpen)
	}
	c := l.s.newConn(key)
	c.began = time.Now()
	c.passiveOpen(l, seg.seq, l.s.newISS(key))
	_, c.scaling = findWindowScale(seg.options)
	c.readOptions(seg.options)
	// <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>
	c.send(flagSYN|flagACK, c.snd.iss, c.s.newPacket(0))
	return nil
}

// passiveOpen makes a connection of what the LISTEN state knows: "Set RCV.NXT to
// SEG.SEQ+1, IRS is set to SEG.SEQ ... ISS should be selected ... SND.NXT is set to
// ISS+1 and SND.UNA to ISS. The connection state should be changed to
// SYN-RECEIVED."
func (c *Conn) passiveOpen(l *Listener, irs, iss seqNum) {
	c.rcv.irs, c.rcv.nxt = irs, irs+1
	c.snd.iss, c.snd.una, c.snd.nxt = iss, iss, iss+1
	c.listener = l
	c.state = stateListen
	c.s.addConn(c)
	l.halfOpen = append(l.halfOpen, c)
	c.setState(stateSynReceived)
}
