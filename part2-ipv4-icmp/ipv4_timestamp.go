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
// The pointer is as in record route; oflw counts the hosts that found no room.
func recordTime(o []byte, us netip.Addr, millis uint32) []byte {
	if len(o) < 4 || o[2] < 5 {
		return nil // as in recordRoute
	}
	at, need := int(o[2])-1, 8
	flag := o[3] & 0x0f
	if flag == timestampOnly {
		need = 4
	}
	if at+need > len(o) {
		if o[3]>>4 < 15 {
			o[3] += 1 << 4
		}
		return o
	}
	ip := us.As4()
	switch flag {
	case timestampOnly:
	case timestampAddresses:
		copy(o[at:], ip[:])
	case timestampPrescribed:
		if [4]byte(o[at:at+4]) != ip {
			return o
		}
	default:
		return o
	}
	binary.BigEndian.PutUint32(o[at+need-4:], millis)
	o[2] += uint8(need)
	return o
}
