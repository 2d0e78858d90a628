//go:build linux

package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A network is a network namespace with a thread that lives in it. Sockets belong to the namespace they were made in, and
// processes are in that of the thread that started them.
type network struct{ calls chan func() }

func newNetwork() (*network, error) {
	n := &network{make(chan func())}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		started <- err
		if err != nil {
			return
		}
		for f := range n.calls {
			f()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("no network namespace: %w", err)
	}
	var err error
	n.do(func() { err = prepareNetwork() })
	return n, err
}

// do runs f in the namespace.
func (n *network) do(f func()) {
	done := make(chan struct{})
	n.calls <- func() { defer close(done); f() }
	<-done
}

// close ends the thread, and what it has started.
func (n *network) close() { close(n.calls) }

// settings are what is pinned at the kernel's end.
var settings = []struct{ name, value string }{
	{"ipv4/ip_local_port_range", "1024 65535"},
	{"ipv4/tcp_tw_reuse", "1"},
	{"ipv4/tcp_no_metrics_save", "1"}, // what one connection learned about the path is not for the next
	{"ipv4/tcp_syn_retries", "10"},    // 25 % of the frames are lost in some rows
	{"ipv6/conf/all/disable_ipv6", "1"},
	{"ipv6/conf/default/disable_ipv6", "1"},
}

// prepareNetwork brings up lo and pins the settings. One that this kernel does not have does no harm.
func prepareNetwork() error {
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		return fmt.Errorf("bringing up lo: %w", err)
	}
	for _, s := range settings {
		_ = os.WriteFile("/proc/sys/net/"+s.name, []byte(s.value), 0)
	}
	return nil
}

// patientARP has the kernel ask more often than three times before it gives up: ARP, too, must get through where 25 % of
// the frames are lost. The settings are the device's, which the peer has made.
func (n *network) patientARP() {
	n.do(func() {
		for _, s := range []struct{ name, value string }{
			{"mcast_solicit", "30"}, {"ucast_solicit", "30"}, {"base_reachable_time_ms", "600000"},
		} {
			_ = os.WriteFile("/proc/sys/net/ipv4/neigh/tap0/"+s.name, []byte(s.value), 0)
		}
	})
}
