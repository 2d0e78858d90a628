package stack

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
)

// Types of IPv4 options (RFC 791 3.1). The highest bit says whether the option
// is copied into every fragment.
const (
	optionEnd         = 0 // the list ends here
	optionNOP         = 1 // one byte that says nothing, to align the next option
	optionRecordRoute = 7
	optionTimestamp   = 68
	optionLSRR        = 131 // loose source and record route
	optionSSRR        = 137 // strict source and record route
	optionCopied      = 0x80
)

// Reasons why a datagram is dropped because of its options.
var (
	errIPv4Option      = newDropReason("IPv4: malformed option")
	errIPv4SourceRoute = newDropReason("IPv4: source route: the sender may not choose the way")
)

// ipv4Option is one option: where it is in the list, and its bytes, type and
// length included.
type ipv4Option struct {
	at    int
	bytes []byte
}

// nextOption returns the option at position at of a list of options, skipping
// NOPs. ok is false at the end of the list. The error's position is that of the
// malformed option.
func nextOption(list []byte, at int) (o ipv4Option, ok bool, err error) {
	for at < len(list) && list[at] == optionNOP {
		at++
	}
	if at >= len(list) || list[at] == optionEnd {
		return ipv4Option{at: at}, false, nil
	}
	if at+1 >= len(list) || list[at+1] < 2 || at+int(list[at+1]) > len(list) {
		return ipv4Option{at: at}, false, errIPv4Option
	}
	return ipv4Option{at: at, bytes: list[at : at+int(list[at+1])]}, true, nil
}

// wellFormed reports whether a list of options fits into a header, and can be read to its end.
func wellFormed(list []byte) bool {
	if len(list) > ipv4MaxOptionsLen {
		return false
	}
	for at := 0; ; {
		o, ok, err := nextOption(list, at)
		if !ok {
			return err == nil
		}
		at = o.at + len(o.bytes)
	}
}

// checkOptions looks through the options of a datagram for us. The sender of a malformed
// list is told (RFC 1122 3.2.2.5). Unknown options are ignored (3.2.1.8).
//
// A source route is refused silently, also one that has reached its end here, which RFC
// 1122 3.2.1.8 (c) would have a host pass on to the protocol above. Today source routes
// serve only to get around firewalls, and RFC 7126 4.3 and 4.4 advise routers to drop them.
func (s *Stack) checkOptions(h *ipv4Header) error {
	for at := 0; ; {
		o, ok, err := nextOption(h.options, at)
		if err != nil {
			s.sendParameterProblem(h, ipv4MinHeaderLen+o.at)
			return err
		}
		if !ok {
			return nil
		}
		if o.bytes[0] == optionLSRR || o.bytes[0] == optionSSRR {
			return errIPv4SourceRoute
		}
		at = o.at + len(o.bytes)
	}
}

// echoOptions returns the options for an answer to a datagram with the given
// ones: its record route and timestamps, with ourselves added (RFC 1122 3.2.2.6).
// millis is the time of day in UTC, in milliseconds. The list is well-formed:
// checkOptions has seen it.
func echoOptions(list []byte, us netip.Addr, millis uint32) []byte {
	if len(list) == 0 {
		return nil
	}
	var answer []byte
	for at := 0; ; {
		o, ok, err := nextOption(list, at)
		if !ok || err != nil {
			break
		}
		ours := slices.Clone(o.bytes) // theirs will be used again
		switch ours[0] {
		case optionRecordRoute:
			answer = append(answer, recordRoute(ours, us)...)
		case optionTimestamp:
			answer = append(answer, recordTime(ours, us, millis)...)
		}
		at = o.at + len(o.bytes)
	}
	return padOptions(answer)
}

// recordRoute enters an address into a record route option, if there is room.
//
//	+--------+--------+--------+---------//--------+
//	|00000111| length | pointer|     route data    |
//	+--------+--------+--------+---------//--------+
//
// The pointer says where the next address goes, counted from 1 at the type.
func recordRoute(o []byte, ip netip.Addr) []byte {
	if len(o) < 3 || o[2] < 4 {
		return nil // it has no pointer, or one that points into the option's own header
	}
	if at := int(o[2]) - 1; at+4 <= len(o) {
		route := ip.As4()
		copy(o[at:], route[:])
		o[2] += 4
	}
	return o
}

