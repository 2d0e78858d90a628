package stack

import (
	"encoding/binary"
	"time"
)

// Timestamps (RFC 7323 3): each segment has the time when it was sent, and the time that
// the peer's last one had. They serve two ends: to measure round trips, also of what was
// sent twice; and to tell an old segment that went astray from a new one after the sequence
// numbers have wrapped.
const (
	tcpOptionTimestamps = 8

	// timestampsLen is what they take in each segment, with two NOPs.
	timestampsLen = 12

	// timestampTick is the unit: "in the range 1 ms to 1 sec per tick" (5.4).
	timestampTick = time.Millisecond

	// timestampLife is how long TS.Recent is worth anything: after 24 days the
	// peer's clock may have wrapped (5.5).
	timestampLife = 24 * 24 * time.Hour
)

var (
	errTCPPAWS        = newDropReason("TCP: its timestamp is older than the last one (PAWS)")
	errTCPNoTimestamp = newDropReason("TCP: it has no timestamp, although that was agreed")
)

type timestamps struct {
	on       bool
	offset   uint32        // where our clock starts, or it would show how long we have been up
	recent   uint32        // TS.Recent: what we echo
	recentAt time.Duration // when it came
}

// value returns the timestamp for a time of the stack's clock.
func (ts *timestamps) value(at time.Duration) uint32 {
	return ts.offset + uint32(at/timestampTick)
}

// appendTimestamps appends the option to all segments if both SYNs had it.
func (c *Conn) appendTimestamps(list []byte, flags uint8) []byte {
	if !c.ts.on && (c.state != stateSynSent || c.s.tcp.noSACK) {
		return list
	}
	return c.ts.append(list, c.s.clock(), flags)
}

func (ts *timestamps) append(list []byte, now time.Duration, flags uint8) []byte {
	echo := ts.recent
	if flags&flagACK == 0 {
		echo = 0
	}
	list = append(list, tcpOptionNOP, tcpOptionNOP, tcpOptionTimestamps, 10)
	list = binary.BigEndian.AppendUint32(list, ts.value(now))
	return binary.BigEndian.AppendUint32(list, echo)
}

// compare reports whether the timestamp of a SYN is newer than the last one of the old
// connection, if both have any. That says more than sequence numbers do, unless it is the
// same one (RFC 6191 2).
func (ts *timestamps) compare(syn *segment) (newer, ok bool) {
	newer = int32(syn.opt.tsVal-ts.recent) > 0
	return newer, syn.opt.timestamp && ts.on && syn.opt.tsVal != ts.recent
}

// update takes over the timestamp of what the peer sends again to a connection in
// TIME-WAIT, to be echoed.
func (ts *timestamps) update(seg *segment) {
	if seg.opt.timestamp && int32(seg.opt.tsVal-ts.recent) > 0 {
		ts.recent = seg.opt.tsVal
	}
}

// readTimestamps takes over what the peer's SYN says.
func (c *Conn) readTimestamps(syn *segment) {
	c.ts.on = syn.opt.timestamp && !c.s.tcp.noSACK
	c.ts.recent, c.ts.recentAt = syn.opt.tsVal, c.s.clock()
}

// echoNewer takes over the timestamp of a SYN that was sent again. The answer to it is what
// the peer measures the round trip with.
func (c *Conn) echoNewer(syn *segment) {
	if syn.opt.timestamp && c.ts.on && int32(syn.opt.tsVal-c.ts.recent) > 0 {
		c.ts.recent, c.ts.recentAt = syn.opt.tsVal, c.s.clock()
	}
}

// startTimestamps chooses the offset, as unpredictable as the ISS: each connection has
// a clock of its own (RFC 7323 5.4).
func (c *Conn) startTimestamps() { c.ts.offset = c.s.hash(c.key, hashTimestamp, 0) }

// checkTimestamp is PAWS, "protection against wrapped sequences" (RFC 7323 5.3). It
// comes before the sequence number is looked at.
func (c *Conn) checkTimestamp(seg *segment) error {
	if !c.ts.on || seg.has(flagRST) || seg.has(flagSYN) {
		return nil
	}
	if !seg.opt.timestamp {
		return errTCPNoTimestamp // "a TCP SHOULD silently drop the segment" (3.2)
	}
	value := seg.opt.tsVal
	if int32(value-c.ts.recent) < 0 && c.s.clock()-c.ts.recentAt < timestampLife {
		if c.isNear(seg) {
			c.noteDuplicate(seg)
		}
		c.challenge(challengePAWS) // "send an acknowledgment in reply": limited, like all that anyone can ask for
		return errTCPPAWS
	}
	// "If: SEG.TSval >= TS.Recent and SEG.SEQ <= Last.ACK.sent, then SEG.TSval is copied to
	// TS.Recent": of several segments that one ACK answers it is the first one's that is
	// echoed, so that the peer measures the delay of our ACK, too (4.3). A timestamp of the
	// future, guessed by an attacker, would have PAWS drop all that the peer says
	// (CVE-2005-0356): hence knowsUs.
	if value != c.ts.recent && seg.seq.leq(c.rcv.lastACK) && c.acceptable(seg) && c.knowsUs(seg) {
		c.ts.recent, c.ts.recentAt = value, c.s.clock()
		if len(seg.data) > 0 {
			c.echoed(seg.opt.tsEcr, c.ts.recentAt)
		}
	}
	return nil
}
