package stack

import (
	"container/list"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// maxConns bounds the connections that are open or being opened by us. When there is
// no room for a new one, the one that has said nothing for the longest is reset.
const maxConns = 1024

// Errors that end a connection. Programs test for the numbers.
var (
	errRefused = fmt.Errorf("the peer does not listen there: %w", syscall.ECONNREFUSED)
	errReset   = fmt.Errorf("the peer reset the connection: %w", syscall.ECONNRESET)
	errNoRoom  = fmt.Errorf("reset to make room for a newer connection: %w", syscall.ECONNABORTED)
	errAborted = fmt.Errorf("aborted: %w", net.ErrClosed)

	errHalfOpen       = fmt.Errorf("half open for too long: %w", syscall.ETIMEDOUT)
	errListenerClosed = fmt.Errorf("the listener is closed: %w", net.ErrClosed)
)

// Reasons why a segment is dropped.
var (
	errTCPRST        = newDropReason("TCP: RST, and it matches nothing")
	errTCPRSTGuess   = newDropReason("TCP: RST whose number may be guessed")
	errTCPBadACK     = newDropReason("TCP: it acknowledges what was not sent")
	errTCPNoACK      = newDropReason("TCP: it acknowledges nothing")
	errTCPNoSYN      = newDropReason("TCP: neither SYN nor RST")
	errTCPWindow     = newDropReason("TCP: it is outside of the window")
	errTCPSYN        = newDropReason("TCP: SYN on an open connection")
	errTCPBacklog    = newDropReason("TCP: too many connections wait for being accepted")
	errTCPNoRoom     = newDropReason("TCP: no room for one more connection")
	errTCPNoListener = newDropReason("TCP: nobody listens on this port")
	errTCPChallenge  = newDropReason("TCP: challenge ACK not sent, there were too many")
)

// tcpTable holds all connections and listeners.
type tcpTable struct {
	conns     map[connKey]*Conn
	open      list.List // of those that count for maxConns, the most silent first
	listeners map[uint16]*Listener

	flows flowTable // for the trace

	secret   [32]byte  // for hashes that no one can guess
	began    time.Time // when the clock of the initial sequence numbers began
	nextPort uint32    // counts the connections that we opened (RFC 6056 3.3.3)

	chunks   chunkPool
	touched  []*Conn // to be answered at the end of this batch
	timeWait timeWaitTable
}

func (s *Stack) initTCP() {
	s.tcp.conns = make(map[connKey]*Conn)
	s.tcp.listeners = make(map[uint16]*Listener)
	for i := 0; i < len(s.tcp.secret); i += 4 {
		binary.BigEndian.PutUint32(s.tcp.secret[i:], s.random32())
	}
	s.tcp.began = time.Now()
	s.initTimeWait()
}

// closeTCP ends all connections, and tells the peers.
func (s *Stack) closeTCP() {
	for _, l := range s.tcp.listeners {
		l.close()
	}
	for _, c := range s.tcp.conns {
		c.abort(errClosed)
	}
	s.closeTimeWait()
}

// receiveTCP finds out what a segment is for (RFC 9293 3.10.7): a connection, a listener,
// or neither. It returns the reason if the segment is dropped.
func (s *Stack) receiveTCP(h *ipv4Header, b []byte) error {
	var seg segment
	if err := seg.parse(b, h.src, h.dst); err != nil {
		return err
	}
	key := connKey{remote: h.src.As4(), remotePort: seg.srcPort, localPort: seg.dstPort}
	if c := s.tcp.conns[key]; c != nil {
		return c.segmentArrives(&seg)
	}
	if t := s.tcp.timeWait.conns[key]; t != nil {
		return s.arrivesInTimeWait(t, &seg)
	}
	if l := s.tcp.listeners[seg.dstPort]; l != nil {
		return l.segmentArrives(key, &seg)
	}
	return s.arrivesInClosed(key, &seg)
}

// segmentFailed handles the news that a segment of ours could not be delivered. payload is
// its beginning. Only a segment that is on its way can have failed: SND.UNA =< SEG.SEQ <
// SND.NXT (RFC 5927 4.1), or anyone could end connections with forged errors. While a
// connection is being opened, a destination that cannot be reached ends that (RFC 5461
// 4.1).
func (s *Stack) segmentFailed(h ipv4Header, payload []byte, reason error) error {
	if len(payload) < 8 {
		return errICMPUnwanted
	}
	c := s.tcp.conns[connKey{
		remote:     h.dst.As4(),
		remotePort: binary.BigEndian.Uint16(payload[2:4]),
		localPort:  binary.BigEndian.Uint16(payload[0:2]),
	}]
	seq := seqNum(binary.BigEndian.Uint32(payload[4:8]))
	if c == nil || !seq.in(c.snd.una, int(c.snd.nxt-c.snd.una)) {
		return errICMPUnwanted
	}
	if c.state != stateSynSent {
		return errICMPUnwanted
	}
	if errors.Is(reason, syscall.EMSGSIZE) {
		return errICMPUnwanted // "fragmentation needed" is no reason to give up
	}
	c.remove(reason)
	return nil
}

// addConn puts a connection into the table.
func (s *Stack) addConn(c *Conn) { s.tcp.conns[c.key] = c }

// heard notes that a connection's peer has said something, which takes more than a segment
// with its addresses and ports: an attacker who opens as many connections as there can be
// loses his own, and not those in use.
func (c *Conn) heard() {
	if c.counted != nil {
		c.s.tcp.open.MoveToBack(c.counted)
	}
}

// countConn counts a connection as open, or being opened. If there are too many,
// the most silent that is open is reset.
func (s *Stack) countConn(c *Conn) {
	c.counted = s.tcp.open.PushBack(c)
	if s.tcp.open.Len() <= maxConns {
		return
	}
	for e := s.tcp.open.Front(); e != nil; e = e.Next() {
		silent := e.Value.(*Conn)
		if silent.state != stateSynSent && silent.state != stateSynReceived {
			s.note("TCP: %d connections are open: the most silent is reset", maxConns)
			silent.abort(errNoRoom)
			return
		}
	}
	c.remove(errNoRoom) // all others are being opened by us
}

// forgetConn takes a connection out of the table.
func (s *Stack) forgetConn(c *Conn) {
	if s.tcp.conns[c.key] == c {
		delete(s.tcp.conns, c.key)
	}
	if c.counted != nil {
		s.tcp.open.Remove(c.counted)
	}
	if c.listener != nil {
		c.listener.forget(c)
	}
}

// hash returns 32 bits that depend on a connection's addresses and ports and on more, and
// that no one can guess without the secret.
func (s *Stack) hash(key connKey, purpose byte, more uint64) uint32 {
	var b [32 + 4 + 8 + 1 + 8]byte
	local := s.ip.Addr().As4()
	n := copy(b[:], s.tcp.secret[:])
	n += copy(b[n:], local[:])
	n += copy(b[n:], key.remote[:])
	binary.BigEndian.PutUint16(b[n:], key.remotePort)
	binary.BigEndian.PutUint16(b[n+2:], key.localPort)
	b[n+4] = purpose
	binary.BigEndian.PutUint64(b[n+5:], more)
	sum := sha256.Sum256(b[:])
	return binary.BigEndian.Uint32(sum[:])
}

// What a hash is for: if two purposes had the same, one would give the other away.
const (
	hashISS = iota
	hashPort
	hashCookie
)

// newISS returns an initial sequence number for a connection: "ISN = M + F(localip,
// localport, remoteip, remoteport, secretkey)", where M is a clock that ticks every 4
// microseconds (RFC 6528 3). The numbers of a connection are ahead of those of the one
// before it with the same addresses and ports, and no one else can tell them.
func (s *Stack) newISS(key connKey) seqNum {
	m := uint32(time.Since(s.tcp.began) / (4 * time.Microsecond))
	return s.aheadOfTimeWait(key, seqNum(m+s.hash(key, hashISS, 0)))
}
