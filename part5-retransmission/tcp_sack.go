package main

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

// findSACK returns the blocks of the SACK option, if there is one.
func findSACK(list []byte) (blocks sackBlocks) {
	contents, _ := findOption(list, tcpOptionSACK)
	for ; len(contents) >= 8 && blocks.n < maxSACKBlocks; contents = contents[8:] {
		blocks.list[blocks.n] = span{
			from: seqNum(binary.BigEndian.Uint32(contents[0:4])),
			to:   seqNum(binary.BigEndian.Uint32(contents[4:8])),
		}
		blocks.n++
	}
	return blocks
}

// isDSACK reports whether a block tells of something that the peer has got twice: the
// first block may, if it is acknowledged already, or in the second one (RFC 2883 4).
func (c *Conn) isDSACK(ack seqNum, blocks *sackBlocks, i int) bool {
	if i > 0 {
		return false
	}
	first, second := blocks.list[0], blocks.list[1]
	return first.to.leq(ack) || blocks.n > 1 && second.from.leq(first.from) && first.to.leq(second.to)
}

// tellsDSACK reports whether a segment answers something that the peer has got twice.
func (c *Conn) tellsDSACK(seg *segment) bool {
	blocks := findSACK(seg.options)
	return blocks.n > 0 && c.isDSACK(seg.ack, &blocks, 0)
}

// appendSACKPermitted appends the option to those of a SYN, or of a SYN,ACK if the
// peer's SYN had it, with two NOPs.
func (c *Conn) appendSACKPermitted(list []byte) []byte {
	if c.s.tcp.plain || c.state != stateSynSent && !c.sackOK {
		return list
	}
	return append(list, tcpOptionNOP, tcpOptionNOP, tcpOptionSACKPermitted, 2)
}

// readSACKPermitted takes over what the peer's SYN says.
func (c *Conn) readSACKPermitted(list []byte) {
	_, found := findOption(list, tcpOptionSACKPermitted)
	c.sackOK = found && !c.s.tcp.plain
}

// appendSACK appends the blocks to the options of a segment without data: "the first
// SACK block ... MUST specify the contiguous block of data containing the segment which
// triggered this ACK" (RFC 2018 4), and the others those before it, so that each is told
// several times. What came twice goes before all others.
func (c *Conn) appendSACK(list []byte) []byte {
	n := len(c.rcv.spans)
	twice := c.rcv.twice.from != c.rcv.twice.to
	if twice {
		n++
	}
	n = min(n, (min(40, c.s.ourMSS())-len(list)-4)/8) // the options have 40 bytes, the smallest link 28
	if !c.sackOK || n == 0 {
		return list
	}
	list = append(list, tcpOptionNOP, tcpOptionNOP, tcpOptionSACK, byte(2+8*n))
	if twice {
		list = appendBlock(list, c.rcv.twice)
		c.rcv.twice = span{}
		n--
	}
	for _, block := range c.rcv.spans[:n] {
		list = appendBlock(list, block)
	}
	return list
}

func appendBlock(list []byte, block span) []byte {
	list = binary.BigEndian.AppendUint32(list, uint32(block.from))
	return binary.BigEndian.AppendUint32(list, uint32(block.to))
}
