//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"framebyframe/shared/tap"
	"framebyframe/shared/wire"
)

const mtu = 1500

// The hosts. Part 5 has its own default address.
var (
	senderIP   = netip.MustParsePrefix("10.0.0.1/24")
	receiverIP = netip.MustParsePrefix("10.0.0.2/24")
	partIP     = netip.MustParseAddr("10.0.0.4")
)

// A cable is the segment with its three hosts.
type cable struct {
	receiver *network
	narrow   *wire.Impaired // the bottleneck, in front of the receiver
	part     *exec.Cmd
	ports    map[string]uint16 // of the kernel that sends, by congestion control
	closers  []io.Closer
}

// newCable connects the kernel of this namespace, a kernel in a new one, and part 5.
func newCable(program string) (c *cable, err error) {
	seg := wire.New(3)
	c = &cable{ports: map[string]uint16{}, receiver: newNetwork()}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	c.narrow = wire.Impair(seg.End(2), wire.Faults{Rate: rate, Queue: queue, Delay: delay})
	if err = c.plug(senderIP, seg.End(0)); err != nil {
		return c, err
	}
	c.receiver.do(func() { err = c.plug(receiverIP, c.narrow) })
	if err != nil {
		return c, err
	}
	if err = c.startPart(program, seg.End(1)); err != nil {
		return c, err
	}
	for _, control := range []string{"reno", "cubic"} {
		if err = c.serve(control); err != nil {
			return c, err
		}
	}
	return c, nil
}

// plug gives this thread's network a TAP device with an address, at one end of the segment.
func (c *cable) plug(ip netip.Prefix, end wire.Device) error {
	dev, err := tap.Open("tap0", mtu)
	if err != nil {
		return err
	}
	c.bridge(dev, end)
	return dev.Configure(ip, mtu)
}

// startPart starts part 5 on one of two connected sockets; the other one is at an end of the segment.
func (c *cable) startPart(program string, end wire.Device) error {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	theirs := os.NewFile(uintptr(fds[1]), "cable")
	defer theirs.Close()
	dev, err := tap.Open(fmt.Sprintf("fd:%d", fds[0]), mtu)
	if err != nil {
		return err
	}
	c.bridge(dev, end)
	c.part = exec.Command(program, "-q", "-tap", "fd:3")
	c.part.ExtraFiles = []*os.File{theirs}
	c.part.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c.part.Start()
}

// bridge carries frames between a device and an end of the segment, both ways, until one is closed.
func (c *cable) bridge(dev, end wire.Device) {
	c.closers = append(c.closers, dev, end)
	carry := func(from, to wire.Device) {
		frame := make([]byte, 2048)
		for {
			n, err := from.Read(frame)
			if err != nil {
				return
			}
			to.Write(frame[:n]) // an error is a lost frame
		}
	}
	go carry(dev, end)
	go carry(end, dev)
}

// queueFull returns how many frames the bottleneck has lost on their way to the receiver.
func (c *cable) queueFull() int {
	_, in := c.narrow.Counts()
	return in[wire.QueueFull]
}

// connect opens a connection from the receiver to a sender, which begins at once.
func (c *cable) connect(side string) (conn net.Conn, err error) {
	to := netip.AddrPortFrom(senderIP.Addr(), c.ports[side])
	if side == ours {
		to = netip.AddrPortFrom(partIP, chargen)
	}
	for range 600 { // part 5 may need a moment until it listens
		c.receiver.do(func() { conn, err = net.DialTimeout("tcp4", to.String(), 5*time.Second) })
		if err == nil {
			return conn, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil, err
}

// close takes everything apart.
func (c *cable) close() {
	if c.part != nil && c.part.Process != nil {
		c.part.Process.Kill()
		c.part.Wait()
	}
	for _, closer := range c.closers {
		closer.Close()
	}
	c.receiver.close()
}

// A network is a network namespace with a thread that lives in it. Sockets belong to the namespace they were made in.
type network struct{ calls chan func() }

func newNetwork() *network {
	n := &network{make(chan func())}
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			panic(fmt.Sprintf("no network namespace: %v", err)) // there was one a moment ago
		}
		for f := range n.calls {
			f()
		}
	}()
	return n
}

// do runs f in the namespace.
func (n *network) do(f func()) {
	done := make(chan struct{})
	n.calls <- func() { defer close(done); f() }
	<-done
}

func (n *network) close() { close(n.calls) }
