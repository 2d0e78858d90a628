package main

import (
	"encoding/binary"
	"net/netip"
)

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
