//go:build linux

// Command linux is the Linux kernel as a peer of the bench: the services over package net, in a network namespace that the
// program makes for itself, behind a pair of veth devices without offloads. Frames are lost by nftables at the ingress of
// both devices, where the sender does not notice. With any other fault the two kernels have a TAP device each instead, and
// this program carries the frames from one to the other through shared/wire.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"framebyframe/shared/bench/services"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "linux: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	opt, err := services.Parse()
	if err != nil {
		return err
	}
	outside, inside := newThread(false), newThread(true)
	if inside.err != nil {
		return fmt.Errorf("no network namespace: %w", inside.err)
	}
	inside.do(func() { write(settings) })
	lossOnly := opt.Faults
	lossOnly.Loss = 0
	if lossOnly.Any() {
		err = connectByCable(opt, outside, inside)
	} else {
		err = connectByVeth(opt, outside, inside)
	}
	if err != nil {
		return err
	}
	return services.Serve(func(port uint16) (l net.Listener, err error) {
		inside.do(func() {
			config := net.ListenConfig{Control: useCubic}
			config.SetMultipathTCP(false) // else it is another protocol, which takes no such option
			l, err = config.Listen(context.Background(), "tcp4", fmt.Sprintf("%v:%d", opt.IP.Addr(), port))
		})
		return l, err
	})
}

// useCubic chooses the congestion control, also for the connections that are accepted.
func useCubic(_, _ string, raw syscall.RawConn) error {
	var err error
	if e := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, "cubic")
	}); e != nil {
		return e
	}
	return err
}

// A thread is an operating system's thread that lives in one network namespace.
type thread struct {
	calls chan func()
	err   error
}

// newThread starts a thread, in a new namespace or in the one that this program was started in.
func newThread(unshare bool) *thread {
	t := &thread{calls: make(chan func())}
	started := make(chan struct{})
	go func() {
		runtime.LockOSThread() // and never unlocked: nobody else may run on a thread that is elsewhere
		if unshare {
			t.err = unix.Unshare(unix.CLONE_NEWNET)
		}
		close(started)
		for f := range t.calls {
			f()
		}
	}()
	<-started
	return t
}

func (t *thread) do(f func()) {
	done := make(chan struct{})
	t.calls <- func() { defer close(done); f() }
	<-done
}

// settings make the kernel's end alike on all systems.
var settings = map[string]string{
	"ipv4/tcp_no_metrics_save":   "1",  // what one connection learned about the path is not for the next
	"ipv4/tcp_synack_retries":    "10", // 25 % of the frames are lost in some rows
	"ipv4/tcp_max_syn_backlog":   "4096",
	"core/somaxconn":             "4096",
	"ipv6/conf/all/disable_ipv6": "1",
}

// patientARP are the settings of a device with which ARP, too, gets through there.
func patientARP(device string) map[string]string {
	dir := "ipv4/neigh/" + device
	return map[string]string{
		dir + "/mcast_solicit": "30", dir + "/ucast_solicit": "30", dir + "/base_reachable_time_ms": "600000",
	}
}

// write changes settings in the namespace of this thread. One that this kernel does not have does no harm.
func write(settings map[string]string) {
	for name, value := range settings {
		_ = os.WriteFile("/proc/sys/net/"+name, []byte(value), 0)
	}
}
