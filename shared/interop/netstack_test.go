//go:build linux

package interop

import (
	"context"
	"net"
	"os"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

const (
	patience   = 3 * time.Minute // for all that may take long, on a busy machine
	defaultMTU = 1500
	maxFrame   = 1 << 16
	nic        = tcpip.NICID(1)
	hostMAC    = tcpip.LinkAddress("\x02\x00\x0a\x00\x00\x01")
	partMAC    = tcpip.LinkAddress("\x02\x00\x00\x00\x00\x04") // part 5's default
)

// The addresses: netstack's is the one that part 5 takes for the kernel's.
var (
	hostIP = tcpip.AddrFrom4([4]byte{10, 0, 0, 1})
	partIP = tcpip.AddrFrom4([4]byte{10, 0, 0, 4})
)

// A setup says how the two ends are to be. Its zero value leaves all as it comes.
type setup struct {
	mtu     int // netstack's; 0: defaultMTU
	options []tcpip.SettableTransportProtocolOption
	flags   []string      // part 5's
	nap     time.Duration // before anybody reads what part 5 prints
}

// host is netstack, at one end of a cable.
type host struct {
	*testing.T
	setup
	stack *stack.Stack
	link  *channel.Endpoint
	other *os.File // the other end of the cable, until a part has it
}

// newHost makes a netstack. What it gets is wrong only if the cable is: otherwise the test fails.
func newHost(t *testing.T, s setup) *host {
	t.Helper()
	if s.mtu == 0 {
		s.mtu = defaultMTU
	}
	h := &host{T: t, setup: s}
	h.stack = stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, icmp.NewProtocol4},
	})
	for _, option := range s.options {
		h.must(h.stack.SetTransportProtocolOption(tcp.ProtocolNumber, option))
	}
	// The Ethernet endpoint takes its header's 14 bytes off the MTU. No checksum is left to any hardware.
	h.link = channel.New(4096, uint32(s.mtu+header.EthernetMinimumSize), hostMAC)
	h.must(h.stack.CreateNIC(nic, ethernet.New(h.link)))
	address := tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: hostIP.WithPrefix()}
	address.AddressWithPrefix.PrefixLen = 24
	h.must(h.stack.AddProtocolAddress(nic, address, stack.AddressProperties{}))
	h.stack.SetRouteTable([]tcpip.Route{{Destination: address.AddressWithPrefix.Subnet(), NIC: nic}})
	h.plug()
	return h
}

func (h *host) must(err tcpip.Error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// plug connects netstack to one end of a cable.
func (h *host) plug() {
	ours, theirs := newCable(h.T)
	h.other = theirs
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		b := make([]byte, maxFrame)
		for {
			n, err := ours.Read(b)
			if err != nil {
				return // the part has ended, or the test
			}
			frame := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(b[:n])})
			h.link.InjectInbound(0, frame)
			frame.DecRef()
		}
	}()
	go func() {
		for {
			frame := h.link.ReadContext(ctx)
			if frame == nil {
				return
			}
			b := frame.ToView()
			frame.DecRef()
			_, _ = ours.Write(b.AsSlice()) // waits while the cable is full; an error is a lost frame
			b.Release()
		}
	}()
	h.Cleanup(func() {
		h.stack.Close()
		stop()
		ours.Close()
		theirs.Close()
		h.checkReceived()
	})
}

// checkReceived looks at whether netstack had to throw away anything that came from the part.
func (h *host) checkReceived() {
	for _, flag := range h.flags {
		if flag == "-corrupt" {
			return
		}
	}
	stats := h.stack.Stats()
	for what, n := range map[string]*tcpip.StatCounter{
		"malformed ARP packets":          stats.ARP.MalformedPacketsReceived,
		"malformed IP packets":           stats.IP.MalformedPacketsReceived,
		"malformed fragments":            stats.IP.MalformedFragmentsReceived,
		"packets for another address":    stats.IP.InvalidDestinationAddressesReceived,
		"invalid ICMP messages":          stats.ICMP.V4.PacketsReceived.Invalid,
		"invalid TCP segments":           stats.TCP.InvalidSegmentsReceived,
		"segments with a wrong checksum": stats.TCP.ChecksumErrors,
	} {
		if n.Value() > 0 {
			h.Errorf("netstack got %d %s", n.Value(), what)
		}
	}
}

// part runs part 5 at the other end.
func (h *host) part(flags ...string) *part {
	h.Helper()
	return startPart(h, nil, flags...)
}

// server runs part 5 with its services, and waits until it is ready.
func (h *host) server() *part {
	h.Helper()
	p := h.part()
	p.waitFor(h.T, &p.stderr, "ready: ")
	return p
}

// dial connects netstack to a port of the part.
func (h *host) dial(port uint16) (*gonet.TCPConn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return gonet.DialContextTCP(ctx, h.stack, tcpip.FullAddress{NIC: nic, Addr: partIP, Port: port}, ipv4.ProtocolNumber)
}

// connect is dial for a test that goes on only if it works.
func (h *host) connect(port uint16) *gonet.TCPConn {
	h.Helper()
	c, err := h.dial(port)
	if err != nil {
		h.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

// listen opens a port of netstack.
func (h *host) listen(port uint16) net.Listener {
	h.Helper()
	l, err := gonet.ListenTCP(h.stack, tcpip.FullAddress{NIC: nic, Addr: hostIP, Port: port}, ipv4.ProtocolNumber)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { l.Close() })
	return l
}
