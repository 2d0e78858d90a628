package main

import "time"

// A connection sends at most challengeLimit challenge ACKs of a kind in challengeInterval,
// as RFC 5961 7 suggests. The count is each connection's own. One for all would tell an
// attacker, by what he gets on his own connection, what he has hit on others'
// (CVE-2016-5696).
const (
	challengeLimit    = 10
	challengeInterval = 5 * time.Second
)

// challengeKind is what a challenge ACK answers. Each kind has a count of its own, so that
// what anybody can send does not use up the answers to what only the peer is likely to.
type challengeKind int

const (
	challengeSYN     challengeKind = iota // a SYN on an open connection: anybody can send that
	challengeOutside                      // what is outside of the window: that, too
	challengeRST                          // a RST in the window
	challengeACK                          // in the window, with an ACK that is not acceptable
	challengeKinds                        // how many there are
)

// challengeCount counts the challenge ACKs of an interval.
type challengeCount struct {
	began time.Time
	n     int
}

// challenge sends a challenge ACK: a peer that is what it says it is will know from
// it what to do, and nobody else learns anything.
func (c *Conn) challenge(kind challengeKind) {
	now, count := time.Now(), &c.challenged[kind]
	if now.Sub(count.began) >= challengeInterval {
		*count = challengeCount{began: now}
	}
	if count.n >= challengeLimit {
		c.s.drop(errTCPChallenge)
		return
	}
	count.n++
	c.sendACK()
}
