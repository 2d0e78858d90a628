package main

import "time"

// A connection sends at most challengeLimit challenge ACKs in challengeInterval, as
// RFC 5961 7 suggests. The count is each connection's own. One for all would tell an
// attacker, by what he gets on his own connection, what he has hit on others'
// (CVE-2016-5696).
const (
	challengeLimit    = 10
	challengeInterval = 5 * time.Second
)

// challengeCount counts the challenge ACKs of an interval.
type challengeCount struct {
	began time.Time
	n     int
}

// challenge sends a challenge ACK: a peer that is what it says it is will know from
// it what to do, and nobody else learns anything.
func (c *Conn) challenge() {
	now := time.Now()
	if now.Sub(c.challenged.began) >= challengeInterval {
		c.challenged = challengeCount{began: now}
	}
	if c.challenged.n >= challengeLimit {
		c.s.drop(errTCPChallenge)
		return
	}
	c.challenged.n++
	c.sendACK()
}
