package stack

import (
	"encoding/binary"
	"slices"
	"time"
)

// maxOutOfOrder bounds the pieces that wait for what is missing before them. What comes
// beyond that has to be sent again.
const maxOutOfOrder = 256

// maxEarly is how many segments after a gap one ACK may be for. The first three get one
// each: that is what tells a peer that something is lost.
const maxEarly = 8

// receiveGaps is what is known of data after a gap. The data are in the receive buffer
// already, each byte in its place.
type receiveGaps struct {
	outOfOrder []span        // what is there, the latest first
	gap        seqNum        // RCV.NXT, when one was last noticed
	gapAt      time.Duration // when that was
	early      int           // how many segments have come after it since
	quickACK   int           // how many more segments to acknowledge quickly
	dsack      span          // what came a second time; empty if nothing did
	finSeen    bool          // a FIN has come
	finAt      seqNum        // its number
}

// PieceInfo is a piece of a stream: from one sequence number up to, and without, another.
type PieceInfo struct {
	From uint32 `json:"from"`
	To   uint32 `json:"to"`
}

func (g *receiveGaps) info() []PieceInfo {
	all := make([]PieceInfo, 0, len(g.outOfOrder))
	for _, piece := range g.outOfOrder {
		all = append(all, PieceInfo{uint32(piece.from), uint32(piece.to)})
	}
	return all
}

// arrivesEarly takes a segment that begins after RCV.NXT, and acknowledges what came before
// the gap once more: "A TCP receiver SHOULD send an immediate duplicate ACK when an
// out-of-order segment arrives" (RFC 5681 3.2). Without SACK the peer counts them. With
// SACK one ACK for the batch would say as much, but it may be lost; and one for each
// segment would make us slow where something is always missing, as with BBR. So there is
// one for every few segments.
func (c *Conn) arrivesEarly(seg *segment) error {
	if seg.seq.add(seg.len()).leq(c.rcv.nxt) {
		return nil // its text has filled a gap, and there was more text after its FIN
	}
	err := c.hold(seg)
	c.growAfterGap()
	if c.rcv.gap != c.rcv.nxt {
		c.rcv.gap, c.rcv.gapAt, c.rcv.early = c.rcv.nxt, c.s.clock(), 0
	}
	c.rcv.early++
	c.rcv.quickACK = quickACKs
	if !c.sackOK || c.rcv.early <= dupThresh || c.rcv.early%maxEarly == 0 {
		c.sendACK()
	} else {
		c.rcv.ackNow = true
	}
	return err
}

// hold puts it into the receive buffer: "Segments with higher beginning sequence numbers
// SHOULD be held for later processing" (RFC 9293 3.10.7.4, SHLD-31).
func (c *Conn) hold(seg *segment) error {
	piece := span{seg.seq, seg.seq.add(seg.len())}
	if len(c.rcv.outOfOrder) >= maxOutOfOrder || c.contradicts(piece, seg.has(flagFIN)) {
		return errTCPOrder
	}
	at := int(seg.seq - c.rcv.read)
	if !c.findRoomAfterGap(c.rcv.text.lacks(at, len(seg.data))) {
		return errTCPMemory
	}
	if seg.has(flagFIN) {
		c.rcv.finSeen, c.rcv.finAt = true, piece.to-1
	}
	c.rcv.text.writeAt(at, seg.data)
	c.addSpan(piece)
	seg.data, seg.flags = nil, seg.flags&^flagFIN
	return nil
}

// forgetAfterGap forgets what has come after a gap, FIN and all.
func (c *Conn) forgetAfterGap() {
	c.rcv.text.truncate(c.readable())
	c.rcv.outOfOrder, c.rcv.dsack, c.rcv.finSeen = c.rcv.outOfOrder[:0], span{}, false
}

// contradicts reports whether a piece goes beyond a FIN that has come, or has a FIN before
// something that has.
func (c *Conn) contradicts(piece span, fin bool) bool {
	if c.rcv.finSeen {
		return c.rcv.finAt.less(piece.to-1) || fin && piece.to-1 != c.rcv.finAt
	}
	return fin && slices.ContainsFunc(c.rcv.outOfOrder, func(s span) bool { return piece.to.less(s.to) })
}

// addSpan adds a piece at the front of the list, merged with all that it touches.
func (c *Conn) addSpan(piece span) {
	rest := c.rcv.outOfOrder[:0]
	for _, old := range c.rcv.outOfOrder {
		switch {
		case piece.to.less(old.from) || old.to.less(piece.from):
			rest = append(rest, old)
			continue
		case old.from.leq(piece.from) && piece.to.leq(old.to):
			c.rcv.dsack = piece
		}
		if old.from.less(piece.from) {
			piece.from = old.from
		}
		if piece.to.less(old.to) {
			piece.to = old.to
		}
	}
	rest = append(rest, span{})
	copy(rest[1:], rest)
	rest[0] = piece
	c.rcv.outOfOrder = rest
}

// fillGaps takes what follows without a gap now that something has arrived. It is to be
// acknowledged at once: the peer waits for that to know what else is missing (RFC 5681
// 3.2: "when the incoming segment fills in all or part of a gap").
func (c *Conn) fillGaps() {
	if len(c.rcv.outOfOrder) == 0 {
		return
	}
	c.rcv.ackNow = true
	for i := 0; i < len(c.rcv.outOfOrder); i++ {
		piece := c.rcv.outOfOrder[i]
		if c.rcv.nxt.less(piece.from) {
			continue
		}
		c.rcv.outOfOrder = append(c.rcv.outOfOrder[:i], c.rcv.outOfOrder[i+1:]...)
		fin := c.rcv.finSeen && piece.to == c.rcv.finAt+1 && c.rcv.nxt.leq(c.rcv.finAt)
		if fin {
			piece.to--
		}
		if n := int(piece.to - c.rcv.nxt); c.rcv.nxt.less(piece.to) {
			c.takeText(n)
		}
		if fin && c.receiving() {
			c.takeFIN()
		}
		i = -1 // from the start: there are few
	}
}

