package stack

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/gopacket/layers"
)

// known returns what the table says of a neighbour: its MAC and state.
func (b *bench) known(ip netip.Addr) (mac MAC, state neighbourState) {
	b.do(func() {
		state = neighbourNone
		if n := b.s.arp.neighbours[ip]; n != nil {
			mac, state = n.mac, n.state
		}
	})
	return mac, state
}

func (b *bench) wantKnown(ip netip.Addr, mac MAC, state neighbourState) {
	b.Helper()
	if m, st := b.known(ip); m != mac || st != state {
		b.Errorf("the table has %v at %v, %s; want %v, %s", ip, m, st, mac, state)
	}
}

// RFC 826, Packet Reception: a request for our address is answered, to the
// sender alone, with the fields swapped.
func TestARPReply(t *testing.T) {
	for name, frame := range map[string][]byte{
		"from the kernel": capturedRequest,
		"from arping":     capturedArping, // padding does not matter
		"built":           request(peerMAC, peerIP, ourIP),
		"sent to us only": arpFrame(ourMAC, peerMAC, layers.ARPRequest, peerMAC, peerIP, ourMAC, ourIP),
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.Send(frame)
				b.WantARP(b.One(), peerMAC, layers.ARPReply, ourIP, peerMAC, peerIP)
				b.wantKnown(peerIP, peerMAC, neighbourReachable)
			})
		})
	}
}

// "Send the packet to the (new) target hardware address": to sha, which need not
// be the card that the frame came from.
func TestARPReplyGoesToSenderHardwareAddress(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(arpFrame(broadcastMAC, otherMAC, layers.ARPRequest, peerMAC, peerIP, MAC{}, ourIP))
		b.WantARP(b.One(), peerMAC, layers.ARPReply, ourIP, peerMAC, peerIP)
	})
}

func TestARPSilenceForOthers(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(request(peerMAC, peerIP, netip.MustParseAddr("10.0.0.77")))
		b.Silence()
		b.wantDropped(errARPNotForUs, 1)
		b.wantKnown(peerIP, MAC{}, neighbourNone) // not for us: nothing is added
	})
}

func TestARPReplyIsNotAnswered(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(reply(peerMAC, peerIP))
		b.Silence()
		b.wantKnown(peerIP, peerMAC, neighbourReachable) // RFC 826 looks at the opcode last
	})
}

// RFC 826: Merge_flag. Whoever is in the table already is updated, whoever the
// packet is for; only a packet for us adds anybody.
func TestARPMerge(t *testing.T) {
	newMAC := MAC{0x02, 0, 0, 0, 0, 0x77}
	for name, update := range map[string][]byte{
		"request for somebody else": request(newMAC, peerIP, otherIP),
		"announcement":              request(newMAC, peerIP, peerIP),
		"reply to somebody else":    arpFrame(otherMAC, newMAC, layers.ARPReply, newMAC, peerIP, otherMAC, otherIP, toUs),
		"request for us":            request(newMAC, peerIP, ourIP),
		"reply to us":               reply(newMAC, peerIP),
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.Send(request(peerMAC, peerIP, ourIP))
				b.wantKnown(peerIP, peerMAC, neighbourReachable)
				b.Take()
				b.Send(update)
				b.wantKnown(peerIP, newMAC, neighbourReachable)
				b.WantLog("ARP: 10.0.0.1 is at 02:00:00:00:00:77")
				if name == "request for us" {
					b.WantARP(b.One(), newMAC, layers.ARPReply, ourIP, newMAC, peerIP)
				}
				b.Silence() // in the table or not, others' questions are not ours to answer
			})
		})
	}
}

// toUs puts a frame on the cable so that our card takes it, whatever the ARP
// packet in it says.
func toUs(eth *layers.Ethernet, _ *layers.ARP) { eth.DstMAC = ourMAC[:] }

// RFC 5227 2.1.1: who wants an address asks for it with the sender IP 0.0.0.0,
// and the address's owner answers. There is nothing to learn from a probe.
func TestARPProbeIsAnswered(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(request(otherMAC, noIP, ourIP))
		b.WantARP(b.One(), otherMAC, layers.ARPReply, ourIP, otherMAC, noIP)
		b.wantKnown(noIP, MAC{}, neighbourNone)
	})
}

// A question as RFC 1042 has it is answered, in an Ethernet II frame with hardware type 1:
// each host MUST be able to receive those (RFC 1122 2.3.3).
func TestARPInSNAPIsAnswered(t *testing.T) {
	onBench(t, func(b *bench) {
		b.Send(snapRequest)
		b.WantARP(b.One(), peerMAC, layers.ARPReply, ourIP, peerMAC, peerIP)
		b.wantKnown(peerIP, peerMAC, neighbourReachable)
	})
}

