package main

import (
	"fmt"
	"net/netip"
	"syscall"
)

// icmpError is an ICMP error that was received, as a Go error. It wraps the error
// number that other systems give to programs.
type icmpError struct {
	typ, code uint8
	from      netip.Addr // who complains
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
