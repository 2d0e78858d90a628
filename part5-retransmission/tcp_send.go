package main

import "net/netip"

// sendSegment puts a TCP header in front of p, which is the segment's data, and
// sends it to the peer that key names. TCP's datagrams are not to be cut: whoever
// cannot pass one on says so, and the next one is smaller (RFC 1191).
func (s *Stack) sendSegment(key connKey, seg segment, p *packet) {
	seg.srcPort, seg.dstPort = key.localPort, key.remotePort
	dst := netip.AddrFrom4(key.remote)
	p.push(seg.headerLen())
	seg.put(p.bytes(), s.ip.Addr(), dst)
	if err := s.sendIPv4(ipv4Header{dst: dst, protocol: protocolTCP, dontFragment: !s.mayCut(dst)}, p); err != nil {
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
		c.acked()
	}
	if flags == flagACK && len(p.bytes()) == 0 {
		seg.options = c.appendSACK(seg.options)
	}
	c.sent(seq, flags, len(p.bytes()))
	c.s.sendSegment(c.key, seg, p)
}

// sendACK sends <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>.
func (c *Conn) sendACK() {
	seq := c.snd.nxt
	seq = c.acceptableAtPeer(seq)
	c.send(flagACK, seq, c.s.newPacket(0))
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
		list = c.appendSACKPermitted(list)
	}
	list = c.appendTimestamps(list, flags)
	return list
}

// ourMSS returns the largest segment that we can receive in one piece, in bytes of
// data: it "should be equal to the effective MTU minus the fixed IP and TCP headers"
// (RFC 9293 3.7.1).
func (s *Stack) ourMSS() int { return s.mtu - ipv4MinHeaderLen - tcpMinHeaderLen }

// readOptions takes over what the peer's SYN says in its options.
func (c *Conn) readOptions(list []byte) {
	c.snd.mss = findMSS(list)
	c.readSACKPermitted(list)
	c.readTimestamps(list)
	if shift, found := findWindowScale(list); found && c.scaling {
		c.snd.shift, c.rcv.shift = shift, ourWindowShift
	} else {
		c.scaling = false // "both sides MUST send Window Scale options" (RFC 7323 2.2)
	}
}
