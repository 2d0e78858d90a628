//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// innerName is the name under which the command runs itself inside a private network; ps shows it.
const innerName = "grade (in a private network)"

// enter runs this command once more in a network of its own.
func enter(args []string, stdout, stderr io.Writer) int {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{innerName}, args...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if uid, gid := os.Geteuid(), os.Getegid(); uid != 0 {
		// An ordinary user may do this in a user namespace, in which he is root.
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: gid, Size: 1}}
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGINT, syscall.SIGTERM) // the inner process ends by them
	defer signal.Stop(end)
	if err := cmd.Start(); err != nil {
		fmt.Fprintf(stderr, "grade: the system allows no private network (go run ./shared/lab 1 says what to do): %v\n", err)
		return failed
	}
	go func() {
		for s := range end {
			_ = cmd.Process.Signal(s)
		}
	}()
	var ended *exec.ExitError
	if err := cmd.Wait(); errors.As(err, &ended) && ended.ExitCode() > 0 {
		return ended.ExitCode()
	} else if err != nil {
		return failed
	}
	return passed
}

// openTAP waits until the program has made its TAP device and opens the kernel's end of it, past the kernel's own TCP/IP:
// that has no address there, and does not answer.
func openTAP(opt options, p *program) (cable, error) {
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		link, err := netlink.LinkByName(opt.tap)
		if err == nil && link.Attrs().Flags&unix.IFF_UP != 0 {
			return openPacket(link)
		}
		if err == nil && time.Since(begin) > time.Second {
			_ = netlink.LinkSetUp(link) // one that leaves that to others
		}
		select {
		case <-p.exited:
			return nil, p.ended()
		default:
		}
		if time.Since(begin) > opt.wait {
			return nil, fmt.Errorf("within %v the program has made no device %s", opt.wait, opt.tap)
		}
	}
}

func openPacket(link netlink.Link) (cable, error) {
	time.Sleep(100 * time.Millisecond) // the program may still be giving the device an address
	all := uint16(unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, int(all))
	if err != nil {
		return nil, fmt.Errorf("no packet socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Attrs().Index}); err != nil {
		return nil, fmt.Errorf("binding a packet socket: %w", err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 8<<20)
	if err := silence(link); err != nil {
		return nil, err
	}
	return &socket{os.NewFile(uintptr(fd), link.Attrs().Name)}, nil
}

// silence takes the kernel's addresses from its end of the cable: all that answers there is to be ours.
func silence(link netlink.Link) error {
	addrs, err := netlink.AddrList(link, netlink.FAMILY_ALL)
	if err != nil {
		return err
	}
	for _, a := range addrs {
		if err := netlink.AddrDel(link, &a); err != nil {
			return fmt.Errorf("taking %v from %s: %w", a.IP, link.Attrs().Name, err)
		}
	}
	if err := netlink.LinkSetARPOff(link); err != nil {
		return fmt.Errorf("no ARP on %s: %w", link.Attrs().Name, err)
	}
	return nil
}
