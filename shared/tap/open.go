//go:build linux

package tap

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/songgao/water"
	"golang.org/x/sys/unix"
)

// Open creates the TAP device name, or takes over one that exists and is not
// in use, for frames that carry up to mtu bytes. The name "fd:N" takes the
// inherited descriptor N instead, a datagram or seqpacket socket whose other
// end plays the part of the kernel: one message, one frame. Seqpacket is better:
// it tells when the other end is gone.
func Open(name string, mtu int) (*Device, error) {
	if n, ok := strings.CutPrefix(name, "fd:"); ok {
		return openSocket(name, n, mtu)
	}
	if name == "" || name == "." || name == ".." || len(name) >= unix.IFNAMSIZ || strings.ContainsAny(name, "/:% \t\n") {
		return nil, fmt.Errorf("%q is no name for a device: 1 to %d characters, without blanks, '/', ':' and '%%'",
			name, unix.IFNAMSIZ-1)
	}
	// water makes a device persistent or not, whatever it was. One that is there
	// already was made persistent by an administrator, and should stay.
	_, err := net.InterfaceByName(name)
	ifce, err := water.New(water.Config{
		DeviceType:             water.TAP,
		PlatformSpecificParams: water.PlatformSpecificParams{Name: name, Persist: err == nil},
	})
	if err != nil {
		return nil, explainOpen(name, err)
	}
	file, ok := ifce.ReadWriteCloser.(*os.File)
	if !ok {
		ifce.Close()
		return nil, fmt.Errorf("%s: water gave a %T instead of a file", name, ifce.ReadWriteCloser)
	}
	return newDevice(ifce.Name(), file, mtu)
}

// explainOpen says what to do about an error of water.New.
func explainOpen(name string, err error) error {
	advice := ""
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		advice = "this kernel offers no TAP devices; try: sudo modprobe tun"
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		advice = "only root may create a TAP device on this machine; the lab gives you a private " +
			"network where you may, for example: go run ./shared/lab 1"
	case errors.Is(err, unix.EBUSY):
		advice = "another program holds this device; end it or choose another name with -tap"
	case errors.Is(err, unix.EINVAL):
		advice = "there is a device of that name that is no TAP device; choose another name with -tap"
	default:
		return fmt.Errorf("opening the TAP device %s: %w", name, err)
	}
	return fmt.Errorf("opening the TAP device %s: %w: %s", name, err, advice)
}

// openSocket takes over the inherited descriptor whose number is text.
func openSocket(name, text string, mtu int) (*Device, error) {
	fd, err := strconv.Atoi(text)
	if err != nil || fd < 0 {
		return nil, fmt.Errorf("%q: after \"fd:\" comes the number of a descriptor", name)
	}
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	switch {
	case err == unix.EBADF:
		return nil, fmt.Errorf("%s: descriptor %d is not open: whoever starts this program must pass it on", name, fd)
	case err != nil || (kind != unix.SOCK_DGRAM && kind != unix.SOCK_SEQPACKET):
		return nil, fmt.Errorf("%s: descriptor %d is no datagram or seqpacket socket", name, fd)
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
