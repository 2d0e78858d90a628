package stack

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"sync"
)

// maxFlows bounds the table: it is emptied when it is full, and numbers are shown
// as they are until the next SYN.
const maxFlows = 4096

type flow struct{ from, to netip.AddrPort }

type flowStart struct{ seq, ack seqNum }

// flowTable remembers where the sequence numbers of connections began, so that the trace can
// show them counted from there, as tcpdump does. It has a lock of its own: the device asks,
// too, while it is being written to.
type flowTable struct {
	mu    sync.Mutex
	first map[flow]flowStart
}

// relative returns seq and ack counted from the beginning of the connection. SYNs, segments
// without an ACK, and the first segment of a connection whose SYN was not seen are shown as
// they are; without a table, all.
func (t *flowTable) relative(f flow, seg *segment) (seq, ack seqNum) {
	if t == nil || !seg.has(flagACK) {
		return seg.seq, seg.ack
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	start, known := t.first[f]
	if seg.has(flagSYN) || !known {
		if t.first == nil || len(t.first) >= maxFlows {
			t.first = make(map[flow]flowStart)
		}
		t.first[f] = flowStart{seg.seq, seg.ack - 1}
		t.first[flow{f.to, f.from}] = flowStart{seg.ack - 1, seg.seq}
		return seg.seq, seg.ack
	}
	return seg.seq - start.seq, seg.ack - start.ack
}

// describeTCP says what a segment is, in tcpdump's words.
func describeTCP(h ipv4Header, payload []byte, flows *flowTable) string {
	var seg segment
	if err := seg.parseHeader(payload); err != nil {
		return fmt.Sprintf("%s[%v], length %d", describeIPv4(h), err, len(payload))
	}
	from, to := netip.AddrPortFrom(h.src, seg.srcPort), netip.AddrPortFrom(h.dst, seg.dstPort)
	seq, ack := flows.relative(flow{from, to}, &seg)
	var b strings.Builder
	fmt.Fprintf(&b, "IP %v.%d > %v.%d: Flags [%s]", h.src, seg.srcPort, h.dst, seg.dstPort, describeFlags(seg.flags))
	switch n := len(seg.data); {
	case n > 0:
		fmt.Fprintf(&b, ", seq %d:%d", seq, seq.add(n))
	case seg.flags&(flagSYN|flagFIN|flagRST) != 0:
		fmt.Fprintf(&b, ", seq %d", seq)
	}
	if seg.has(flagACK) {
		fmt.Fprintf(&b, ", ack %d", ack)
	}
	fmt.Fprintf(&b, ", win %d", seg.wnd)
	if seg.has(flagURG) {
		fmt.Fprintf(&b, ", urg %d", seg.up)
	}
	if len(seg.options) > 0 {
		fmt.Fprintf(&b, ", options [%s]", describeOptions(seg.options, seg.ack-ack))
	}
	fmt.Fprintf(&b, ", length %d", len(seg.data))
	if transportChecksum(protocolTCP, h.src, h.dst, payload) != 0 {
		fmt.Fprintf(&b, " [%v]", errTCPChecksum)
	}
	return b.String()
}

// describeFlags writes control bits as tcpdump does: a dot for ACK.
func describeFlags(flags uint8) string {
	text := ""
	for _, f := range []struct {
		bit  uint8
		name string
	}{{flagFIN, "F"}, {flagSYN, "S"}, {flagRST, "R"}, {flagPSH, "P"}, {flagACK, "."}, {flagURG, "U"}, {flagECE, "E"}, {flagCWR, "W"}} {
		if flags&f.bit != 0 {
			text += f.name
		}
	}
	if text == "" {
		return "none"
	}
	return text
}

// describeOptions lists TCP options. What they acknowledge is counted from a number.
func describeOptions(list []byte, from seqNum) string {
	var names []string
	for len(list) > 0 {
		option, ok := firstOption(list)
		if !ok {
			names = append(names, "malformed")
			break
		}
		names = append(names, describeOption(option, from))
		if option[0] == tcpOptionEnd {
			break
		}
		list = list[len(option):]
	}
	return strings.Join(names, ",")
}

// firstOption returns the first option of a list, kind and length included, unless it is
// malformed.
func firstOption(list []byte) (option []byte, ok bool) {
	if list[0] <= tcpOptionNOP {
		return list[:1], true
	}
	if len(list) < 2 || list[1] < 2 || int(list[1]) > len(list) {
		return nil, false
	}
	return list[:list[1]], true
}

func describeOption(o []byte, from seqNum) string {
	switch {
	case o[0] == tcpOptionEnd:
		return "eol"
	case o[0] == tcpOptionNOP:
		return "nop"
	case o[0] == tcpOptionMSS && len(o) == 4:
		return fmt.Sprintf("mss %d", binary.BigEndian.Uint16(o[2:]))
	case o[0] == tcpOptionWindowScale && len(o) == 3:
		return fmt.Sprintf("wscale %d", o[2])
	case o[0] == 4 && len(o) == 2:
		return "sackOK"
	case o[0] == 8 && len(o) == 10:
		return fmt.Sprintf("TS val %d ecr %d", binary.BigEndian.Uint32(o[2:]), binary.BigEndian.Uint32(o[6:]))
	}
	if o[0] == 5 && len(o) > 2 && len(o)%8 == 2 {
		return describeSACK(o[2:], from)
	}
	return fmt.Sprintf("unknown-%d", o[0])
}

// describeSACK lists pieces of a stream: of each the first number, and the one after it.
func describeSACK(blocks []byte, from seqNum) string {
	text := fmt.Sprintf("sack %d ", len(blocks)/8)
	for ; len(blocks) > 0; blocks = blocks[8:] {
		first, behind := seqNum(binary.BigEndian.Uint32(blocks[0:])), seqNum(binary.BigEndian.Uint32(blocks[4:]))
		text += fmt.Sprintf("{%d:%d}", first-from, behind-from)
	}
	return text
}

// addTCP adds the fields of a segment that came in a datagram.
func (l *fieldList) addTCP(h *ipv4Header) {
	l.enter("TCP")
	var seg segment
	segmentBytes := l.rest()
	err := seg.parseHeader(segmentBytes)
	if err == errTCPShort && !l.quoted {
		l.addBroken("segment", err)
		return
	}
	l.addNumber(16, "Source Port", "")
	l.addNumber(16, "Destination Port", "")
	l.addNumber(32, "Sequence Number", "")
	l.addNumber(32, "Acknowledgment Number", "")
	l.addNumber(4, "Data Offset", fmt.Sprintf("a header of %d bytes", 4*l.peek(4)))
	l.addNumber(4, "Rsrvd", "")
	l.addHex(8, "Control Bits", controlBits(uint8(l.peek(8))))
	l.addNumber(16, "Window", "")
	l.addHex(16, "Checksum", "")
	l.addNumber(16, "Urgent Pointer", "")
	switch {
	case err == errTCPOffset, err == errTCPHeader:
		l.blame("Data Offset", err)
		return
	case err == nil && !l.quoted && !h.isFragment() && transportChecksum(protocolTCP, h.src, h.dst, segmentBytes) != 0:
		l.blame("Checksum", errTCPChecksum)
	}
	l.addTCPOptions(seg.options)
	l.addRest("Data", "")
}

// controlBits names the control bits that are set, in the order of the header.
func controlBits(flags uint8) string {
	var names []string
	for i, name := range []string{"CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN"} {
		if flags&(0x80>>i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// addTCPOptions adds a field for each option.
func (l *fieldList) addTCPOptions(list []byte) {
	for len(list) > 0 {
		option, ok := firstOption(list)
		if !ok {
			l.add(8*len(list), "Options", "", "malformed: not read")
			return
		}
		name, value := optionField(option)
		kind := fmt.Sprintf("kind %d, %d bytes", option[0], len(option))
		if len(option) == 1 {
			kind = fmt.Sprintf("kind %d, 1 byte", option[0])
		}
		l.add(8*len(option), name, value, kind)
		list = list[len(option):]
		if option[0] == tcpOptionEnd {
			l.add(8*len(list), "Padding", "", "")
			return
		}
	}
}

// optionField names an option, and says what is in it. One that has not its kind's length has
// no name.
func optionField(o []byte) (name, value string) {
	switch {
	case o[0] == tcpOptionEnd:
		return "End of Option List", ""
	case o[0] == tcpOptionNOP:
		return "No-Operation", ""
	case o[0] == tcpOptionMSS && len(o) == 4:
		return "Maximum Segment Size", fmt.Sprint(binary.BigEndian.Uint16(o[2:]))
	case o[0] == tcpOptionWindowScale && len(o) == 3:
		return "Window Scale", fmt.Sprint(o[2])
	case o[0] == 4 && len(o) == 2:
		return "SACK-Permitted", ""
	case o[0] == 5 && len(o) > 2 && len(o)%8 == 2:
		return "SACK", strings.TrimSpace(describeSACK(o[2:], 0)[len("sack 1"):])
	case o[0] == 8 && len(o) == 10:
		return "Timestamps", fmt.Sprintf("TSval %d, TSecr %d", binary.BigEndian.Uint32(o[2:]), binary.BigEndian.Uint32(o[6:]))
	}
	return "Option", ""
}
