package stack

import (
	"bytes"
	"time"

	"framebyframe/shared/suite"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// decoded is what gopacket makes of a datagram that we sent.
type decoded struct {
	eth  *layers.Ethernet
	ip   *layers.IPv4
	icmp *layers.ICMPv4 // nil if it is none
}

// decode takes a frame of ours apart with gopacket and checks what must hold for
// every one: our addresses, lengths and checksums.
func (b *bench) decode(frame []byte) decoded {
	b.Helper()
	var d decoded
	d.eth, d.ip = &layers.Ethernet{}, &layers.IPv4{}
	if err := d.eth.DecodeFromBytes(frame, gopacket.NilDecodeFeedback); err != nil {
		b.Fatalf("gopacket: %v in % x", err, frame)
	}
	if err := d.ip.DecodeFromBytes(d.eth.Payload, gopacket.NilDecodeFeedback); err != nil {
		b.Fatalf("gopacket: %v in %s", err, Describe(frame))
	}
	eth, ip := d.eth, d.ip
	if whole := ip.FragOffset == 0 && ip.Flags&layers.IPv4MoreFragments == 0; whole && ip.Protocol == layers.IPProtocolICMPv4 {
		d.icmp = &layers.ICMPv4{}
		if err := d.icmp.DecodeFromBytes(ip.Payload, gopacket.NilDecodeFeedback); err != nil {
			b.Fatalf("gopacket: %v in %s", err, Describe(frame))
		}
		if suite.Checksum(ip.Payload) != 0 {
			b.Errorf("ICMP checksum of % x is wrong", frame)
		}
	}
	if !bytes.Equal(eth.SrcMAC, ourMAC[:]) || !ip.SrcIP.Equal(ourIP.AsSlice()) {
		b.Errorf("sent from %v, %v", eth.SrcMAC, ip.SrcIP)
	}
	if int(ip.Length) != len(frame)-etherHeaderLen || len(frame) > etherHeaderLen+1500 {
		b.Errorf("total length %d in a frame of %d bytes", ip.Length, len(frame))
	}
	if suite.Checksum(frame[etherHeaderLen:][:int(ip.IHL)*4]) != 0 {
		b.Errorf("header checksum of % x is wrong", frame)
	}
	if ip.TTL != ipv4DefaultTTL {
		b.Errorf("TTL %d", ip.TTL)
	}
	return d
}

// wantICMP checks that a frame is an ICMP message of this type and code, and
// returns its parts.
func (b *bench) wantICMP(frame []byte, typ, code uint8) decoded {
	b.Helper()
	d := b.decode(frame)
	if d.icmp == nil || d.icmp.TypeCode != layers.CreateICMPv4TypeCode(typ, code) {
		b.Fatalf("sent %s, want ICMP type %d code %d", Describe(frame), typ, code)
	}
	return d
}

// wantEchoReply checks that a frame is the reply to echoRequest(seq, data).
func (b *bench) wantEchoReply(frame []byte, seq uint16, data []byte) decoded {
	b.Helper()
	d := b.wantICMP(frame, icmpEchoReply, 0)
	if d.icmp.Id != 77 || d.icmp.Seq != seq || !bytes.Equal(d.icmp.Payload, data) {
		b.Errorf("echo reply with id %d, seq %d, %d bytes; want 77, %d, %d bytes",
			d.icmp.Id, d.icmp.Seq, len(d.icmp.Payload), seq, len(data))
	}
	return d
}

// wantAlive checks that the stack still answers.
func (b *bench) wantAlive() {
	b.Helper()
	b.Advance(time.Second)
	b.Take()
	b.sendIPv4(ipv4From(peerIP, protocolICMP), echoRequest(9999, []byte("alive?")))
	b.wantEchoReply(b.One(), 9999, []byte("alive?"))
}
