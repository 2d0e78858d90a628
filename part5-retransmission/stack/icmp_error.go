package stack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"time"
)

// maxQuote is how much of a datagram an ICMP error quotes: as much as fits into
// 576 bytes, which every host must be able to receive (RFC 1812 4.3.2.3; RFC 1122
// 3.2.2 asks for the header and 8 bytes at least).
const maxQuote = 576 - ipv4MinHeaderLen - icmpHeaderLen

// Errors may be sent in bursts of icmpBurst, and one every icmpInterval in the long run,
// whatever causes them. No one needs more, and a host that forges its source address must
// not be able to have us flood another. Echo replies are not limited: they are what was
// asked for.
const (
	icmpBurst    = 50
	icmpInterval = 10 * time.Millisecond
)

func (s *Stack) sendProtocolUnreachable(h *ipv4Header) {
	s.sendICMPError(h, icmpMessage{typ: icmpUnreachable, code: codeProtocolUnreachable})
}

func (s *Stack) sendPortUnreachable(h *ipv4Header) {
	s.sendICMPError(h, icmpMessage{typ: icmpUnreachable, code: codePortUnreachable})
}

// sendTimeExceeded tells that the fragments of a datagram did not all come.
func (s *Stack) sendTimeExceeded(h *ipv4Header) {
	s.sendICMPError(h, icmpMessage{typ: icmpTimeExceeded, code: codeReassemblyTime})
}

// sendParameterProblem tells which byte of the header, counted from 0, is wrong.
func (s *Stack) sendParameterProblem(h *ipv4Header, pointer int) {
	s.sendICMPError(h, icmpMessage{typ: icmpParameterProblem, rest: [4]byte{uint8(pointer)}})
}

// sendICMPError tells the sender of a datagram that something is wrong with it, unless it
// is one of those that must not be complained about.
func (s *Stack) sendICMPError(h *ipv4Header, m icmpMessage) {
	if !s.mayComplain(h) {
		return
	}
	if !s.icmp.errors.take(time.Now()) {
		s.drop(errICMPRateLimit)
		return
	}
	quote := h.datagram[:min(len(h.datagram), maxQuote)]
	if err := s.sendICMP(ipv4Header{dst: h.src}, m, quote); err != nil {
		s.drop(errIPv4NoRouteOut)
	}
}

// mayComplain applies RFC 1122 3.2.2: "An ICMP error message MUST NOT be sent as
// the result of receiving: an ICMP error message, or a datagram destined to an IP
// broadcast or IP multicast address, or a datagram sent as a link-layer
// broadcast, or a non-initial fragment, or a datagram whose source address does
// not define a single host". receiveIPv4 has dropped the link-layer broadcasts
// that are not IP's, and the impossible sources, already.
func (s *Stack) mayComplain(h *ipv4Header) bool {
	if h.offset > 0 || s.isBroadcast(h.dst) {
		return false
	}
	if h.protocol != protocolICMP {
		return true
	}
	// Without the type it may be an error; so may a type that we do not know.
	m, err := parseICMPHeader(h.datagram[h.headerLen():])
	return err == nil && (m.typ == icmpEcho || m.typ == icmpEchoReply || m.typ == icmpTimestamp)
}

// tokenBucket lets icmpBurst through at once, and one per icmpInterval.
type tokenBucket struct {
	used int       // tokens that are missing
	last time.Time // when the last one came back
}

// take takes a token, if there is one.
func (b *tokenBucket) take(now time.Time) bool {
	back := now.Sub(b.last) / icmpInterval
	if back >= time.Duration(b.used) {
		b.used, b.last = 0, now
	} else {
		b.used -= int(back)
		b.last = b.last.Add(back * icmpInterval)
	}
	if b.used >= icmpBurst {
		return false
	}
	b.used++
	return true
}

// receiveICMPError hands an error to the protocol whose datagram it quotes.
func (s *Stack) receiveICMPError(h *ipv4Header, m icmpMessage) error {
	var quoted ipv4Header
	err := quoted.parseHeader(m.data)
	if err != nil || quoted.src != s.ip.Addr() || quoted.offset > 0 || len(m.data) < quoted.headerLen()+8 {
		return errICMPQuote
	}
	reason := icmpError{typ: m.typ, code: m.code, from: h.src, length: quoted.length}
	if m.typ == icmpUnreachable && m.code == codeFragmentationNeeded {
		reason.mtu = int(binary.BigEndian.Uint16(m.rest[2:4]))
	}
	return s.datagramFailed(quoted, m.data[quoted.headerLen():], reason)
}

// icmpError is an ICMP error that was received, as a Go error. It wraps the error
// number that other systems give to programs.
type icmpError struct {
	typ, code uint8
	from      netip.Addr // the host that complains
	length    int        // of the datagram that it is about, in bytes
	mtu       int        // with codeFragmentationNeeded: what would fit (RFC 1191); old routers say 0
}

func (e icmpError) Error() string {
	return fmt.Sprintf("%v says: %s", e.from, icmpWords(e.typ, e.code))
}

// Unwrap returns the error number for the message (RFC 1122 4.2.3.9 and 3.2.2.1
// say what each means).
func (e icmpError) Unwrap() error {
	switch {
	case e.typ == icmpTimeExceeded:
		return syscall.EHOSTUNREACH
	case e.typ == icmpParameterProblem:
		return syscall.EPROTO
	}
	switch e.code {
	case codeNetUnreachable, 6, 9, 11: // net: unreachable, unknown, prohibited, not for this TOS
		return syscall.ENETUNREACH
	case codeProtocolUnreachable:
		return syscall.ENOPROTOOPT
	case codePortUnreachable:
		return syscall.ECONNREFUSED
	case codeFragmentationNeeded:
		return syscall.EMSGSIZE
	case 5: // source route failed
		return syscall.EOPNOTSUPP
	}
	return syscall.EHOSTUNREACH
}

// icmpWords says what an error message says.
func icmpWords(typ, code uint8) string {
	switch {
	case typ == icmpTimeExceeded && code == codeReassemblyTime:
		return "fragment reassembly time exceeded"
	case typ == icmpTimeExceeded:
		return "time to live exceeded"
	case typ == icmpParameterProblem:
		return "parameter problem"
	}
	switch code {
	case codeNetUnreachable:
		return "destination net unreachable"
	case codeHostUnreachable:
		return "destination host unreachable"
	case codeProtocolUnreachable:
		return "destination protocol unreachable"
	case codePortUnreachable:
		return "destination port unreachable"
	case codeFragmentationNeeded:
		return "fragmentation needed and DF set"
	}
	return fmt.Sprintf("destination unreachable, code %d", code)
}

// tooLarge reports whether an error says that a datagram was too large for the path, how
// long it was, and what would fit; 0 if that is not said.
func tooLarge(reason error) (length, mtu int, ok bool) {
	var e icmpError
	if errors.As(reason, &e) && e.typ == icmpUnreachable && e.code == codeFragmentationNeeded {
		return e.length, e.mtu, true
	}
	return 0, 0, false
}
