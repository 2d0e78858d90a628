package script

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

func addrFrom4(b [4]byte) netip.Addr { return netip.AddrFrom4(b) }

// has tells whether an address is the peer's.
func (p *Peer) has(ip netip.Addr) bool {
	return ip == p.cfg.PeerIP || slices.Contains(p.cfg.Others, ip)
}

func isARP(frame []byte) bool {
	return len(frame) >= etherLen && frame[12] == 0x08 && frame[13] == 0x06
}

// answerARP answers a question for one of the peer's addresses, and lets all
// other ARP pass: it is no script's subject.
func (p *Peer) answerARP(frame []byte) {
	var arp layers.ARP
	if arp.DecodeFromBytes(frame[etherLen:], gopacket.NilDecodeFeedback) != nil || len(arp.DstProtAddress) != 4 {
		p.record(p.now(), "> malformed ARP")
		return
	}
	asked := addrFrom4([4]byte(arp.DstProtAddress))
	p.record(p.now(), fmt.Sprintf("> ARP, operation %d, about %v", arp.Operation, asked))
	if p.cfg.NoARP || arp.Operation != layers.ARPRequest || !p.has(asked) {
		return
	}
	eth := &layers.Ethernet{SrcMAC: p.cfg.PeerMAC[:], DstMAC: arp.SourceHwAddress, EthernetType: layers.EthernetTypeARP}
	reply := &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
		Operation:       layers.ARPReply,
		SourceHwAddress: p.cfg.PeerMAC[:], SourceProtAddress: arp.DstProtAddress,
		DstHwAddress: arp.SourceHwAddress, DstProtAddress: arp.SourceProtAddress,
	}
	buf := gopacket.NewSerializeBuffer()
	if gopacket.SerializeLayers(buf, gopacket.SerializeOptions{}, eth, reply) == nil {
		p.cfg.Device.Write(buf.Bytes()) // a frame that is lost, the stack asks for again
	}
}
