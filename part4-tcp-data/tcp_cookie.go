package main

import "time"

// SYN cookies (RFC 4987 3.6): when too many connections are half open, because
// somebody floods us with SYNs, we answer further ones without keeping anything. All
// that we must know when the acknowledgment comes is in the sequence number that we
// choose, and which it acknowledges:
//
//	 5 bits   3 bits        24 bits
//	+-------+-------+----------------------+
//	| time  |  MSS  | hash of all of this, |
//	|       |       | the peer and its IRS |
//	+-------+-------+----------------------+
//
// What this costs: all of the peer's other options are forgotten, its window scale for
// one, so windows stay below 64 kB; its MSS is rounded down to one of eight; the number
// is none of RFC 6528's, and may be behind those of an older connection; if a SYN comes
// twice, and the second one finds room, the acknowledgment of the first one's cookie is
// refused; if the acknowledgment is lost, only data can take its place; and whoever
// guesses 24 bits right gets a connection in a forged name. Therefore cookies are sent,
// and believed, only while they are needed.
const (
	cookieTick = 64 * time.Second // the unit of a cookie's time
	cookieLife = 2                // units for which it is good, at most
)

// cookieMSS are the sizes that a cookie can tell from each other.
var cookieMSS = [8]int{minMSS, defaultMSS, 1220, 1360, 1400, 1440, 1452, 1460}

// cookie returns the sequence number for a peer whose SYN has the number irs. All of the
// time is hashed, or after 32 units the same cookie would be good again.
func (s *Stack) cookie(key connKey, irs seqNum, when, mss uint32) seqNum {
	top := when&31<<27 | mss<<24
	return seqNum(top | s.hash(key, hashCookie, uint64(irs)<<32|uint64(when<<3|mss))>>8)
}

// cookieTime returns the time in units of cookieTick.
func (s *Stack) cookieTime() uint32 { return uint32(time.Since(s.tcp.began) / cookieTick) }

// sendCookie answers a SYN without keeping anything of it.
func (l *Listener) sendCookie(key connKey, seg *segment) {
	s := l.s
	l.flooded = time.Now()
	mss, theirs := 0, findMSS(seg.options)
	for i, n := range cookieMSS {
		if n <= theirs {
			mss = i
		}
	}
	s.sendSegment(key, segment{
		seq: s.cookie(key, seg.seq, s.cookieTime(), uint32(mss)), ack: seg.seq + 1, flags: flagSYN | flagACK,
		options: appendMSS(nil, s.ourMSS()), wnd: uint16(min(s.initialWindow(), 0xffff)),
	}, s.newPacket(0))
}

// isCookie reports whether a segment acknowledges a cookie.
func (l *Listener) isCookie(key connKey, seg *segment) bool {
	if l.flooded.IsZero() || time.Since(l.flooded) > cookieLife*cookieTick || seg.has(flagSYN) {
		return false
	}
	iss, irs := seg.ack-1, seg.seq-1
	now, mss := l.s.cookieTime(), uint32(iss>>24&7)
	age := (now - uint32(iss>>27)) & 31
	return age < cookieLife && l.s.cookie(key, irs, now-age, mss) == iss
}

// openByCookie opens the connection whose cookie a segment acknowledges.
func (l *Listener) openByCookie(key connKey, seg *segment) error {
	if len(l.ready) >= maxBacklog {
		return errTCPBacklog // the peer will say more, and may have better luck then
	}
	c := l.s.newConn(key)
	c.began = time.Now()
	c.passiveOpen(l, seg.seq-1, seg.ack-1)
	c.snd.mss = cookieMSS[c.snd.iss>>24&7]
	return c.segmentArrives(seg)
}
