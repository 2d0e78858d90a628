package stack

import (
	"encoding/binary"
	"errors"
	"syscall"
)

// segmentFailed is told that a segment of ours could not be delivered. payload is
// its beginning. Only a segment that is on its way can have failed: SND.UNA =<
// SEG.SEQ < SND.NXT (RFC 5927 4.1), or anybody could end connections with forged
// errors. While a connection is being opened, a destination that cannot be reached
// ends that (RFC 5461 4.1).
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
		return c.deliveryProblem(reason)
	}
	if errors.Is(reason, syscall.EMSGSIZE) {
		return errICMPUnwanted // "fragmentation needed" is no reason to give up
	}
	if errors.Is(reason, syscall.ENOBUFS) {
		return nil // it never left: it is sent again
	}
	c.remove(reason)
	return nil
}

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
