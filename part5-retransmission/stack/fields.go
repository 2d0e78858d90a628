package stack

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Field says what some bits of a frame mean. Most fields have whole bytes.
type Field struct {
	Offset int `json:"offset"` // where its first byte is in the frame
	Length int `json:"length"` // how many bytes it has; one that it shares with another field counts
	Bit    int `json:"bit"`    // its first bit in its first byte, counted from the highest, as RFCs count
	Bits   int `json:"bits"`   // how many bits it has: 8 for each byte, unless it shares one

	Layer   string `json:"layer"`             // whose header it is in: "Ethernet", "ARP"
	Name    string `json:"name"`              // as its RFC has it
	Value   string `json:"value"`             // as it is usually written; empty if it is no more than its bytes
	Meaning string `json:"meaning,omitempty"` // what the value stands for, in a few words
	Wrong   string `json:"wrong,omitempty"`   // why a frame that has this here is dropped
}

// Fields says what a frame is, field by field: every bit of it belongs to one field, and
// the fields stand in the order of the bits. What cannot be read, as a header ends too soon
// or a length is wrong, is one field that says so. There are at most a hundred fields,
// whatever the frame; only a frame without a byte has none.
func Fields(frame []byte) []Field {
	l := &fieldList{frame: frame, end: len(frame)}
	l.addEther()
	l.addRest("payload", "") // of which no layer has said more
	l.layer, l.end = "Ethernet", len(frame)
	l.addRest("padding", "")
	return l.fields
}

// fieldList is the fields of a frame up to a place in it. Each method adds the field that
// begins there, so none is left out, and no bit is in two.
type fieldList struct {
	frame  []byte
	at     int    // in bits
	end    int    // of what the present layer may read, in bytes
	layer  string // the present one
	quoted bool   // it is in a datagram that an ICMP error quotes, and ends anywhere
	fields []Field
}

// enter begins the fields of a layer.
func (l *fieldList) enter(layer string) {
	l.layer = layer
	if l.quoted {
		l.layer = "quoted " + layer
	}
}

// rest returns what the present layer has not told of yet.
func (l *fieldList) rest() []byte { return l.frame[l.at/8 : l.end] }

// limit leaves the next n bytes to the present layer and those above it: what follows is
// not theirs.
func (l *fieldList) limit(n int) { l.end = min(l.end, l.at/8+max(0, n)) }

// add adds a field of n bits, or of as many as are left.
func (l *fieldList) add(n int, name, value, meaning string) {
	if left := 8*l.end - l.at; n > left {
		n, value, meaning = left, "", "the rest is missing"
	}
	if n == 0 {
		return
	}
	first, behind := l.at/8, (l.at+n+7)/8
	l.fields = append(l.fields, Field{
		Offset: first, Length: behind - first, Bit: l.at % 8, Bits: n,
		Layer: l.layer, Name: name, Value: value, Meaning: meaning,
	})
	l.at += n
}

// addRest adds one field for all that is left to the present layer.
func (l *fieldList) addRest(name, meaning string) {
	n := len(l.rest())
	l.add(8*n, name, fmt.Sprintf("%d bytes", n), meaning)
}

// addNumber adds a number of up to 32 bits, the highest first.
func (l *fieldList) addNumber(n int, name, meaning string) {
	l.add(n, name, fmt.Sprint(l.peek(n)), meaning)
}

// addHex adds a number that is written in hexadecimal digits.
func (l *fieldList) addHex(n int, name, meaning string) {
	l.add(n, name, fmt.Sprintf("0x%0*x", n/4, l.peek(n)), meaning)
}

// peek returns the next n bits as a number. Bits that are missing are zeros.
func (l *fieldList) peek(n int) uint64 {
	var word [8]byte
	copy(word[:], l.rest())
	return binary.BigEndian.Uint64(word[:]) << (l.at % 8) >> (64 - n)
}

// addMAC adds the address of a card.
func (l *fieldList) addMAC(name, meaning string) {
	var mac MAC
	copy(mac[:], l.rest())
	l.add(8*len(mac), name, mac.String(), meaning)
}

// addIP adds the address of a host.
func (l *fieldList) addIP(name, meaning string) {
	var ip [4]byte
	copy(ip[:], l.rest())
	l.add(8*len(ip), name, netip.AddrFrom4(ip).String(), meaning)
}

// blame notes why the frame is dropped at the latest field with that name.
func (l *fieldList) blame(name string, reason error) {
	for i := len(l.fields) - 1; i >= 0; i-- {
		if l.fields[i].Name == name {
			l.fields[i].Wrong = reason.Error()
			return
		}
	}
}

// addBroken adds one field for all that is left to the present layer, as it cannot be read.
// If that is nothing at all, the last field is where something is missing.
func (l *fieldList) addBroken(name string, reason error) {
	l.addRest(name, "")
	if n := len(l.fields); n > 0 && l.fields[n-1].Wrong == "" {
		l.fields[n-1].Wrong = reason.Error()
	}
}

// addEther adds the fields of the Ethernet header, and those of what it carries.
func (l *fieldList) addEther() {
	l.layer = "Ethernet"
	h, payload, err := parseEther(l.frame)
	if err == errRunt {
		l.addBroken("frame", err)
		return
	}
	l.addMAC("Destination MAC", castName(h.dst))
	l.addMAC("Source MAC", "")
	if l.peek(16) < etherTypeMin {
		l.addSNAP(len(payload), err)
	} else {
		l.addHex(16, "EtherType", etherTypeNames[h.etherType])
	}
	switch {
	case err == errVLAN:
		l.blame("EtherType", err)
	case err != nil:
	case h.etherType == etherTypeARP:
		l.addARP()
	case h.etherType == etherTypeIPv4:
		l.addDatagram()
	}
}

// addSNAP adds the length of an 802.3 frame and what RFC 1042 puts after it.
func (l *fieldList) addSNAP(payload int, err error) {
	l.addNumber(16, "Length", "of what follows, in bytes, without padding")
	switch err {
	case errLengthCut:
		l.blame("Length", err)
		return
	case errLengthFrame:
		l.layer = "LLC"
		l.limit(int(binary.BigEndian.Uint16(l.frame[12:])))
		l.addBroken("payload", err)
		return
	}
	l.limit(snapHeaderLen + payload)
	l.layer = "LLC"
	l.addHex(8, "DSAP", "to whoever speaks SNAP")
	l.addHex(8, "SSAP", "from such a one")
	l.addHex(8, "Control", "unnumbered information")
	l.layer = "SNAP"
	l.addHex(24, "Org Code", "the number behind it is an EtherType")
	l.addHex(16, "EtherType", etherTypeNames[uint16(l.peek(16))])
}

// etherTypeNames has the protocols that we speak, and what we cannot read.
var etherTypeNames = map[uint16]string{
	etherTypeARP:  "ARP",
	etherTypeIPv4: "IPv4",
	etherTypeVLAN: "VLAN tag",
}

// castName says for whom a frame is, if that is not one card.
func castName(dst MAC) string {
	switch {
	case dst == broadcastMAC:
		return "all cards"
	case dst.isGroup():
		return "a group of cards"
	}
	return ""
}
