package parsing

import (
	"net"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// full is a frame with a full segment: timestamps and 1448 bytes.
func full(b testing.TB) []byte {
	data := make([]byte, 1448)
	for i := range data {
		data[i] = byte(i * 7)
	}
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 4}
	ip := &layers.IPv4{
		Version: 4, TTL: 64, Id: 1, Protocol: layers.IPProtocolTCP,
		SrcIP: net.IP{10, 0, 0, 1}, DstIP: net.IP{10, 0, 0, 4},
	}
	tcp := &layers.TCP{SrcPort: 40000, DstPort: 9, Seq: 1, Ack: 1, ACK: true, Window: 500, Options: []layers.TCPOption{
		{OptionType: layers.TCPOptionKindNop}, {OptionType: layers.TCPOptionKindNop},
		{OptionType: layers.TCPOptionKindTimestamps, OptionLength: 10, OptionData: make([]byte, 8)},
	}}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		b.Fatal(err)
	}
	buf := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		&layers.Ethernet{SrcMAC: mac, DstMAC: mac, EthernetType: layers.EthernetTypeIPv4}, ip, tcp, gopacket.Payload(data))
	if err != nil || len(buf.Bytes()) != 1514 {
		b.Fatal(err, len(buf.Bytes()))
	}
	return buf.Bytes()
}

// parsers read a frame and tell whether it is as it should be.
func parsers() map[string]func(frame []byte) bool {
	return map[string]func([]byte) bool{"gvisor": gvisorReads, "gopacket": newGopacket().reads}
}

func BenchmarkParse(b *testing.B) {
	for name, reads := range parsers() {
		b.Run(name, func(b *testing.B) {
			frame := full(b)
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				if !reads(frame) {
					b.Fatal("refused")
				}
			}
		})
	}
}

// TestParse checks that the two do look at the checksums; gopacket has no function for that of an IP header.
func TestParse(t *testing.T) {
	for name, reads := range parsers() {
		if !reads(full(t)) {
			t.Errorf("%s refuses a good frame", name)
		}
		for at, checked := range map[int]bool{22: name != "gopacket", 44: true, 1513: true} { // TTL, acknowledgment, data
			frame := full(t)
			frame[at] ^= 1
			if reads(frame) == checked {
				t.Errorf("%s, a wrong byte %d: accepted is %v", name, at, checked)
			}
		}
	}
}

// gvisorReads does what gVisor's stack does with a frame before it looks for the connection.
func gvisorReads(frame []byte) bool {
	eth := header.Ethernet(frame)
	ip := header.IPv4(frame[header.EthernetMinimumSize:])
	if eth.Type() != header.IPv4ProtocolNumber || !ip.IsValid(len(ip)) || !ip.IsChecksumValid() {
		return false
	}
	tcp := header.TCP(ip.Payload())
	payload := tcp.Payload()
	return tcp.IsChecksumValid(ip.SourceAddress(), ip.DestinationAddress(), checksum.Checksum(payload, 0), uint16(len(payload)))
}

// goPacket is gopacket's fast way, without allocations.
type goPacket struct {
	eth     layers.Ethernet
	ip      layers.IPv4
	tcp     layers.TCP
	payload gopacket.Payload
	parser  *gopacket.DecodingLayerParser
	found   []gopacket.LayerType
}

func newGopacket() *goPacket {
	p := &goPacket{}
	p.parser = gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &p.eth, &p.ip, &p.tcp, &p.payload)
	return p
}

func (p *goPacket) reads(frame []byte) bool {
	if p.parser.DecodeLayers(frame, &p.found) != nil || p.tcp.SetNetworkLayerForChecksum(&p.ip) != nil {
		return false
	}
	sum, err := p.tcp.ComputeChecksum()
	return err == nil && sum == 0
}
