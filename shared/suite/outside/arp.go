package outside

import (
	"bytes"
	"net"
	"net/netip"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// arp builds an ARP packet and the frame around it.
func (b *Bench) arp(to, from net.HardwareAddr, op uint16, sender, target Host, change ...func(*layers.ARP)) []byte {
	a := &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
		Operation: op, SourceHwAddress: sender.mac(), SourceProtAddress: sender.ip(),
		DstHwAddress: target.mac(), DstProtAddress: target.ip(),
	}
	for _, f := range change {
		f(a)
	}
	return b.frame(false, &layers.Ethernet{DstMAC: to, SrcMAC: from, EthernetType: layers.EthernetTypeARP}, a)[:14+28] // without gopacket's padding
}

// request asks everybody who has an address.
func (b *Bench) request(from Host, ip netip.Addr, change ...func(*layers.ARP)) []byte {
	return b.arp(broadcast, from.mac(), layers.ARPRequest, from, Host{IP: ip}, change...)
}

// isReply tells whether a frame answers our question for the stack's address.
func (b *Bench) isReply(p gopacket.Packet) bool {
	arp, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP)
	return ok && arp.Operation == layers.ARPReply && bytes.Equal(arp.DstHwAddress, b.Us.mac())
}

// isRequest tells whether a frame asks for our address.
func (b *Bench) isRequest(p gopacket.Packet) bool {
	arp, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP)
	return ok && arp.Operation == layers.ARPRequest && bytes.Equal(arp.DstProtAddress, b.Us.ip())
}

// wantReply waits for the answer to our question, and looks at each of its fields.
func (b *Bench) wantReply(sender Host) {
	b.Helper()
	p := b.next(b.Late, b.isReply)
	if p == nil {
		b.Fatalf("nobody answers the question who has %v", b.Stack.IP)
	}
	eth := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
	arp := p.Layer(layers.LayerTypeARP).(*layers.ARP)
	for _, field := range []struct {
		name      string
		got, want []byte
	}{
		{"Ethernet destination", eth.DstMAC, sender.mac()},
		{"Ethernet source", eth.SrcMAC, b.Stack.mac()},
		{"hardware type and lengths", []byte{byte(arp.AddrType), arp.HwAddressSize, arp.ProtAddressSize}, []byte{1, 6, 4}},
		{"protocol type", []byte{byte(arp.Protocol >> 8), byte(arp.Protocol)}, []byte{8, 0}},
		{"sender hardware address", arp.SourceHwAddress, b.Stack.mac()},
		{"sender protocol address", arp.SourceProtAddress, b.Stack.ip()},
		{"target hardware address", arp.DstHwAddress, sender.mac()},
		{"target protocol address", arp.DstProtAddress, sender.ip()},
	} {
		if !bytes.Equal(field.got, field.want) {
			b.Errorf("the answer's %s is % x, want % x", field.name, field.got, field.want)
		}
	}
}

// unanswered checks that a question gets no answer, and that the stack can still give one.
func (b *Bench) unanswered(frame []byte) {
	b.Helper()
	b.Send(frame)
	b.silence("that is no question to answer", b.isReply)
	b.alive()
}

var somebodyElse = Host{[6]byte{0x02, 0, 0, 0, 0, 0x99}, netip.MustParseAddr("10.0.0.99")}

const (
	rfc826       = `"Am I the target protocol address? ... If so: swap hardware and protocol fields, putting the local hardware and protocol addresses in the sender fields. Set the ar$op field to ares_op$REPLY. Send the packet to the (new) target hardware address on the same hardware on which the request was received."`
	rfc826if     = `"?Do I have the hardware type in ar$hrd? ... ?Do I speak the protocol in ar$pro? ... ?Am I the target protocol address? ... ?Is the opcode ares_op$REQUEST?"`
	rfc1122flood = `"A mechanism to prevent ARP flooding (repeatedly sending an ARP Request for the same IP address, at a high rate) MUST be included. The recommended maximum rate is 1 per second per destination."`
)

