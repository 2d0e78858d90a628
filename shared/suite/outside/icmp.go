package outside

import (
	"bytes"
	"net/netip"
	"slices"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// header is the header of our next datagram.
func (b *Bench) header(protocol layers.IPProtocol) *layers.IPv4 {
	b.id++
	return &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Id: b.id, Protocol: protocol, SrcIP: b.Us.ip(), DstIP: b.Stack.ip()}
}

func (b *Bench) ethernet() *layers.Ethernet {
	return &layers.Ethernet{DstMAC: b.Stack.mac(), SrcMAC: b.Us.mac(), EthernetType: layers.EthernetTypeIPv4}
}

const echoID = 0x4242

// datagram builds a datagram, right in all that change leaves as it is.
func (b *Bench) datagram(protocol layers.IPProtocol, payload []byte, change ...func(*layers.IPv4)) []byte {
	ip := b.header(protocol)
	for _, f := range change {
		f(ip)
	}
	frame := b.frame(true, b.ethernet(), ip, gopacket.Payload(payload))
	return frame[:14+int(ip.Length)] // without gopacket's padding
}

// message builds an ICMP message.
func (b *Bench) message(icmp *layers.ICMPv4, data []byte) []byte {
	return b.frame(true, icmp, gopacket.Payload(data))
}

// echo builds an echo request.
func (b *Bench) echo(seq uint16, data []byte, change ...func(*layers.IPv4)) []byte {
	icmp := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0), Id: echoID, Seq: seq}
	return b.datagram(layers.IPProtocolICMPv4, b.message(icmp, data), change...)
}

// icmpOf is the ICMP message for us in a frame, or nil.
func (b *Bench) icmpOf(p gopacket.Packet) (*layers.IPv4, *layers.ICMPv4) {
	ip, ok := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
	if !ok || ip.Protocol != layers.IPProtocolICMPv4 || !ip.SrcIP.Equal(b.Stack.ip()) {
		return nil, nil
	}
	icmp, _ := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4)
	return ip, icmp
}

func (b *Bench) isICMP(p gopacket.Packet) bool {
	ip, ok := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
	return ok && ip.Protocol == layers.IPProtocolICMPv4
}

func (b *Bench) isEchoReply(p gopacket.Packet) bool {
	_, icmp := b.icmpOf(p)
	return icmp != nil && icmp.TypeCode.Type() == layers.ICMPv4TypeEchoReply
}

func (b *Bench) isError(p gopacket.Packet) bool {
	_, icmp := b.icmpOf(p)
	return icmp != nil && !b.isEchoReply(p)
}

// known has the stack learn where we are.
func (b *Bench) known() {
	b.Helper()
	b.Send(b.request(b.Us, b.Stack.IP))
	if b.next(b.Late, b.isReply) == nil {
		b.Fatalf("it does not answer ARP")
	}
}

// wantEchoReply waits for the reply to an echo request, in one datagram.
func (b *Bench) wantEchoReply(seq uint16, data []byte) {
	b.Helper()
	p := b.next(b.Late, b.isEchoReply)
	if p == nil {
		b.Fatalf("no echo reply comes. The stack was sent an IPv4 datagram (EtherType 0x0800) to its address, with an ICMP echo " +
			"request in it (protocol 1, type 8), and said nothing")
	}
	ip, icmp := b.icmpOf(p)
	b.checkHeader(p, ip)
	if icmp.Id != echoID || icmp.Seq != seq || icmp.TypeCode.Code() != 0 {
		b.Errorf("the reply has code %d, identifier %#x and sequence number %d, want 0, %#x and %d", icmp.TypeCode.Code(), icmp.Id, icmp.Seq, echoID, seq)
	}
	if !bytes.Equal(icmp.Payload, data) {
		b.Errorf("the reply has %d bytes of data, want the %d that were sent:\ngot  % x\nwant % x", len(icmp.Payload), len(data), clip(icmp.Payload), clip(data))
	}
	if sum(ip.Payload) != 0 {
		b.Errorf("the ICMP checksum is wrong: %#04x", icmp.Checksum)
	}
}

