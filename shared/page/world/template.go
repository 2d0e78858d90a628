package world

import (
	"encoding/binary"
	"errors"
)

// A Template is a frame that a stranger on the cable sends in somebody's name.
type Template struct {
	Name string `json:"name"`
	Text string `json:"text"`
	Part int    `json:"part"` // from which part on a host knows what to do with it

	build func(w *World, to int) ([]byte, error)
}

// Templates are all that can be forged.
var Templates = []*Template{
	{"arp", "an ARP reply: the other host is at 02:00:00:00:00:66", 1, forgeARP},
	{"echo", "an echo request that the other host never sent", 2, forgeEcho},
	{"rst", "a blind RST: the ports are right, the sequence number is a guess", 3, forgeTCP(flagRST, 1<<30, nil)},
	{"rstnear", "an RST whose number is 100 too high, in the window", 3, forgeTCP(flagRST, 100, nil)},
	{"rstexact", "an RST with the very number that is expected next", 3, forgeTCP(flagRST, 0, nil)},
	{"syn", "an old SYN of the same ports", 3, forgeTCP(flagSYN, -200_000, nil)},
	{"data", "6 bytes of data with the very number that is expected next", 4, forgeTCP(flagACK, 0, []byte("forged"))},
}

func template(name string) *Template {
	for _, t := range Templates {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// stranger is the MAC address that a forged ARP reply tells.
var stranger = [6]byte{2, 0, 0, 0, 0, 0x66}

// ether puts an Ethernet header before a payload, in the name of the other host.
func ether(to int, etherType uint16, payload []byte) []byte {
	b := append(macs[to][:len(macs[to]):len(macs[to])], macs[1-to][:]...)
	return append(binary.BigEndian.AppendUint16(b, etherType), payload...)
}

func forgeARP(_ *World, to int) ([]byte, error) {
	b := []byte{0, 1, 8, 0, 6, 4, 0, 2} // Ethernet, IPv4, a reply
	b = append(append(b, stranger[:]...), addresses[1-to].AsSlice()...)
	b = append(append(b, macs[to][:]...), addresses[to].AsSlice()...)
	return ether(to, 0x0806, b), nil
}

// ipv4 makes a frame with a datagram in the name of the other host.
func ipv4(to int, protocol byte, payload []byte) []byte {
	b := make([]byte, 20, 20+len(payload))
	b[0], b[8], b[9] = 0x45, 64, protocol
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload)))
	copy(b[12:], addresses[1-to].AsSlice())
	copy(b[16:], addresses[to].AsSlice())
	binary.BigEndian.PutUint16(b[10:], checksum(b))
	return ether(to, 0x0800, append(b, payload...))
}

func forgeEcho(_ *World, to int) ([]byte, error) {
	b := append([]byte{8, 0, 0, 0, 0x66, 0x66, 0, 1}, pattern(0, 56)...)
	binary.BigEndian.PutUint16(b[2:], checksum(b))
	return ipv4(to, 1, b), nil
}

var errNoFlow = errors.New("there is no connection whose ports could be forged")

// forgeTCP makes a segment of the newest connection, whose number is so far from the one that is expected.
func forgeTCP(flags byte, off int32, data []byte) func(*World, int) ([]byte, error) {
	return func(w *World, to int) ([]byte, error) {
		f := w.lastSegment(1 - to)
		if f == nil {
			return nil, errNoFlow
		}
		segment := f.raw[34:]
		key := flow{f.From, binary.BigEndian.Uint16(segment), binary.BigEndian.Uint16(segment[2:])}
		b := make([]byte, 20, 20+len(data))
		copy(b, segment[:4])
		binary.BigEndian.PutUint32(b[4:], w.flows[key].next+uint32(off))
		if back := w.flows[flow{to, key.dstPort, key.srcPort}]; back != nil && flags&flagACK != 0 {
			binary.BigEndian.PutUint32(b[8:], back.next)
		}
		if end := int(segment[12]>>4) * 4; data != nil && segment[13]&flagSYN == 0 && end >= 20 && end <= len(segment) {
			b = append(b, segment[20:end]...) // timestamps, if the two have agreed on them
		}
		b[12], b[13] = byte(len(b)/4)<<4, flags
		binary.BigEndian.PutUint16(b[14:], 1024)
		b = append(b, data...)
		pseudo := append(addresses[1-to].AsSlice(), addresses[to].AsSlice()...)
		pseudo = append(pseudo, 0, 6, byte(len(b)>>8), byte(len(b)))
		binary.BigEndian.PutUint16(b[16:], checksum(append(pseudo, b...)))
		return ipv4(to, 6, b), nil
	}
}

// lastSegment returns the last segment that a host itself has sent.
func (w *World) lastSegment(from int) *Frame {
	for i := len(w.frames) - 1; i >= 0; i-- {
		if f := w.frames[i]; f.From == from && !f.Forged && len(f.Marks) == 0 && f.Flow != "" && len(f.raw) >= 54 {
			return f
		}
	}
	return nil
}

// checksum is the Internet checksum (RFC 1071) of bytes whose checksum field is 0.
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
