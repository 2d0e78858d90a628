//go:build linux

package tap

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/songgao/water"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Open creates the TAP device name, or takes over one that exists and is not
// in use, for frames that carry up to mtu bytes. The name "fd:N" takes the
// inherited descriptor N instead, a datagram or seqpacket socket whose other
// end plays the part of the kernel: one message, one frame. Seqpacket is better:
// it tells when the other end is gone.
func Open(name string, mtu int) (*Device, error) {
	if err := Check(name); err != nil {
		return nil, err
	}
	if strings.HasPrefix(name, "fd:") {
		return openSocket(name, mtu)
	}
	prepared, err := findTap(name)
	if err != nil {
		return nil, err
	}
	cfg := water.Config{DeviceType: water.TAP, PlatformSpecificParams: water.PlatformSpecificParams{Name: name}}
	if prepared != nil {
		// water makes a device persistent or not, whatever it was, and asks for one queue
		// only or for one of several, which must be as it was. With one of several that
		// nobody else holds, all frames come to us.
		cfg.Persist = !prepared.NonPersist
		cfg.MultiQueue = prepared.Flags&netlink.TUNTAP_MULTI_QUEUE != 0
	}
	ifce, err := water.New(cfg)
	if err != nil {
		return nil, explainOpen(name, prepared, err)
	}
	file, ok := ifce.ReadWriteCloser.(*os.File)
	if !ok {
		ifce.Close()
		return nil, fmt.Errorf("%s: water gave a %T instead of a file", name, ifce.ReadWriteCloser)
	}
	return newDevice(ifce.Name(), file, mtu)
}

// Check returns an error if name can be no device's on any machine, or if it is
// "fd:N" and there is no such socket. It changes nothing.
func Check(name string) error {
	if strings.HasPrefix(name, "fd:") {
		_, _, err := socketOf(name)
		return err
	}
	if name == "" || name == "." || name == ".." || len(name) >= unix.IFNAMSIZ || strings.ContainsAny(name, "/:% \t\n\v\f\r") {
		return fmt.Errorf("%q is no name for a device: 1 to %d characters, without blanks, '/', ':' and '%%'",
			name, unix.IFNAMSIZ-1)
	}
	return nil
}

// findTap returns what the kernel knows of the TAP device name, which an administrator
// may have prepared, or nil if there is no device of that name. Others' devices are an error.
func findTap(name string) (*netlink.Tuntap, error) {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return nil, nil // most likely; otherwise the kernel will say what is wrong
	}
	device, isTun := link.(*netlink.Tuntap)
	switch {
	case !isTun:
		return nil, fmt.Errorf("%s: there is a device of that name that is no TAP device; choose another name with -tap", name)
	case device.Mode == netlink.TUNTAP_MODE_TUN:
		return nil, fmt.Errorf("%s: there is a TUN device of that name, which carries IP packets and no Ethernet frames; "+
			"choose another name with -tap", name)
	case device.Queues+device.DisabledQueues > 0: // of several queues the kernel would give us one more
		return nil, explainOpen(name, device, unix.EBUSY)
	}
	return device, nil
}

// explainOpen says what to do about an error of water.New. prepared is the device
// if it was there before.
func explainOpen(name string, prepared *netlink.Tuntap, err error) error {
	advice := ""
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		advice = "this kernel offers no TAP devices; try: sudo modprobe tun"
	case errors.Is(err, unix.EPERM) && prepared != nil:
		advice = fmt.Sprintf("this device is for user %d, and this program runs for user %d; as root, "+
			"make it yours: ip tuntap del %[3]s mode tap; ip tuntap add %[3]s mode tap user %[2]d", prepared.Owner, os.Getuid(), name)
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		advice = "only root may create a TAP device on this machine; the lab gives you a private " +
			"network where you may, for example: go run ./shared/lab 1"
	case errors.Is(err, unix.EBUSY):
		advice = "another program holds this device; end it or choose another name with -tap"
	case errors.Is(err, unix.EINVAL) && prepared == nil:
		advice = "the kernel takes no device of that name; choose another one with -tap"
	default:
		return fmt.Errorf("opening the TAP device %s: %w", name, err)
	}
	return fmt.Errorf("opening the TAP device %s: %w: %s", name, err, advice)
}

// socketOf returns the inherited descriptor that name, "fd:N", stands for, and its
// kind of socket.
func socketOf(name string) (fd, kind int, err error) {
	fd, err = strconv.Atoi(strings.TrimPrefix(name, "fd:"))
	if err != nil || fd < 0 {
		return 0, 0, fmt.Errorf("%q: after \"fd:\" comes the number of a descriptor", name)
	}
	kind, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	switch {
	case err == unix.EBADF:
		return 0, 0, fmt.Errorf("%s: descriptor %d is not open: whoever starts this program must pass it on", name, fd)
	case err != nil || (kind != unix.SOCK_DGRAM && kind != unix.SOCK_SEQPACKET):
		return 0, 0, fmt.Errorf("%s: descriptor %d is no datagram or seqpacket socket", name, fd)
	}
	return fd, kind, nil
}

// openSocket takes over an inherited descriptor.
func openSocket(name string, mtu int) (*Device, error) {
	fd, kind, err := socketOf(name)
	if err != nil {
		return nil, err
	}
	// Non-blocking, so that the runtime waits for frames and not a thread.
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	unix.CloseOnExec(fd)
	d, err := newDevice(name, os.NewFile(uintptr(fd), name), mtu)
	if err != nil {
		return nil, err
	}
	d.datagrams = kind == unix.SOCK_DGRAM
	return d, nil
}
