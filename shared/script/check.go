package script

import (
	"bytes"
	"fmt"
	"net"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// differ is nil if a field is what it should be.
func differ[T comparable](field string, got, want T) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%s is %v, want %v", field, got, want)
}

// check gives what is wrong with a frame that carries a segment of this flow,
// whatever the segment says. Some of the errors are nil.
func (p *packet) check(f Flow) []error {
	ip, tcp := &p.ip, &p.tcp
	padding := p.ip.Payload[tcpLen : int(tcp.DataOffset)*4]
	padding = padding[len(padding)-len(tcp.Padding):]
	return []error{
		differ("Ethernet destination", p.eth.DstMAC.String(), net.HardwareAddr(f.DstMAC[:]).String()),
		differ("Ethernet source", p.eth.SrcMAC.String(), net.HardwareAddr(f.SrcMAC[:]).String()),
		differ("IPv4 version", ip.Version, 4),
		differ("IPv4 header length (IHL)", ip.IHL, ipLen/4),
		differ("IPv4 total length", int(ip.Length), len(p.frame)-etherLen),
		differ("IPv4 more fragments", ip.Flags&layers.IPv4MoreFragments != 0, false),
		differ("IPv4 reserved flag", ip.Flags&layers.IPv4EvilBit != 0, false),
		differ("IPv4 fragment offset", ip.FragOffset, 0),
		differ("IPv4 source", ip.SrcIP.String(), f.SrcIP.String()),
		differ("IPv4 destination", ip.DstIP.String(), f.DstIP.String()),
		p.checkIPv4Checksum(),
		p.checkTCPChecksum(),
		differ("TCP reserved bits", p.reserved(), 0),
		differ("TCP option padding is zero", len(bytes.Trim(padding, "\x00")) == 0, true),
	}
}

// checkIPv4Checksum has gopacket compute the checksum of the same header.
func (p *packet) checkIPv4Checksum() error {
	again := p.ip
	buf := gopacket.NewSerializeBuffer()
	if err := again.SerializeTo(buf, gopacket.SerializeOptions{ComputeChecksums: true}); err != nil {
		return fmt.Errorf("IPv4 header: %w", err)
	}
	if p.ip.Checksum != again.Checksum {
		return fmt.Errorf("IPv4 header checksum is %#04x, want %#04x", p.ip.Checksum, again.Checksum)
	}
	return nil
}

// checkTCPChecksum has gopacket sum up the segment, its checksum included, and
// the pseudo header: the complement of that sum is 0.
func (p *packet) checkTCPChecksum() error {
	if err := p.tcp.SetNetworkLayerForChecksum(&p.ip); err != nil {
		return fmt.Errorf("TCP checksum: %w", err)
	}
	rest, err := p.tcp.ComputeChecksum()
	if err != nil {
		return fmt.Errorf("TCP checksum: %w", err)
	}
	if rest != 0 {
		return fmt.Errorf("TCP checksum is %#04x, which is wrong by %#04x", p.tcp.Checksum, rest)
	}
	return nil
}

// checkStack checks what a Config says of all datagrams of the stack.
func (p *packet) checkStack(c *Config) []error {
	df := p.ip.Flags&layers.IPv4DontFragment != 0
	var errs []error
	if c.Outside == nil {
		errs = append(errs, differ("IPv4 TTL", p.ip.TTL, c.TTL))
	}
	if c.DF != DFAny {
		errs = append(errs, differ("IPv4 don't fragment (DF)", df, c.DF == DFSet))
	}
	if n := len(p.frame) - etherLen; n > c.MTU {
		errs = append(errs, fmt.Errorf("IPv4 datagram has %d bytes, more than the MTU of %d", n, c.MTU))
	}
	return errs
}

// checkPayload compares the data byte by byte with what the stream, or the line,
// has at this place.
func checkPayload(want, got Segment, stream func(uint32) byte) error {
	if want.Has&AnyData != 0 {
		return nil
	}
	right := got.payload(stream)
	if want.Has&HasData != 0 {
		right = want.Data
	}
	for i := range min(len(got.Data), len(right)) {
		if got.Data[i] != right[i] {
			return fmt.Errorf("payload byte %d, at stream offset %d, is %#02x, want %#02x",
				i, got.streamOffset()+uint32(i), got.Data[i], right[i])
		}
	}
	return nil
}