// arpChecks are those of the first chapter.
var arpChecks = []Check{
	{Name: "a question is answered", RFC: "826", From: 1, Says: rfc826, Run: func(b *Bench) {
		b.Send(b.request(b.Us, b.Stack.IP))
		b.wantReply(b.Us)
	}},
	{Name: "one with the padding of a short frame, too", RFC: "894", From: 1, Says: `"The minimum length of the data field of a packet sent over an Ethernet is 46 octets. If necessary, the data field should be padded (with octets of zero) to meet the Ethernet minimum frame size."`, Run: func(b *Bench) {
		b.Send(append(b.request(b.Us, b.Stack.IP), make([]byte, 18)...))
		b.wantReply(b.Us)
	}},
	{Name: "one that was sent to us alone, too", RFC: "1122 2.3.2.1", From: 1, Says: `"Unicast Poll -- Actively poll the remote host by periodically sending a point-to-point ARP Request to it"`, Run: func(b *Bench) {
		b.Send(b.arp(b.Stack.mac(), b.Us.mac(), layers.ARPRequest, b.Us, b.Stack))
		b.wantReply(b.Us)
	}},
	{Name: "whatever the question has as the target's hardware address", RFC: "826", From: 1, Says: `"It does not set ar$tha to anything in particular, because it is this value that it is trying to determine."`, Run: func(b *Bench) {
		b.Send(b.request(b.Us, b.Stack.IP, func(a *layers.ARP) { a.DstHwAddress = somebodyElse.mac() }))
		b.wantReply(b.Us)
	}},
	{Name: "the answer goes to the sender's hardware address", RFC: "826", From: 1, Says: `"Send the packet to the (new) target hardware address": to ar$sha, which need not be the card that the frame came from.`, Run: func(b *Bench) {
		b.Send(b.arp(broadcast, somebodyElse.mac(), layers.ARPRequest, b.Us, Host{IP: b.Stack.IP}))
		b.wantReply(b.Us)
	}},
	{Name: "a probe from an address that is none yet", RFC: "5227 2.1.1", From: 1, Says: `"'ARP Probe' is ... an ARP Request packet, broadcast on the local link, with an all-zero 'sender IP address'": whoever wants an address asks for it, and its owner answers.`, Run: func(b *Bench) {
		nobody := Host{b.Us.MAC, netip.IPv4Unspecified()}
		b.Send(b.request(nobody, b.Stack.IP))
		b.wantReply(nobody)
	}},
	{Name: "each of many", RFC: "826", From: 1, Says: rfc826, Run: func(b *Bench) {
		for range 50 {
			b.Send(b.request(b.Us, b.Stack.IP))
			b.wantReply(b.Us)
		}
	}},
	{Name: "a question for another address is not answered", RFC: "826", From: 1, Says: rfc826if, Run: func(b *Bench) {
		b.unanswered(b.request(b.Us, somebodyElse.IP))
	}},
	{Name: "an answer is not answered", RFC: "826", From: 1, Says: rfc826if, Run: func(b *Bench) {
		b.unanswered(b.arp(b.Stack.mac(), b.Us.mac(), layers.ARPReply, b.Us, b.Stack))
	}},
	{Name: "another hardware type", RFC: "826", From: 1, Says: rfc826if, Run: func(b *Bench) {
		b.unanswered(b.request(b.Us, b.Stack.IP, func(a *layers.ARP) { a.AddrType = layers.LinkType(7) }))
	}},
	{Name: "another protocol", RFC: "826", From: 1, Says: rfc826if, Run: func(b *Bench) {
		b.unanswered(b.request(b.Us, b.Stack.IP, func(a *layers.ARP) { a.Protocol = layers.EthernetTypeIPv6 }))
	}},
	{Name: "an opcode that is neither question nor answer", RFC: "826", From: 1, Says: rfc826if, Run: func(b *Bench) {
		b.unanswered(b.request(b.Us, b.Stack.IP, func(a *layers.ARP) { a.Operation = 3 }))
	}},
	{Name: "a question to somebody else's card", RFC: "894", From: 1, Says: `"The Ethernet address": a card takes what is for its own address, for a group that it is in, or for all.`, Run: func(b *Bench) {
		b.unanswered(b.arp(somebodyElse.mac(), b.Us.mac(), layers.ARPRequest, b.Us, Host{IP: b.Stack.IP}))
	}},
	{Name: "a packet that breaks off", RFC: "826", From: 1, Says: `"Packet Reception": a packet without its last byte has no target protocol address.`, Run: func(b *Bench) {
		whole := b.request(b.Us, b.Stack.IP)
		for _, n := range []int{len(whole) - 1, 14 + 8, 14 + 1} {
			b.unanswered(whole[:n])
		}
	}},
	{Name: "a frame that is shorter than its header", RFC: "894", From: 1, Says: `"a 14 byte header": what is shorter is no frame, and no reason to end.`, Run: func(b *Bench) {
		whole := b.request(b.Us, b.Stack.IP)
		for _, n := range []int{13, 6, 1} {
			b.Send(whole[:n])
		}
		b.alive()
	}},
	{Name: "a type that nobody knows", RFC: "894", From: 1, Says: `What is neither IPv4 nor ARP is for somebody else: it is no reason to answer, nor to end.`, Run: func(b *Bench) {
		for _, kind := range []layers.EthernetType{0x88b5, 0x0806 + 1, 0xffff, 0x0600} {
			b.unanswered(b.frame(false, &layers.Ethernet{DstMAC: b.Stack.mac(), SrcMAC: b.Us.mac(), EthernetType: kind},
				gopacket.Payload(b.request(b.Us, b.Stack.IP)[14:])))
		}
	}},
	{Name: "who is not known is asked for, and the packet waits", RFC: "1122 2.3.2.2", From: 2, Says: `"The link layer SHOULD save (rather than discard) at least one (the latest) packet of each set of packets destined to the same unresolved IP address, and transmit the saved packet when the address has been resolved."`, Run: func(b *Bench) {
		b.Send(b.echo(1, []byte("who are you?")))
		p := b.next(b.Late, func(p gopacket.Packet) bool { return b.isRequest(p) || b.isEchoReply(p) })
		if p == nil {
			b.Fatalf("an echo request from somebody who is not known is neither answered, nor is he asked for")
		}
		arp, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP)
		if !ok {
			return // it knows him from the frame
		}
		eth := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
		if !bytes.Equal(eth.DstMAC, broadcast) || !bytes.Equal(arp.SourceHwAddress, b.Stack.mac()) || !bytes.Equal(arp.SourceProtAddress, b.Stack.ip()) {
			b.Errorf("the question goes to %v, from %v at %v", eth.DstMAC, net.IP(arp.SourceProtAddress), net.HardwareAddr(arp.SourceHwAddress))
		}
		b.answer(arp)
		b.wantEchoReply(1, []byte("who are you?"))
	}},
	{Name: "who does not answer is asked once a second at the most", RFC: "1122 2.3.2.1", From: 2, Says: rfc1122flood, Run: func(b *Bench) {
		var asked []time.Duration
		listen := func(d time.Duration) {
			for until := time.Now().Add(d); ; {
				p := b.next(time.Until(until), func(p gopacket.Packet) bool { return b.isRequest(p) })
				if p == nil {
					return
				}
				asked = append(asked, time.Since(b.start))
			}
		}
		for i := range 30 {
			b.Send(b.echo(uint16(i), []byte("anybody?")))
			listen(100 * time.Millisecond)
		}
		if len(asked) > 4 {
			b.Errorf("within 3 s it asks %d times: %v", len(asked), asked)
		}
	}},
	{Name: "a neighbour who has moved", RFC: "826", From: 2, Says: `"If the pair <protocol type, sender protocol address> is already in my translation table, update the sender hardware address field of the entry with the new information in the packet and set Merge_flag to true."`, Run: func(b *Bench) {
		b.Send(b.request(b.Us, b.Stack.IP))
		b.wantReply(b.Us)
		b.Send(b.echo(1, []byte("here")))
		b.wantEchoReply(1, []byte("here"))
		b.Us.MAC[0] = 0x06 // which is ours, too
		b.Send(b.arp(b.Stack.mac(), b.Us.mac(), layers.ARPRequest, b.Us, Host{IP: b.Stack.IP}))
		b.wantReply(b.Us)
		b.Send(b.echo(2, []byte("there")))
		b.wantEchoReply(2, []byte("there"))
	}},
}
