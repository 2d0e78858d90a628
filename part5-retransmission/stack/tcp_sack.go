package stack

import "encoding/binary"

// Selective acknowledgment (RFC 2018): the acknowledgment field says up to where
// everything has arrived; these options say what else has, behind a gap.
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

// hasDSACK reports whether the first block tells of something that the peer has got twice:
// if it is acknowledged already, or lies in the second one (RFC 2883 4).
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

// hasBlocks reports whether there is anything to tell in them.
func (c *Conn) hasBlocks() bool {
	return len(c.rcv.outOfOrder) > 0 || c.rcv.dsack.from != c.rcv.dsack.to
}

// appendSACK appends the blocks to the options of a segment without data: "the first
// SACK block ... MUST specify the contiguous block of data containing the segment which
// triggered this ACK" (RFC 2018 4), and the others those before it, so that each is told
// several times. What came twice goes before all others.
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
