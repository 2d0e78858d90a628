//go:build linux

package main

import (
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"framebyframe/shared/bench/services"
	"framebyframe/shared/tap"
	"framebyframe/shared/wire"
)

// configure gives the kernel's end of the cable what shared/tap would give it.
func configure(opt services.Options) error {
	link, err := netlink.LinkByName(opt.TAP)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetHardwareAddr(link, tap.HostMAC(opt.Host.Addr())); err != nil {
		return fmt.Errorf("%s: the MAC address: %w", opt.TAP, err)
	}
	addr := &netlink.Addr{IPNet: &net.IPNet{IP: opt.Host.Addr().AsSlice(), Mask: net.CIDRMask(opt.Host.Bits(), 32)}}
	if err := netlink.AddrAdd(link, addr); err != nil {
		return fmt.Errorf("%s: the address %v: %w", opt.TAP, opt.Host, err)
	}
	return netlink.LinkSetUp(link)
}

// faulty is a link endpoint on a device of shared/wire. It knows nothing of Ethernet's header, which gVisor's own ethernet
// adds and takes off; and of gVisor's channel, whose methods it has, it does not use the queue.
type faulty struct {
	*channel.Endpoint
	dev wire.Device
}

func newFaulty(dev wire.Device) *faulty {
	return &faulty{channel.New(1, mtu+header.EthernetMinimumSize, ourMAC), dev}
}

// Attach starts to read.
func (f *faulty) Attach(dispatcher stack.NetworkDispatcher) {
	f.Endpoint.Attach(dispatcher)
	if dispatcher != nil {
		go f.read()
	}
}

func (f *faulty) read() {
	frame := make([]byte, 2048)
	for {
		n, err := f.dev.Read(frame)
		if err != nil {
			return
		}
		p := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(frame[:n])})
		f.InjectInbound(0, p) // ethernet finds the protocol
		p.DecRef()
	}
}

// WritePackets puts frames on the cable. What does not fit there is lost, which is nobody's error.
func (f *faulty) WritePackets(packets stack.PacketBufferList) (int, tcpip.Error) {
	frame := make([]byte, 0, 2048)
	for _, p := range packets.AsSlice() {
		frame = frame[:0]
		for _, part := range p.AsSlices() {
			frame = append(frame, part...)
		}
		_, _ = f.dev.Write(frame)
	}
	return packets.Len(), nil
}