// copiedOptions returns those options that every fragment must have.
func copiedOptions(list []byte) []byte {
	var copied []byte
	for at := 0; ; {
		o, ok, err := nextOption(list, at)
		if !ok || err != nil {
			return padOptions(copied)
		}
		if o.bytes[0]&optionCopied != 0 {
			copied = append(copied, o.bytes...)
		}
		at = o.at + len(o.bytes)
	}
}

// padOptions fills a list up to a multiple of four bytes.
func padOptions(list []byte) []byte {
	for len(list)%4 != 0 {
		list = append(list, optionEnd)
	}
	return list
}

// What the timestamp option asks for, its flag (RFC 791 3.1).
const (
	timestampOnly       = 0
	timestampAddresses  = 1 // the address, and the time
	timestampPrescribed = 3 // the time, of those whose addresses are there already
)

// recordTime enters the time into a timestamp option.
//
//	+--------+--------+--------+--------+
//	|01000100| length | pointer|oflw|flg|
//	+--------+--------+--------+--------+
//	|         internet address          |
//	+--------+--------+--------+--------+
//	|             timestamp             |
//	+--------+--------+--------+--------+
//
// The pointer is as in record route; oflw counts the hosts that found no room. An
// option that makes no sense is left out of the answer: RFC 791 would drop the
// whole datagram for some of these, but the echo is of use without it.
func recordTime(o []byte, us netip.Addr, millis uint32) []byte {
	if len(o) < 4 || o[2] < 5 {
		return nil
	}
	need := 8
	flag := o[3] & 0x0f
	switch flag {
	case timestampOnly:
		need = 4
	case timestampAddresses, timestampPrescribed:
	default:
		return nil
	}
	at, ip := int(o[2])-1, us.As4()
	switch {
	case at+need > len(o) && flag == timestampPrescribed:
		return o // there is no address left, so none is ours
	case at+need > len(o):
		return countOverflow(o, at)
	case flag == timestampPrescribed && [4]byte(o[at:at+4]) != ip:
		return o
	case flag == timestampAddresses:
		copy(o[at:], ip[:])
	}
	binary.BigEndian.PutUint32(o[at+need-4:], millis)
	o[2] += uint8(need)
	return o
}

// countOverflow counts us as a host that found no room. "If there is some room but
// not enough room for a full timestamp to be inserted, or the overflow count itself
// overflows, the original datagram is considered to be in error" (RFC 791 3.1).
func countOverflow(o []byte, at int) []byte {
	if at != len(o) || o[3]>>4 == 15 {
		return nil
	}
	o[3] += 1 << 4
	return o
}

// addIPv4Options adds a field for each option.
func (l *fieldList) addIPv4Options(list []byte) {
	for at := 0; at < len(list); {
		if list[at] == optionNOP {
			l.add(8, "No Operation", "", "")
			at++
			continue
		}
		o, ok, err := nextOption(list, at)
		switch {
		case err != nil:
			l.add(8*(len(list)-at), "Options", "", "")
			l.blame("Options", err)
			return
		case !ok:
			l.add(8, "End of Option List", "", "")
			l.add(8*(len(list)-at-1), "Padding", "", "")
			return
		}
		l.add(8*len(o.bytes), optionName(o.bytes[0]), optionValue(o.bytes), "")
		at += len(o.bytes)
	}
}

// optionName names an option that has a length.
func optionName(typ byte) string {
	switch typ {
	case optionRecordRoute:
		return "Record Route"
	case optionTimestamp:
		return "Internet Timestamp"
	case optionLSRR:
		return "Loose Source and Record Route"
	case optionSSRR:
		return "Strict Source and Record Route"
	}
	return fmt.Sprintf("Option %d", typ)
}

// optionValue says what an option has in it: a route, its addresses.
func optionValue(o []byte) string {
	if typ := o[0]; typ != optionRecordRoute && typ != optionLSRR && typ != optionSSRR || len(o) < 3 {
		return fmt.Sprintf("%d bytes", len(o))
	}
	text := fmt.Sprintf("pointer %d:", o[2])
	for at := 3; at+4 <= len(o); at += 4 {
		text += " " + netip.AddrFrom4([4]byte(o[at:at+4])).String()
	}
	return text
}
