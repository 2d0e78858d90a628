//go:build linux

package tap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// HostMAC returns the MAC address that the kernel's end of the cable gets when
// its IP address is host: 02:00, which marks an address that no manufacturer
// gave out, and the four bytes of the IP address. A random one, the kernel's
// own choice, would make every run look different.
func HostMAC(host netip.Addr) net.HardwareAddr {
	ip := host.As4()
	return net.HardwareAddr{0x02, 0x00, ip[0], ip[1], ip[2], ip[3]}
}

// Configure sets up the kernel's end of the cable: MTU, MAC address (HostMAC),
// IP address, no IPv6, and the link up. What is as it should be already is not
// touched, so a device that an administrator prepared can be used without
// privileges. If host is not valid, addresses are left alone. For a socket
// there is nothing to do.
func (d *Device) Configure(host netip.Prefix, mtu int) error {
	if d.isSocket() {
		return nil
	}
	link, err := netlink.LinkByName(d.name)
	if err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	err = d.configure(link, host, mtu)
	if errors.Is(err, unix.EPERM) {
		return fmt.Errorf("%w: as root, give %s its address and bring it up, or let the lab do all of it: go run ./shared/lab 1",
			err, d.name)
	}
	return err
}

func (d *Device) configure(link netlink.Link, host netip.Prefix, mtu int) error {
	if is := link.Attrs().MTU; is != mtu {
		if err := netlink.LinkSetMTU(link, mtu); err != nil {
			return fmt.Errorf("%s: changing its MTU from %d to %d (-mtu %d would do without): %w", d.name, is, mtu, is, err)
		}
	}
	if host.IsValid() {
		// Without IPv6 the kernel does not fill the trace with its search for
		// routers. A kernel without IPv6 has no such file.
		_ = os.WriteFile("/proc/sys/net/ipv6/conf/"+d.name+"/disable_ipv6", []byte("1"), 0)
		if err := d.setAddress(link, host); err != nil {
			return err
		}
	}
	if link.Attrs().RawFlags&unix.IFF_UP == 0 {
		err := netlink.LinkSetUp(link)
		if errors.Is(err, unix.EPERM) && !host.IsValid() {
			return nil // whoever looks after the device will bring it up
		}
		if err != nil {
			return fmt.Errorf("%s: bringing it up: %w", d.name, err)
		}
	}
	return nil
}

// setAddress gives the kernel's end its IP and MAC address, if it has not got
// the IP address yet.
func (d *Device) setAddress(link netlink.Link, host netip.Prefix) error {
	all, err := netlink.AddrList(nil, unix.AF_INET)
	if err != nil {
		return fmt.Errorf("%s: listing addresses: %w", d.name, err)
	}
	for _, a := range all {
		has := prefixOf(a.IPNet)
		switch {
		case a.LinkIndex == link.Attrs().Index && has == host:
			return nil
		case a.LinkIndex != link.Attrs().Index && has.Overlaps(host):
			return fmt.Errorf("%s: this machine already uses %v on another link (%s): "+
				"choose other addresses with -host and -ip, or use the lab", d.name, has, a.Label)
		}
	}
	if err := netlink.LinkSetHardwareAddr(link, HostMAC(host.Addr())); err != nil {
		return fmt.Errorf("%s: setting the MAC address: %w", d.name, err)
	}
	ip := &net.IPNet{IP: host.Addr().AsSlice(), Mask: net.CIDRMask(host.Bits(), 32)}
	if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: ip}); err != nil {
		return fmt.Errorf("%s: giving it the address %v: %w", d.name, host, err)
	}
	return nil
}

func prefixOf(n *net.IPNet) netip.Prefix {
	addr, _ := netip.AddrFromSlice(n.IP.To4())
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(addr, bits)
}

// WaitUp waits until frames can pass. It returns ctx's error if that ends
// first.
func (d *Device) WaitUp(ctx context.Context) error {
	if d.isSocket() {
		return nil
	}
	// The kernel tells of changes through netlink, too, but asking is less to
	// go wrong, and it happens only once.
	for {
		link, err := netlink.LinkByName(d.name)
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		const ready = unix.IFF_UP | unix.IFF_RUNNING
		if link.Attrs().RawFlags&ready == ready {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// MAC returns the MAC address of the kernel's end. A socket has none.
func (d *Device) MAC() (net.HardwareAddr, error) {
	link, err := netlink.LinkByName(d.name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.name, err)
	}
	return link.Attrs().HardwareAddr, nil
}
