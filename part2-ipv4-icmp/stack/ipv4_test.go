package stack

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"github.com/google/gopacket/layers"
)

// An echo request is the way to see whether a datagram was taken.
func TestDatagramsTaken(t *testing.T) {
	data := pattern(56)
	for name, change := range map[string]func(*layers.IPv4){
		"plain":                  func(*layers.IPv4) {},
		"TTL 1":                  func(ip *layers.IPv4) { ip.TTL = 1 }, // RFC 1122 3.2.1.7
		"TTL 0":                  func(ip *layers.IPv4) { ip.TTL = 0 }, // MUST NOT be dropped for it
		"every DSCP and ECN bit": func(ip *layers.IPv4) { ip.TOS = 0xff },
		"reserved flag":          func(ip *layers.IPv4) { ip.Flags = layers.IPv4EvilBit },
		"DF":                     func(ip *layers.IPv4) { ip.Flags = layers.IPv4DontFragment },
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.meet()
				ip := ipv4From(peerIP, protocolICMP)
				change(ip)
				b.sendIPv4(ip, echoRequest(1, data))
				d := b.wantEchoReply(b.One(), 1, data)
				if d.ip.TOS != ip.TOS {
					b.Errorf("reply has type of service %02x, request had %02x", d.ip.TOS, ip.TOS)
				}
			})
		})
	}
}

func TestPaddingIsNotPayload(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		frame := ipv4Frame(ipv4From(peerIP, protocolICMP), echoRequest(1, []byte("x")))
		b.Send(append(frame, 1, 2, 3, 4, 5, 6, 7)) // no zeros: they would not show in a checksum
		b.wantEchoReply(b.One(), 1, []byte("x"))
	})
}

// RFC 1122 3.2.1.3: what has an impossible address is dropped silently.
func TestDatagramsDropped(t *testing.T) {
	for _, test := range []struct {
		name     string
		src, dst string
		want     error
	}{
		{"for another host on the link", "10.0.0.1", "10.0.0.5", errIPv4OtherHost},
		{"for a host elsewhere", "10.0.0.1", "192.0.2.7", errIPv4OtherHost},
		{"for a multicast group", "10.0.0.1", "224.0.0.1", errIPv4Multicast},
		{"for ourselves, by the wrong name", "10.0.0.1", "127.0.0.1", errIPv4OtherHost},
		{"for all", "10.0.0.1", "255.255.255.255", errIPv4Broadcast},
		{"for all on our link", "10.0.0.1", "10.0.0.255", errIPv4Broadcast},
		{"for all on our link, 4.2BSD", "10.0.0.1", "10.0.0.0", errIPv4Broadcast},
		{"for all, 4.2BSD", "10.0.0.1", "0.0.0.0", errIPv4Broadcast},
		{"from ourselves (LAND)", "10.0.0.4", "10.0.0.4", errIPv4Source},
		{"from nobody", "0.0.0.0", "10.0.0.4", errIPv4Source},
		{"from this network", "0.1.2.3", "10.0.0.4", errIPv4Source},
		{"from loopback", "127.0.0.1", "10.0.0.4", errIPv4Source},
		{"from a group", "224.0.0.1", "10.0.0.4", errIPv4Source},
		{"from the reserved block", "240.0.0.1", "10.0.0.4", errIPv4Source},
		{"from all", "255.255.255.255", "10.0.0.4", errIPv4Source},
		{"from all on our link", "10.0.0.255", "10.0.0.4", errIPv4Source},
		{"from our link itself", "10.0.0.0", "10.0.0.4", errIPv4Source},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.meet()
				ip := ipv4From(netip.MustParseAddr(test.src), protocolICMP)
				ip.DstIP = net.ParseIP(test.dst).To4()
				b.sendIPv4(ip, echoRequest(1, []byte("x")))
				ip.Protocol = 99 // nobody speaks this, but that is not to be said either
				b.sendIPv4(ip, echoRequest(1, []byte("x")))
				b.Silence()
				b.wantDropped(test.want, 2)
				b.wantAlive()
			})
		})
	}
}

// RFC 1122 3.3.6: for one host, but sent to all cards. Somebody's trick.
func TestUnicastInLinkBroadcast(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		frame := ipv4Frame(ipv4From(peerIP, protocolICMP), echoRequest(1, []byte("x")))
		copy(frame, broadcastMAC[:])
		b.Send(frame)
		b.Silence()
		b.wantDropped(errIPv4LinkCast, 1)
	})
}

func TestMalformedDatagramsAreDropped(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(b []byte) []byte
		want  error
	}{
		{"version 5", func(b []byte) []byte { b[0] = 0x55; return b }, errIPv4Version},
		{"IHL 3", func(b []byte) []byte { b[0] = 0x43; return b }, errIPv4IHL},
		{"IHL beyond the packet", func(b []byte) []byte { b[0] = 0x4f; return b[:40] }, errIPv4Header},
		{"total length beyond the frame", func(b []byte) []byte { b[2] = 0x7f; return b }, errIPv4Truncated},
		{"total length below the header", func(b []byte) []byte { b[2], b[3] = 0, 10; return b }, errIPv4Length},
		{"checksum", func(b []byte) []byte { b[10] ^= 1; return b }, errIPv4Checksum},
		{"ICMP checksum", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, errICMPChecksum},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.meet()
				frame := ipv4Frame(ipv4From(peerIP, protocolICMP), echoRequest(1, pattern(56)))
				b.Send(append(frame[:etherHeaderLen:etherHeaderLen], test.spoil(frame[etherHeaderLen:])...))
				b.Silence()
				b.wantDropped(test.want, 1)
				b.wantAlive()
			})
		})
	}
}

