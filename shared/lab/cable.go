//go:build linux

package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A cable is the demo's end of the link to the part. One call carries one Ethernet frame.
type cable interface {
	// Send puts a frame on the cable.
	Send(frame []byte) error
	// Receive returns the next frame, or an error that wraps os.ErrDeadlineExceeded if none came in time.
	Receive(until time.Time) ([]byte, error)
}

// The addresses that the kernel's end and the part have unless their flags say otherwise.
var (
	hostIP  = netip.MustParseAddr("10.0.0.1")
	hostMAC = net.HardwareAddr{0x02, 0x00, 10, 0, 0, 1}
	partIP  = netip.MustParseAddr("10.0.0.4")
	partMAC = net.HardwareAddr{0x02, 0x00, 0, 0, 0, 0x04}
)

// A socketCable sends and receives frames on a socket that keeps them apart.
type socketCable struct{ socket *os.File }

func (c socketCable) Send(frame []byte) error {
	_, err := c.socket.Write(frame)
	return err
}

func (c socketCable) Receive(until time.Time) ([]byte, error) {
	if err := c.socket.SetReadDeadline(until); err != nil {
		return nil, err
	}
	frame := make([]byte, 65536)
	n, err := c.socket.Read(frame)
	return frame[:n], err
}

// tapBench returns a bench on the kernel's end of a TAP device: a packet socket sends frames into the device as they are.
func tapBench(name string) (*bench, error) {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return nil, fmt.Errorf("the part said ready, but there is no device %s: %w", name, err)
	}
	addrs, err := netlink.AddrList(link, netlink.FAMILY_V4)
	if err != nil || len(addrs) == 0 {
		return nil, fmt.Errorf("the part said ready, but the kernel has no IPv4 address on %s (%v)", name, err)
	}
	ip, _ := netip.AddrFromSlice(addrs[0].IP.To4())
	// The protocol number stands in network byte order. All protocols includes what the kernel itself sends; the steps
	// look only at frames for the kernel's end.
	all := uint16(unix.ETH_P_ALL>>8 | unix.ETH_P_ALL&0xff<<8)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, int(all))
	if err != nil {
		return nil, fmt.Errorf("cannot open a packet socket: %w", err)
	}
	socket := os.NewFile(uintptr(fd), name)
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Attrs().Index}); err != nil {
		socket.Close()
		return nil, fmt.Errorf("cannot bind a packet socket to %s: %w", name, err)
	}
	return &bench{out: os.Stdout, cable: socketCable{socket}, mac: link.Attrs().HardwareAddr, ip: ip, kernel: true}, nil
}

// socketBench returns a bench on one of two connected sockets, and the other one for the part. It needs no right at all.
func socketBench() (*bench, *os.File, error) {
	// SOCK_SEQPACKET keeps each frame whole, and tells one end when the other has gone.
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make a pair of sockets: %w", err)
	}
	unix.SetNonblock(fds[0], true) // only our end: the part decides about its own
	ours, theirs := os.NewFile(uintptr(fds[0]), "cable"), os.NewFile(uintptr(fds[1]), "cable")
	return &bench{out: os.Stdout, cable: socketCable{ours}, mac: hostMAC, ip: hostIP}, theirs, nil
}
