package stack

import (
	"net/netip"
	"time"
)

// sendSegment puts a TCP header in front of p, which is the segment's data, and sends it to
// the peer that key names. TCP's datagrams are not to be cut: a router that cannot pass one
// on says so, and the next one is smaller (RFC 1191).
func (s *Stack) sendSegment(key connKey, seg segment, p *packet) {
	seg.srcPort, seg.dstPort = key.localPort, key.remotePort
	dst := netip.AddrFrom4(key.remote)
	p.push(seg.headerLen())
	seg.put(p.bytes(), s.ip.Addr(), dst)
	if err := s.sendIPv4(ipv4Header{dst: dst, protocol: protocolTCP, dontFragment: true}, p); err != nil {
		s.drop(errIPv4NoRouteOut)
	}
}

// sendReset answers a segment that should not have been sent: "the acknowledgment
// and sequence field values are selected to make the reset sequence acceptable to
// the TCP endpoint that sent the offending segment" (RFC 9293 3.10.7.1).
func (s *Stack) sendReset(key connKey, seg *segment) {
	if seg.has(flagACK) {
		s.sendSegment(key, segment{seq: seg.ack, flags: flagRST}, s.newPacket(0))
		return
	}
	s.sendSegment(key, segment{ack: seg.seq.add(seg.len()), flags: flagRST | flagACK}, s.newPacket(0))
}

// send sends a segment of this connection. p is its data.
func (c *Conn) send(flags uint8, seq seqNum, p *packet) {
	seg := segment{seq: seq, flags: flags, wnd: c.window(flags), options: c.options(flags)}
	if seg.has(flagACK) {
		seg.ack = c.rcv.nxt
	}
	c.s.sendSegment(c.key, seg, p)
}

// sendACK sends <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>.
func (c *Conn) sendACK() {
	c.send(flagACK, c.snd.nxt, c.s.newPacket(0))
}

// window returns RCV.WND as it is written into a header: scaled, but in a SYN,
// which is there to agree on the scale (RFC 7323 2.2).
func (c *Conn) window(flags uint8) uint16 {
	wnd := c.rcv.wnd
	if flags&flagSYN == 0 {
		wnd >>= c.rcv.shift
	}
	return uint16(min(wnd, 0xffff))
}

// options returns the options for a segment with these control bits. The list is
// good until the next call.
func (c *Conn) options(flags uint8) []byte {
	list := c.optionList[:0]
	if flags&flagSYN != 0 {
		list = appendMSS(list, c.s.ourMSS())
		if c.scaling {
			list = appendWindowScale(list, ourWindowShift)
		}
	}
	return list
}

// ourMSS returns the largest segment that we can receive in one piece, in bytes of
// data: it "should be equal to the effective MTU minus the fixed IP and TCP headers"
// (RFC 9293 3.7.1).
func (s *Stack) ourMSS() int { return s.mtu - ipv4MinHeaderLen - tcpMinHeaderLen }

// readOptions takes over what the peer's SYN says in its options.
func (c *Conn) readOptions(syn *segment) {
	c.snd.mss = syn.opt.mss
	if syn.opt.scaling && c.scaling {
		c.snd.shift, c.rcv.shift = syn.opt.shift, ourWindowShift
	} else {
		c.scaling = false // "both sides MUST send Window Scale options" (RFC 7323 2.2)
	}
}

// A connection sends at most challengeLimit challenge ACKs of a kind in challengeInterval,
// as RFC 5961 7 suggests. The count is each connection's own. One for all would tell an
// attacker, by what he gets on his own connection, what he has hit on others'
// (CVE-2016-5696).
const (
	challengeLimit    = 10
	challengeInterval = 5 * time.Second
)

// challengeKind is what a challenge ACK answers. Each kind has a count of its own, so that
// what anyone can send does not use up the answers to what only the peer is likely to send.
type challengeKind int

const (
	challengeSYN     challengeKind = iota // a SYN on an open connection: anyone can send that
	challengeOutside                      // outside of the window: anyone, too
	challengeRST                          // a RST in the window
	challengeACK                          // in the window, with an ACK that is not acceptable
	challengeKinds                        // how many there are
)

// challengeCount counts the challenge ACKs of an interval.
type challengeCount struct {
	began time.Time
	n     int
}

// challenge sends a challenge ACK: the true peer will know from it what to do, and no one
// else learns anything.
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