// RFC 1122 3.3.1.1: what is on the link goes to its own card, everything else to
// the gateway's. What is for ourselves goes nowhere else.
func TestNextHop(t *testing.T) {
	s := New(nullDevice{}, quietConfig())
	for dst, want := range map[string]string{
		"10.0.0.1": "10.0.0.1", "10.0.0.254": "10.0.0.254", "10.0.0.4": "10.0.0.4",
		"10.0.1.1": "10.0.0.1", "192.0.2.7": "10.0.0.1", "8.8.8.8": "10.0.0.1",
	} {
		if hop, err := s.nextHop(netip.MustParseAddr(dst)); err != nil || hop.String() != want {
			t.Errorf("nextHop(%s) = %v, %v; want %s", dst, hop, err, want)
		}
	}
	for _, dst := range []string{"::1", "::ffff:10.0.0.1", "10.0.0.255", "10.0.0.0", "255.255.255.255", "0.0.0.0", "224.0.0.1", "127.0.0.1", "240.0.0.1"} {
		if hop, err := s.nextHop(netip.MustParseAddr(dst)); !errors.Is(err, syscall.ENETUNREACH) {
			t.Errorf("nextHop(%s) = %v, %v; want ENETUNREACH", dst, hop, err)
		}
	}
	s.ipv4.gateway = netip.Addr{}
	if hop, err := s.nextHop(farIP); !errors.Is(err, syscall.ENETUNREACH) {
		t.Errorf("without a gateway: %v, %v", hop, err)
	}
}

// What comes from far away is answered through the gateway.
func TestAnswerThroughTheGateway(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet() // the peer is the gateway
		b.sendIPv4(ipv4From(farIP, protocolICMP), echoRequest(1, []byte("far")))
		d := b.wantEchoReply(b.One(), 1, []byte("far"))
		if !d.ip.DstIP.Equal(farIP.AsSlice()) || d.eth.DstMAC.String() != peerMAC.String() {
			b.Errorf("answered to %v at %v", d.ip.DstIP, d.eth.DstMAC)
		}
		b.do(func() { b.s.ipv4.gateway = netip.Addr{} })
		b.sendIPv4(ipv4From(farIP, protocolICMP), echoRequest(2, []byte("far")))
		b.Silence()
		b.wantDropped(errIPv4NoRouteOut, 1)
	})
}

// RFC 6864 4.1: what may be fragmented needs an Identification of its own, and
// the first is not the same after each start.
func TestIdentification(t *testing.T) {
	onBench(t, func(b *bench) {
		b.meet()
		seen := map[uint16]bool{}
		for i := range 100 {
			b.sendIPv4(ipv4From(peerIP, protocolICMP), echoRequest(uint16(i), nil))
			d := b.decode(b.One())
			if seen[d.ip.Id] {
				b.Fatalf("Identification %d twice", d.ip.Id)
			}
			seen[d.ip.Id] = true
		}
	})
	first := func(seed byte) uint16 {
		cfg := quietConfig()
		cfg.Rand = constReader(seed)
		return New(nullDevice{}, cfg).ipv4.id
	}
	if first(1) == first(2) {
		t.Error("the first Identification is not random")
	}
}

// constReader is not random at all.
type constReader byte

func (r constReader) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(r)
	}
	return len(b), nil
}

// The path of a datagram costs no allocation, up to the protocol and down to the
// device.
func TestDatagramsCostNoAllocation(t *testing.T) {
	s := New(nullDevice{}, quietConfig())
	defer s.Close()
	s.receiveFrame(request(peerMAC, peerIP, ourIP)) // now the peer is known
	echo := ipv4Frame(ipv4From(peerIP, protocolICMP), echoRequest(1, pattern(1000)))
	s.receiveFrame(echo)
	if n := testing.AllocsPerRun(100, func() { s.receiveFrame(echo) }); n != 0 {
		t.Errorf("%v allocations for an echo and its reply, want 0", n)
	}
	if s.sent < 100 {
		t.Errorf("only %d frames sent: dropped %v", s.sent, s.dropped)
	}
}

func BenchmarkEcho(b *testing.B) {
	for _, n := range []int{56, 1472} {
		b.Run(describeProtocol(ipv4Header{protocol: protocolICMP}, make([]byte, n)), func(b *testing.B) {
			s := New(nullDevice{}, quietConfig())
			defer s.Close()
			s.receiveFrame(request(peerMAC, peerIP, ourIP))
			echo := ipv4Frame(ipv4From(peerIP, protocolICMP), echoRequest(1, pattern(n)))
			b.ReportAllocs()
			b.SetBytes(int64(len(echo)))
			for b.Loop() {
				s.receiveFrame(echo)
			}
		})
	}
}
