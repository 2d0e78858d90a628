package main

import (
	"errors"
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
	errIPv4Option      = errors.New("IPv4: malformed option")
	errIPv4SourceRoute = errors.New("IPv4: source route: the sender may not choose the way")
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

// checkOptions looks through the options of a datagram for us. A malformed list
// is complained of (RFC 1122 3.2.2.5). Unknown options are ignored (3.2.1.8).
//
// A source route is refused silently, also one that has reached its end here, which
// RFC 1122 3.2.1.8 (c) would have a host pass on to the protocol above. Today source
// routes serve only those who want to get around a firewall, and RFC 7126 4.3 and
// 4.4 advise routers to drop them.
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
