package suite

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// played are what scripts cannot say, by the names that their key "go" has.
var played = map[string]func(b *Bench){
	"noIPv4": noIPv4,
	"noTCP":  noTCP,
}

// noIPv4 sends an echo request, as the kernel does once ARP has answered.
func noIPv4(b *Bench) {
	b.Send(append(bytes.Clone(CapturedIPv4), make([]byte, 64)...))
	if sent := b.Take(); len(sent) != 0 {
		b.Errorf("it says % x, want nothing", sent[0].Bytes)
	}
	b.WantLog("dropped: no protocol here has this EtherType")
}

// noTCP sends a datagram for protocol 6.
func noTCP(b *Bench) {
	b.Send(Unhex("ffffffffffff 02000a000001 0806 0001 0800 06 04 0001 02000a000001 0a000001 000000000000 0a000004"))
	b.Take()
	datagram := Unhex("4500 0028 0001 0000 40 06 0000 0a000001 0a000004" + strings.Repeat("00", 20))
	binary.BigEndian.PutUint16(datagram[10:], Checksum(datagram[:20]))
	b.Send(append(Unhex("020000000004 02000a000001 0800"), datagram...))
	b.WantLog("dropped: IPv4: no such protocol here")
	frame := b.One()
	if len(frame) < 14+20+8+28 || frame[14+9] != 1 || frame[14+20] != 3 || frame[14+21] != 2 {
		b.Errorf("it says % x, want ICMP's protocol unreachable: type 3, code 2", frame)
	}
}
