//go:build linux

package main

import (
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"unsafe"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"framebyframe/shared/bench/services"
	"framebyframe/shared/tap"
	"framebyframe/shared/wire"
)

const mtu = 1500

// innerName is the name of the device inside.
const innerName = "veth0"

// connectByVeth connects the two namespaces by a pair of veth devices, as bare as a TAP device is.
func connectByVeth(opt services.Options, outside, inside *thread) (err error) {
	var there int // a descriptor of the inner namespace
	inside.do(func() { there, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return err
	}
	defer unix.Close(there)
	outside.do(func() {
		attrs := netlink.NewLinkAttrs()
		attrs.Name, attrs.MTU = opt.TAP, mtu
		attrs.HardwareAddr = tap.HostMAC(opt.Host.Addr())
		err = netlink.LinkAdd(&netlink.Veth{
			LinkAttrs: attrs, PeerName: innerName, PeerNamespace: netlink.NsFd(there), PeerMTU: mtu,
			PeerHardwareAddr: net.HardwareAddr{0x02, 0, 0, 0, 0, 0x04},
		})
	})
	if err != nil {
		return fmt.Errorf("a pair of veth devices: %w", err)
	}
	inside.do(func() { err = prepare(innerName, opt.IP, opt.Faults.Loss) })
	if err != nil {
		return fmt.Errorf("inside: %w", err)
	}
	outside.do(func() { err = prepare(opt.TAP, opt.Host, opt.Faults.Loss) })
	return err
}

// prepare gives one end what it needs: no offloads, losses, an address, and the link up.
func prepare(name string, ip netip.Prefix, loss float64) error {
	if err := noOffloads(name); err != nil {
		return err
	}
	if loss > 0 {
		if err := loseIncoming(name, loss); err != nil {
			return err
		}
	}
	write(patientARP(name))
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	addr := &netlink.Addr{IPNet: &net.IPNet{IP: ip.Addr().AsSlice(), Mask: net.CIDRMask(ip.Bits(), 32)}}
	if err := netlink.AddrAdd(link, addr); err != nil {
		return fmt.Errorf("the address %v: %w", ip, err)
	}
	return netlink.LinkSetUp(link)
}

// noOffloads has the device carry frames as a cable would: none longer than the MTU, all with their checksums.
func noOffloads(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for _, cmd := range []uint32{
		unix.ETHTOOL_STSO, unix.ETHTOOL_SGSO, unix.ETHTOOL_SGRO, unix.ETHTOOL_STXCSUM, unix.ETHTOOL_SRXCSUM, unix.ETHTOOL_SSG,
	} {
		value := [2]uint32{cmd, 0} // struct ethtool_value
		var request struct {       // struct ifreq
			name [unix.IFNAMSIZ]byte
			data unsafe.Pointer
			_    [16]byte
		}
		copy(request.name[:], name)
		request.data = unsafe.Pointer(&value)
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
		if errno != 0 && errno != unix.EOPNOTSUPP {
			return fmt.Errorf("%s: turning offload %#x off: %w", name, cmd, errno)
		}
	}
	return nil
}

// loseIncoming loses a share of the frames that come in on a device. The one who sent them does not notice: on its way out
// a loss would be a local event, which Linux's TCP takes as one.
func loseIncoming(name string, share float64) error {
	rules := fmt.Sprintf("table netdev bench {\n chain lose {\n  type filter hook ingress device %q priority 0;\n"+
		"  numgen random mod 1000000 < %d drop\n }\n}\n", name, int(share*1e6))
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft (Debian: nftables): %w: %s", err, out)
	}
	return nil
}

// connectByCable gives both kernels a TAP device and carries the frames between them.
func connectByCable(opt services.Options, outside, inside *thread) (err error) {
	var ours, theirs *tap.Device
	open := func(ip netip.Prefix) (dev *tap.Device) {
		if dev, err = tap.Open(opt.TAP, mtu); err == nil {
			write(patientARP(opt.TAP))
			err = dev.Configure(ip, mtu)
		}
		return dev
	}
	if outside.do(func() { ours = open(opt.Host) }); err != nil {
		return err
	}
	if inside.do(func() { theirs = open(opt.IP) }); err != nil {
		return fmt.Errorf("inside: %w", err)
	}
	bad := wire.Impair(ours, opt.Faults)
	go carry(bad, theirs)
	go carry(theirs, bad)
	return nil
}

// carry takes frames from one device to another until the program ends.
func carry(from, to wire.Device) {
	frame := make([]byte, 2048)
	for {
		n, err := from.Read(frame)
		if err != nil {
			return
		}
		_, _ = to.Write(frame[:n]) // an error is a lost frame
	}
}
