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
// What this costs: the peer's window scale is forgotten, so windows stay below 64
// kB; its MSS is rounded down to one of eight; and whoever guesses 24 bits right
// gets a connection in a forged name. Therefore cookies are sent, and believed, only
// while they are needed.
const (
	cookieTick = 64 * time.Second // the unit of a cookie's time
	cookieLife = 2                // units for which it is good, at most
)

// cookieMSS are the sizes that a cookie can tell from each other.
var cookieMSS = [8]int{536, 996, 1220, 1360, 1400, 1440, 1452, 1460}

// cookie returns the sequence number for a peer whose SYN has the number irs.
func (s *Stack) cookie(key connKey, irs seqNum, when, mss uint32) seqNum {
	top := when&31<<27 | mss<<24
	return seqNum(top | s.hash(key, hashCookie, uint64(irs)<<32|uint64(top))>>8)
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
		options: appendMSS(nil, s.ourMSS()),
	})
}

// openByCookie returns the connection that an acknowledgment of a cookie opens, in
// SYN-RECEIVED, or nil if it is none.
func (l *Listener) openByCookie(key connKey, seg *segment) *Conn {
	s := l.s
	if l.flooded.IsZero() || time.Since(l.flooded) > cookieLife*cookieTick || len(l.ready) >= maxBacklog || seg.has(flagSYN) {
		return nil
	}
	iss, irs := seg.ack-1, seg.seq-1
	when, mss := uint32(iss>>27), uint32(iss>>24&7)
	if (s.cookieTime()-when)&31 >= cookieLife || s.cookie(key, irs, when, mss) != iss {
		return nil
	}
	c := s.newConn(key)
	c.began = time.Now()
	c.passiveOpen(l, irs, iss)
	c.snd.mss = cookieMSS[mss]
	return c
}