// noteDuplicate remembers that a segment came twice, for a D-SACK (RFC 2883).
func (c *Conn) noteDuplicate(seg *segment) {
	if end := seg.seq.add(seg.len()); end.leq(c.rcv.nxt) {
		c.rcv.dsack = span{seg.seq, end}
		c.rcv.quickACK = quickACKs
	}
}

// maxOwed is how many segments may be owed before one ACK for all of them. "An ACK SHOULD
// be generated for at least every second full-sized segment" (RFC 9293 3.8.6.3, SHLD-19),
// but also "aggregate ACK segments whenever possible" (MUST-58): each ACK makes the peer's
// host do as much work as a segment does. Linux does the same with segments that come close
// together (GRO).
const maxOwed = 32

// quickACKs is for how many segments after a loss, or after one that came twice, a batch
// gets a second ACK. On a bad cable the peer's congestion window is small, and all that it
// may send comes in one batch. If the one ACK for that were lost, too, the peer would have to
// wait until its timer fires. A segment that comes alone is acknowledged without delay.
const quickACKs = 200

// ackInBatch acknowledges within a batch, too: every second segment of the first 64 KB, as
// the peer is feeling its way and counts ACKs; after a loss, when no more than one frame
// waits after this one; and before so much of the window is used up that the peer may have
// to stop.
func (c *Conn) ackInBatch() {
	often := int(c.rcv.nxt-c.rcv.irs) < minBuffer
	if c.rcv.quickACK > 0 {
		c.rcv.quickACK--
		if c.s.dev.Buffered() <= 1 {
			often, c.rcv.ackNow = true, true
		}
	}
	if often && c.rcv.owed >= 2 || c.rcv.owed >= maxOwed || int(c.rcv.nxt-c.rcv.lastACK) >= c.rcv.buff/4 {
		c.sendACK()
	}
}

// Selective acknowledgment (RFC 2018): the acknowledgment field says up to where everything
// has arrived; these options say what else has, after a gap.
const (
	tcpOptionSACKPermitted = 4 // in a SYN: send me SACK options
	tcpOptionSACK          = 5

	// maxSACKBlocks is how many fit into the 40 bytes of options.
	maxSACKBlocks = 4
)

// span is a piece of sequence space: from one number up to, and without, another.
type span struct{ from, to seqNum }

// sackBlocks are the blocks of one option.
type sackBlocks struct {
	list [maxSACKBlocks]span
	n    int
}

// parse reads the contents of a SACK option.
func (b *sackBlocks) parse(contents []byte) {
	for b.n = 0; len(contents) >= 8 && b.n < maxSACKBlocks; b.n++ {
		b.list[b.n] = span{
			from: seqNum(binary.BigEndian.Uint32(contents[0:4])),
			to:   seqNum(binary.BigEndian.Uint32(contents[4:8])),
		}
		contents = contents[8:]
	}
}

// hasDSACK reports whether the first block is about something that the peer has received
// twice: if it is acknowledged already, or lies in the second one (RFC 2883 4).
func (seg *segment) hasDSACK() bool {
	blocks := &seg.opt.sack
	first, second := blocks.list[0], blocks.list[1]
	return blocks.n > 0 && first.to.leq(seg.ack) ||
		blocks.n > 1 && second.from.leq(first.from) && first.to.leq(second.to)
}

// appendSACKPermitted appends the option to those of a SYN, or of a SYN,ACK if the
// peer's SYN had it, with two NOPs.
func (c *Conn) appendSACKPermitted(list []byte) []byte {
	if c.s.tcp.noSACK || c.state != stateSynSent && !c.sackOK {
		return list
	}
	return append(list, tcpOptionNOP, tcpOptionNOP, tcpOptionSACKPermitted, 2)
}

// hasBlocks reports whether there is anything for them to say.
func (c *Conn) hasBlocks() bool {
	return len(c.rcv.outOfOrder) > 0 || c.rcv.dsack.from != c.rcv.dsack.to
}

// appendSACK appends the blocks to the options of a segment without data: "the first SACK
// block ... MUST specify the contiguous block of data containing the segment which
// triggered this ACK" (RFC 2018 4), and the others repeat those before it, so that each is
// sent several times. What came twice goes before all others.
func (c *Conn) appendSACK(list []byte) []byte {
	n := len(c.rcv.outOfOrder)
	dsack := c.rcv.dsack.from != c.rcv.dsack.to
	if dsack {
		n++
	}
	n = min(n, (min(40, c.s.ourMSS())-len(list)-4)/8) // the options have 40 bytes, the smallest link 28
	if !c.sackOK || n == 0 {
		return list
	}
	list = append(list, tcpOptionNOP, tcpOptionNOP, tcpOptionSACK, byte(2+8*n))
	if dsack {
		list = appendBlock(list, c.rcv.dsack)
		c.rcv.dsack = span{}
		n--
	}
	for _, block := range c.rcv.outOfOrder[:n] {
		list = appendBlock(list, block)
	}
	return list
}

func appendBlock(list []byte, block span) []byte {
	list = binary.BigEndian.AppendUint32(list, uint32(block.from))
	return binary.BigEndian.AppendUint32(list, uint32(block.to))
}
