//go:build linux

// Command gvisor is gVisor's netstack as a peer of the bench: the services over gonet on a TAP device.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/link/fdbased"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"

	"framebyframe/shared/bench/services"
	"framebyframe/shared/tap"
	"framebyframe/shared/wire"
)

const mtu = 1500

var ourMAC = tcpip.LinkAddress("\x02\x00\x00\x00\x00\x04")

func main() {
	buffer := flag.Int("buffer", 4<<20, "`bytes` of each connection's buffers, at the most")
	gro := flag.Bool("gro", false, "join segments that come in a row (gVisor's own default is not to)")
	opt, err := services.Parse()
	if err == nil {
		err = run(opt, *buffer, *gro)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "gvisor: %v\n", err)
		os.Exit(1)
	}
}

func run(opt services.Options, buffer int, gro bool) error {
	link, err := plugIn(opt, gro)
	if err != nil {
		return err
	}
	s, err := newStack(opt, link, buffer)
	if err != nil {
		return err
	}
	return services.Serve(func(port uint16) (net.Listener, error) {
		return gonet.ListenTCP(s, tcpip.FullAddress{Port: port}, ipv4.ProtocolNumber)
	})
}

// plugIn opens the TAP device and returns what gVisor calls a link endpoint: its own for file descriptors, which is the
// fastest for a TAP device, or if the cable is to be bad, one on shared/wire.
func plugIn(opt services.Options, gro bool) (stack.LinkEndpoint, error) {
	if opt.Faults.Any() {
		dev, err := tap.Open(opt.TAP, mtu)
		if err != nil {
			return nil, err
		}
		if err := dev.Configure(opt.Host, mtu); err != nil {
			return nil, err
		}
		return ethernet.New(newFaulty(wire.Impair(dev, opt.Faults))), nil
	}
	fd, err := openTAP(opt)
	if err != nil {
		return nil, err
	}
	return fdbased.New(&fdbased.Options{FDs: []int{fd}, MTU: mtu, EthernetHeader: true, Address: ourMAC, GRO: gro})
}

// openTAP returns a descriptor of the TAP device. The device made by shared/tap is the runtime's to wait for; here gVisor
// does so itself, and therefore gets one that the runtime does not know.
func openTAP(opt services.Options) (int, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0, err
	}
	request, err := unix.NewIfreq(opt.TAP)
	if err != nil {
		return 0, err
	}
	request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return 0, fmt.Errorf("the TAP device %s: %w", opt.TAP, err)
	}
	return fd, configure(opt)
}

// newStack returns a host with one card, with SACK and CUBIC.
func newStack(opt services.Options, link stack.LinkEndpoint, buffer int) (*stack.Stack, error) {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4},
		HandleLocal:        false,
	})
	sack, cubic := tcpip.TCPSACKEnabled(true), tcpip.CongestionControlOption("cubic")
	receive := tcpip.TCPReceiveBufferSizeRangeOption{Min: tcp.MinBufferSize, Default: buffer, Max: buffer}
	send := tcpip.TCPSendBufferSizeRangeOption{Min: tcp.MinBufferSize, Default: buffer, Max: buffer}
	for _, option := range []tcpip.SettableTransportProtocolOption{&sack, &cubic, &receive, &send} {
		if err := s.SetTransportProtocolOption(tcp.ProtocolNumber, option); err != nil {
			return nil, fmt.Errorf("option %T: %v", option, err)
		}
	}
	const nic = 1
	if err := s.CreateNIC(nic, link); err != nil {
		return nil, fmt.Errorf("the card: %v", err)
	}
	address := tcpip.ProtocolAddress{
		Protocol:          ipv4.ProtocolNumber,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: tcpip.AddrFrom4(opt.IP.Addr().As4()), PrefixLen: opt.IP.Bits()},
	}
	if err := s.AddProtocolAddress(nic, address, stack.AddressProperties{}); err != nil {
		return nil, fmt.Errorf("the address: %v", err)
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}})
	return s, nil
}
