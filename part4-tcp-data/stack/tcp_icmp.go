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
		return errICMPUnwanted
	}
	if errors.Is(reason, syscall.EMSGSIZE) {
		return errICMPUnwanted // "fragmentation needed" is no reason to give up
	}
	c.remove(reason)
	return nil
}