// Packets that say something impossible teach nothing and get no answer.
func TestARPDropped(t *testing.T) {
	for _, test := range []struct {
		name  string
		frame []byte
		want  error
	}{
		{"too short", capturedRequest[:len(capturedRequest)-1], errARPShort},
		{"hardware type", arpFrame(broadcastMAC, peerMAC, 1, peerMAC, peerIP, MAC{}, ourIP,
			func(_ *layers.Ethernet, a *layers.ARP) { a.AddrType = layers.LinkType(7) }), errARPHardware},
		{"protocol type", arpFrame(broadcastMAC, peerMAC, 1, peerMAC, peerIP, MAC{}, ourIP,
			func(_ *layers.Ethernet, a *layers.ARP) { a.Protocol = layers.EthernetTypeIPv6 }), errARPProtocol},
		{"address lengths", lengths(4, 6), errARPSizes},
		{"opcode 3", arpFrame(broadcastMAC, peerMAC, 3, peerMAC, peerIP, MAC{}, ourIP), errARPOpcode},
		{"sender MAC broadcast", request2(peerMAC, broadcastMAC, peerIP), errARPSenderMAC},
		{"sender MAC multicast", request2(peerMAC, MAC{0x01, 0, 0x5e, 0, 0, 1}, peerIP), errARPSenderMAC},
		{"sender MAC zero", request2(peerMAC, MAC{}, peerIP), errARPSenderMAC},
		{"sender IP zero in a reply", reply(peerMAC, noIP), errARPSenderIP},
		{"sender IP zero, for another", request(peerMAC, noIP, otherIP), errARPSenderIP},
		{"sender IP broadcast", request(peerMAC, netip.MustParseAddr("255.255.255.255"), ourIP), errARPSenderIP},
		{"sender IP multicast", request(peerMAC, netip.MustParseAddr("224.0.0.1"), ourIP), errARPSenderIP},
		{"sender IP of the block itself", request(peerMAC, netip.MustParseAddr("10.0.0.0"), ourIP), errARPSenderIP},
		{"sender IP of all in the block", request(peerMAC, netip.MustParseAddr("10.0.0.255"), ourIP), errARPSenderIP},
		{"sender IP on another link", request(peerMAC, netip.MustParseAddr("10.0.1.1"), ourIP), errARPSenderIP},
		{"sender IP loopback", request(peerMAC, netip.MustParseAddr("127.0.0.1"), ourIP), errARPSenderIP},
		{"our own came back", request2(peerMAC, ourMAC, ourIP), errARPOwn},
		{"a neighbour at our own card", request2(peerMAC, ourMAC, peerIP), errARPOwn},
		{"a reply that says so", arpFrame(ourMAC, otherMAC, layers.ARPReply, ourMAC, peerIP, ourMAC, ourIP), errARPOwn},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.Send(test.frame)
				b.Silence()
				b.wantDropped(test.want, 1)
				b.do(func() {
					if n := len(b.s.arp.neighbours); n != 0 {
						b.Errorf("%d neighbours learned", n)
					}
				})
			})
		})
	}
}

// request2 is a question whose sender hardware address is not the frame's source.
func request2(src, sha MAC, spa netip.Addr) []byte {
	return arpFrame(broadcastMAC, src, layers.ARPRequest, sha, spa, MAC{}, ourIP)
}

// lengths is a question with false address lengths. gopacket will not build it.
func lengths(hln, pln byte) []byte {
	b := request(peerMAC, peerIP, ourIP)
	b[etherHeaderLen+4], b[etherHeaderLen+5] = hln, pln
	return b
}

// RFC 5227 2.3: two announcements, ANNOUNCE_INTERVAL (2 s) apart, each a request
// with our address as sender and target.
func TestARPAnnouncements(t *testing.T) {
	onBench(t, func(b *bench) {
		b.s.Announce()
		b.Advance(time.Minute)
		sent := b.Take()
		if len(sent) != 2 || sent[0].At != 0 || sent[1].At != 2*time.Second {
			b.Fatalf("%d announcements: %v", len(sent), sent)
		}
		for _, f := range sent {
			b.WantARP(f.Bytes, broadcastMAC, layers.ARPRequest, ourIP, MAC{}, ourIP)
		}
	})
}

func TestIsNeighbour(t *testing.T) {
	for _, test := range []struct {
		link, ip string
		want     bool
	}{
		{"10.0.0.4/24", "10.0.0.1", true}, {"10.0.0.4/24", "10.0.0.254", true},
		{"10.0.0.4/24", "10.0.0.4", false}, // ourselves
		{"10.0.0.4/24", "10.0.0.0", false}, {"10.0.0.4/24", "10.0.0.255", false},
		{"10.0.0.4/24", "10.0.1.1", false}, {"10.0.0.4/24", "0.0.0.0", false},
		{"10.0.0.4/22", "10.0.0.255", true}, // the last one of the block is 10.0.3.255
		{"10.0.0.4/31", "10.0.0.5", true}, {"10.0.0.4/31", "10.0.0.6", false},
		{"10.0.0.4/32", "10.0.0.5", false},
	} {
		if got := isNeighbour(netip.MustParsePrefix(test.link), netip.MustParseAddr(test.ip)); got != test.want {
			t.Errorf("on %s, isNeighbour(%s) = %v", test.link, test.ip, got)
		}
	}
}
