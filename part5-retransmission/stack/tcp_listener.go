package stack

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Listener waits for connections on a port: the RFC's LISTEN state.
type Listener struct {
	s    *Stack
	port uint16

	halfOpen []*Conn   // in SYN-RECEIVED, oldest first
	ready    []*Conn   // ESTABLISHED, and not accepted yet
	changed  sync.Cond // signalled when there is one to accept, or the listener is closed
	closed   bool
	late     bool      // the time for Accept is over
	deadline *timer    // makes it so
	flooded  time.Time // when a cookie was last sent
}

// Listen is the RFC's passive OPEN call (3.10.1). The error wraps syscall.EADDRINUSE if
// there is a listener on the port already, syscall.EINVAL if it is 0, or net.ErrClosed.
func (s *Stack) Listen(port uint16) (*Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, errClosed
	case port == 0:
		return nil, fmt.Errorf("listen: invalid port 0: %w", syscall.EINVAL)
	case s.tcp.listeners[port] != nil:
		return nil, fmt.Errorf("listen: port %d: %w", port, syscall.EADDRINUSE)
	}
	l := &Listener{s: s, port: port}
	l.changed.L = &s.mu
	l.deadline = newTimer(&s.mu, l.deadlineOver)
	s.tcp.listeners[port] = l
	return l, nil
}

// AcceptTCP waits for the next connection and returns it. After Close the error
// wraps net.ErrClosed.
func (l *Listener) AcceptTCP() (*Conn, error) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	for len(l.ready) == 0 && !l.closed && !l.late {
		l.changed.Wait()
	}
	if l.closed {
		return nil, errListenerClosed
	}
	if l.late {
		return nil, os.ErrDeadlineExceeded
	}
	c := l.ready[0]
	l.ready = removeConn(l.ready, c)
	return c, nil
}

// Close ends the LISTEN state. Connections that were not accepted are reset.
func (l *Listener) Close() error {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if l.closed {
		return l.opError("close", errListenerClosed)
	}
	l.close()
	return nil
}

func (l *Listener) close() {
	l.closed = true
	l.deadline.stop()
	delete(l.s.tcp.listeners, l.port)
	for _, c := range slices.Concat(l.halfOpen, l.ready) { // a copy: abort changes both
		c.abort(errListenerClosed)
	}
	l.changed.Broadcast()
}

// established moves a connection to those that wait to be accepted.
func (l *Listener) established(c *Conn) {
	l.halfOpen = removeConn(l.halfOpen, c)
	l.ready = append(l.ready, c)
	l.changed.Signal()
}

// forget removes a connection that is no more.
func (l *Listener) forget(c *Conn) {
	l.halfOpen = removeConn(l.halfOpen, c)
	l.ready = removeConn(l.ready, c)
}

// removeConn removes c from a list, if it is there.
func removeConn(list []*Conn, c *Conn) []*Conn {
	for i, other := range list {
		if other == c {
			copy(list[i:], list[i+1:])
			list[len(list)-1] = nil // or it would be kept alive
			return list[:len(list)-1]
		}
	}
	return list
}

const (
	// maxBacklog bounds the connections of a listener that are half open, and those
	// that wait to be accepted.
	maxBacklog = 256

	// halfOpenPatience is how long a half-open connection keeps its place if others want
	// it: much longer than an honest peer needs for a round trip, and enough for one whose
	// segment is lost once or twice.
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
	c.scaling = seg.opt.scaling
	c.readOptions(seg)
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

// SYN cookies (RFC 4987 3.6): when too many connections are half open, because of a flood
// of SYNs, we answer further ones without keeping anything. All that we must know when the
// acknowledgment comes is in the sequence number that we choose, and that it acknowledges:
//
//	 5 bits   3 bits        24 bits
//	+-------+-------+----------------------+
//	| time  |  MSS  | hash of all of this, |
//	|       |       | the peer and its IRS |
//	+-------+-------+----------------------+
//
// What this costs: all of the peer's other options are forgotten, its window scale for one,
// so windows stay below 64 kB; its MSS is rounded down to one of eight; the number is none
// of RFC 6528's, and may be behind those of an older connection; if a SYN comes twice, and
// the second one finds room, the acknowledgment of the first one's cookie is refused; if
// the acknowledgment is lost, only data can take its place; and an attacker who guesses 24
// bits right gets a connection in a forged name. Therefore cookies are sent, and believed,
// only while they are needed.
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
	mss := 0
	for i, n := range cookieMSS {
		if n <= seg.opt.mss {
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
		return errTCPBacklog // the peer will send more, and there may be room then
	}
	c := l.s.newConn(key)
	c.began = time.Now()
	c.passiveOpen(l, seg.seq-1, seg.ack-1)
	c.snd.mss = cookieMSS[c.snd.iss>>24&7]
	return c.segmentArrives(seg)
}