func clip(b []byte) []byte { return b[:min(len(b), 32)] }

// checkHeader checks what holds for every datagram that comes to us.
func (b *Bench) checkHeader(p gopacket.Packet, ip *layers.IPv4) {
	b.Helper()
	eth := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
	header := eth.Payload[:int(ip.IHL)*4]
	switch {
	case !bytes.Equal(eth.DstMAC, b.Us.mac()) || !bytes.Equal(eth.SrcMAC, b.Stack.mac()):
		b.Errorf("the frame goes from %v to %v, want from %v to %v", eth.SrcMAC, eth.DstMAC, b.Stack.mac(), b.Us.mac())
	case !ip.DstIP.Equal(b.Us.ip()):
		b.Errorf("the datagram goes to %v, want %v", ip.DstIP, b.Us.IP)
	case ip.Version != 4 || ip.TTL == 0 || ip.Flags&layers.IPv4EvilBit != 0:
		b.Errorf("the datagram has version %d, TTL %d and flags %v", ip.Version, ip.TTL, ip.Flags)
	case sum(header) != 0:
		b.Errorf("the header's checksum is wrong: %#04x", ip.Checksum)
	case len(p.Data())-14 > 1500:
		b.Errorf("the datagram has %d bytes, more than the cable's 1500", len(p.Data())-14)
	}
}

// sum is the Internet checksum (RFC 1071), 0 for what has a right one in it.
func sum(data []byte) uint16 {
	var n uint32
	for i := 0; i+1 < len(data); i += 2 {
		n += uint32(data[i])<<8 | uint32(data[i+1])
	}
	if len(data)%2 == 1 {
		n += uint32(data[len(data)-1]) << 8
	}
	for n > 0xffff {
		n = n>>16 + n&0xffff
	}
	return ^uint16(n)
}

// resum puts the right checksum into a frame's IPv4 header, whatever else is wrong with it.
func resum(frame []byte) []byte {
	header := frame[14:]
	header = header[:max(20, min(len(header), int(header[0]&15)*4))]
	header[10], header[11] = 0, 0
	n := sum(header)
	header[10], header[11] = byte(n>>8), byte(n)
	return frame
}

// ignored checks that a datagram gets no answer from ICMP, and that the stack answers a good one.
func (b *Bench) ignored(frame []byte) {
	b.Helper()
	b.known()
	b.Send(frame)
	b.silence("that should have been dropped without a word", b.isICMP)
	b.Send(b.echo(999, []byte("and now?")))
	b.wantEchoReply(999, []byte("and now?"))
}

// wantError waits for an ICMP error that quotes the datagram of a frame.
func (b *Bench) wantError(kind, code uint8, sent []byte) {
	b.Helper()
	p := b.next(b.Late, b.isError)
	if p == nil {
		b.Fatalf("no ICMP error comes, want type %d, code %d", kind, code)
	}
	ip, icmp := b.icmpOf(p)
	b.checkHeader(p, ip)
	if icmp.TypeCode != layers.CreateICMPv4TypeCode(kind, code) {
		b.Errorf("the error is %v, want type %d, code %d", icmp.TypeCode, kind, code)
	}
	if sum(ip.Payload) != 0 {
		b.Errorf("the ICMP checksum is wrong: %#04x", icmp.Checksum)
	}
	quote := sent[14:][:28]
	if got := icmp.Payload; len(got) < len(quote) || !bytes.Equal(got[:len(quote)], quote) {
		b.Errorf("the error does not quote the datagram's header and the next 8 bytes:\ngot  % x\nwant % x", got[:min(28, len(got))], quote)
	}
}

func counted(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i + i>>8)
	}
	return data
}

const (
	echoSays  = `"The data received in the echo message must be returned in the echo reply message." "The address of the source in an echo message will be the destination of the echo reply message."`
	sumSays   = `"A host MUST verify the IP header checksum on every received datagram and silently discard every datagram that has a bad checksum."`
	lenSays   = `"Total Length is the length of the datagram, measured in octets, including internet header and data."`
	noErrSays = `"An ICMP error message MUST NOT be sent as the result of receiving: an ICMP error message, or a datagram destined to an IP broadcast or IP multicast address, or a datagram sent as a link-layer broadcast, or a non-initial fragment, or a datagram whose source address does not define a single host"`
	srcSays   = `"A host MUST silently discard an incoming datagram containing an IP source address that is invalid by the rules of this section."`
)

// icmpChecks are those of the second chapter about single datagrams.
var icmpChecks = []Check{
	{Name: "echo", RFC: "792", From: 2, Says: echoSays, Run: func(b *Bench) {
		b.known()
		for i, n := range []int{56, 0, 1, 2, 33, 1471, 1472} {
			b.Send(b.echo(uint16(i), counted(n)))
			b.wantEchoReply(uint16(i), counted(n))
		}
	}},
	{Name: "each of many", RFC: "792", From: 2, Says: echoSays, Run: func(b *Bench) {
		b.known()
		for i := range 50 {
			b.Send(b.echo(uint16(i), counted(56)))
			b.wantEchoReply(uint16(i), counted(56))
		}
	}},
	{Name: "a checksum whose sum carries twice", RFC: "1071 1", From: 2, Says: `"the 1's complement sum": what is carried out of the top is added below, and that may carry again.`, Run: func(b *Bench) {
		b.known()
		for i, data := range [][]byte{bytes.Repeat([]byte{0xff}, 56), bytes.Repeat([]byte{0xff, 0xfe}, 700), make([]byte, 56)} {
			b.Send(b.echo(uint16(i), data))
			b.wantEchoReply(uint16(i), data)
		}
	}},
	{Name: "padding is no data", RFC: "791 3.1", From: 2, Says: lenSays, Run: func(b *Bench) {
		b.known()
		b.Send(append(b.echo(1, []byte("ab")), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
		b.wantEchoReply(1, []byte("ab"))
	}},
	{Name: "a TTL of 1 is enough for us", RFC: "1122 3.2.1.7", From: 2, Says: `"A host MUST NOT discard a datagram just because it was received with TTL less than 2."`, Run: func(b *Bench) {
		b.known()
		b.Send(b.echo(1, counted(8), func(ip *layers.IPv4) { ip.TTL = 1 }))
		b.wantEchoReply(1, counted(8))
	}},
	{Name: "a wrong header checksum", RFC: "1122 3.2.1.2", From: 2, Says: sumSays, Run: func(b *Bench) {
		frame := b.echo(1, counted(8))
		frame[14+10] ^= 0x10
		b.ignored(frame)
	}},
	{Name: "another version", RFC: "1122 3.2.1.1", From: 2, Says: `"A datagram whose version number is not 4 MUST be silently discarded."`, Run: func(b *Bench) {
		frame := b.echo(1, counted(8))
		frame[14] = 0x55
		b.ignored(resum(frame))
	}},
	{Name: "a header of less than five words", RFC: "791 3.1", From: 2, Says: `"Note that the minimum value for a correct header is 5."`, Run: func(b *Bench) {
		frame := b.echo(1, counted(8))
		frame[14] = 0x44
		b.ignored(resum(frame))
	}},
	{Name: "a header that is longer than the datagram", RFC: "791 3.1", From: 2, Says: `"Internet Header Length is the length of the internet header in 32 bit words, and thus points to the beginning of the data."`, Run: func(b *Bench) {
		frame := b.echo(1, nil)
		frame[14] = 0x4f
		b.ignored(resum(frame))
	}},
	{Name: "more length than there is", RFC: "791 3.1", From: 2, Says: lenSays, Run: func(b *Bench) {
		frame := b.echo(1, counted(8))
		b.ignored(resum(frame[:len(frame)-1]))
	}},
	{Name: "less length than the header", RFC: "791 3.1", From: 2, Says: lenSays, Run: func(b *Bench) {
		frame := b.echo(1, counted(8))
		frame[14+2], frame[14+3] = 0, 19
		b.ignored(resum(frame))
	}},
	{Name: "somebody else's datagram", RFC: "1122 3.2.1.3", From: 2, Says: `"A host MUST silently discard an incoming datagram that is not destined for the host."`, Run: func(b *Bench) {
		b.ignored(b.echo(1, counted(8), func(ip *layers.IPv4) { ip.DstIP = somebodyElse.ip() }))
	}},
	{Name: "from everybody", RFC: "1122 3.2.1.3", From: 2, Says: srcSays, Run: func(b *Bench) {
		for _, from := range []string{"255.255.255.255", "10.0.0.255", "224.0.0.1", "127.0.0.1"} {
			b.ignored(b.echo(1, counted(8), func(ip *layers.IPv4) { ip.SrcIP = netip.MustParseAddr(from).AsSlice() }))
		}
	}},
	{Name: "a wrong ICMP checksum", RFC: "792", From: 2, Says: `"The checksum is the 16-bit ones's complement of the one's complement sum of the ICMP message starting with the ICMP Type."`, Run: func(b *Bench) {
		frame := b.echo(1, counted(8))
		frame[14+20+2] ^= 1
		b.ignored(frame)
	}},
	{Name: "a message that breaks off", RFC: "792", From: 2, Says: `An ICMP message has 8 bytes at least: what is shorter is none.`, Run: func(b *Bench) {
		for _, n := range []int{0, 1, 4, 7} {
			message := []byte{8, 0, 0xf7, 0xff, 0, 0, 0, 0}
			b.ignored(b.datagram(layers.IPProtocolICMPv4, message[:n]))
		}
	}},
	{Name: "a type that nobody knows", RFC: "1122 3.2.2", From: 2, Says: `"If an ICMP message of unknown type is received, it MUST be silently discarded."`, Run: func(b *Bench) {
		icmp := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(42, 0)}
		b.ignored(b.datagram(layers.IPProtocolICMPv4, b.message(icmp, counted(28))))
	}},
	{Name: "an echo reply that nobody asked for", RFC: "792", From: 2, Says: `An echo reply is not answered.`, Run: func(b *Bench) {
		icmp := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(0, 0), Id: echoID, Seq: 1}
		b.ignored(b.datagram(layers.IPProtocolICMPv4, b.message(icmp, counted(8))))
	}},
	{Name: "protocol unreachable", RFC: "1122 3.2.2.1", From: 2, Says: `"A host SHOULD generate Destination Unreachable messages with code: 2 (Protocol Unreachable), when the designated transport protocol is not supported"`, Alone: true, Run: func(b *Bench) {
		b.known()
		frame := b.datagram(253, counted(20))
		b.Send(frame)
		b.wantError(3, 2, frame)
	}},
	{Name: "no error about an error", RFC: "1122 3.2.2", From: 2, Says: noErrSays, Alone: true, Run: func(b *Bench) {
		quoted := b.datagram(253, counted(20), func(ip *layers.IPv4) { ip.SrcIP, ip.DstIP = b.Stack.ip(), b.Us.ip() })[14:]
		for _, kind := range []uint8{3, 11, 12, 4} {
			icmp := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(kind, 1)}
			b.ignored(b.datagram(layers.IPProtocolICMPv4, b.message(icmp, quoted[:28])))
		}
	}},
	{Name: "no error about what was sent to all", RFC: "1122 3.2.2", From: 2, Says: noErrSays, Alone: true, Run: func(b *Bench) {
		for _, to := range []string{"10.0.0.255", "255.255.255.255", "224.0.0.1"} {
			frame := b.datagram(253, counted(20), func(ip *layers.IPv4) { ip.DstIP = netip.MustParseAddr(to).AsSlice() })
			copy(frame, broadcast)
			b.ignored(frame)
		}
	}},
	{Name: "no error about what came in a frame for all", RFC: "1122 3.2.2", From: 2, Says: noErrSays, Alone: true, Run: func(b *Bench) {
		frame := b.datagram(253, counted(20))
		copy(frame, broadcast)
		b.ignored(frame)
	}},
	{Name: "no error about a fragment that is not the first", RFC: "1122 3.2.2", From: 2, Says: noErrSays, Alone: true, Run: func(b *Bench) {
		b.ignored(b.datagram(253, counted(24), func(ip *layers.IPv4) { ip.FragOffset = 3 }))
	}},
	{Name: "no error to somebody who is none", RFC: "1122 3.2.2", From: 2, Says: noErrSays, Alone: true, Run: func(b *Bench) {
		b.ignored(b.datagram(253, counted(20), func(ip *layers.IPv4) { ip.SrcIP = netip.MustParseAddr("10.0.0.255").AsSlice() }))
	}},
	{Name: "options that do nothing", RFC: "791 3.1", From: 2, Says: `"The option-type octet ... No Operation": data begin where IHL says.`, Run: func(b *Bench) {
		b.known()
		b.Send(options(b.echo(1, counted(8)), []byte{1, 1, 1, 0}))
		b.wantEchoReply(1, counted(8))
	}},
	{Name: "an option that nobody knows", RFC: "1122 3.2.1.8", From: 2, Says: `"The IP and transport layer MUST each interpret those IP options that they understand and silently ignore the others."`, Run: func(b *Bench) {
		b.known()
		b.Send(options(b.echo(1, counted(8)), []byte{30, 4, 0xaa, 0xbb}))
		b.wantEchoReply(1, counted(8))
		b.Send(options(b.echo(2, counted(8)), append([]byte{30, 38}, make([]byte, 38)...)))
		b.wantEchoReply(2, counted(8))
	}},
	{Name: "an option that breaks off", RFC: "791 3.1", From: 2, Says: `"The option-length octet counts the option-type octet and the option-length octet as well as the option-data octets." One of 0, or one that is longer than the header, is no reason to end.`, Run: func(b *Bench) {
		b.known()
		for i, o := range [][]byte{{7, 0, 4, 0}, {7, 1, 4, 0}, {7, 40, 4, 0}, {1, 1, 1, 7}, {68, 3, 5, 0}} {
			b.Send(options(b.echo(uint16(i), counted(8)), o))
		}
		b.next(b.Quiet, func(gopacket.Packet) bool { return false })
		b.Send(b.echo(100, counted(8)))
		for {
			p := b.next(b.Late, b.isEchoReply)
			if p == nil {
				b.Fatalf("after that it does not answer any more")
			}
			if _, icmp := b.icmpOf(p); icmp.Seq == 100 {
				return
			}
		}
	}},
}

// options puts options into the header of a frame, as they are: whole words.
func options(frame, raw []byte) []byte {
	frame = slices.Concat(frame[:34], raw, frame[34:])
	frame[14] += byte(len(raw) / 4)
	length := len(frame) - 14
	frame[16], frame[17] = byte(length>>8), byte(length)
	return resum(frame)
}

// All are all checks.
func All() (all []Check) {
	for _, group := range []struct {
		file   string
		checks []Check
	}{{"arp", arpChecks}, {"ipv4 and icmp", icmpChecks}, {"fragments", fragmentChecks}, {"udp", udpChecks}} {
		for _, c := range group.checks {
			c.file = group.file
			all = append(all, c)
		}
	}
	return all
}
