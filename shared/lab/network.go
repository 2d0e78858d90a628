//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// defaultPorts is the range that the kernel takes a client's port from. It is the same on every system (a system's own
// setting would show in the traces), easy to tell apart from a server's port, and wide enough for many clients at a time.
const defaultPorts = "40000 40999"

// prepareNamespace makes the new namespaces usable: own mounts, an own view of the processes, and the network's settings.
func prepareNamespace() error {
	// Mounts made from here on must not appear outside.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making the mounts private: %w", err)
	}
	// A container may forbid an own /proc. Then ps shows processes by their numbers outside; nothing else suffers.
	unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	if err := mountRun(); err != nil {
		return err
	}
	hideNameServers()
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		return fmt.Errorf("bringing up lo: %w", err)
	}
	setSysctls(os.Getenv("LAB_PORTS"))
	return nil
}

// mountRun gives the namespace a /run of its own, in memory: "ip netns add" keeps its names there, and an ordinary user may
// not write to the system's. The user's own directory below it stays, since graphical programs find their display there.
func mountRun() error {
	users, usersErr := unix.Open("/run/user", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err := unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return fmt.Errorf("mounting a private /run: %w", err)
	}
	if usersErr != nil {
		return nil
	}
	defer unix.Close(users)
	if err := os.Mkdir("/run/user", 0o755); err != nil {
		return err
	}
	// Where this fails, only graphical programs miss it.
	unix.Mount(fmt.Sprintf("/proc/self/fd/%d", users), "/run/user", "", unix.MS_BIND|unix.MS_REC, "")
	return nil
}

// hideNameServers puts an empty file over /etc/resolv.conf. No name server can be reached from here, and tools that do not
// know it wait for an answer: nmap 13 seconds. Where this fails, they wait.
func hideNameServers() {
	empty := "/run/resolv.conf"
	if err := os.WriteFile(empty, []byte("# The lab has no name server.\n"), 0o644); err == nil {
		unix.Mount(empty, "/etc/resolv.conf", "", unix.MS_BIND, "")
	}
}

// setSysctls makes the kernel's end behave alike on every system. A setting that this kernel does not have does no harm.
func setSysctls(ports string) {
	if ports == "" {
		ports = defaultPorts
	}
	for _, s := range []struct{ name, value string }{
		{"net.ipv4.ip_forward", "0"}, // a new network inherits this: 1 where Docker runs
		{"net.ipv4.ip_local_port_range", ports},
		{"net.ipv6.conf.all.disable_ipv6", "1"}, // else the kernel asks for IPv6 routers over the TAP
		{"net.ipv6.conf.default.disable_ipv6", "1"},
	} {
		err := os.WriteFile("/proc/sys/"+strings.ReplaceAll(s.name, ".", "/"), []byte(s.value), 0)
		if err != nil && s.value == ports {
			fmt.Fprintf(os.Stderr, "lab: cannot set the range of client ports to %q: %v\n", ports, err)
		}
	}
}

// placeProgram copies the part's program into the private /run under its own name, so that ps and pkill know it by that.
func placeProgram(program *os.File, name string) (string, error) {
	dir := "/run/framebyframe"
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(file, program); err != nil {
		file.Close()
		return "", fmt.Errorf("copying the part's program: %w", err)
	}
	return path, file.Close()
}

// congestionControl is what the kernel's TCP uses towards the part, whatever the machine has as its default.
const congestionControl = "cubic"

// pinCongestionControl has it go with the routes to the part. A private network may not make it the default of its own,
// unless the machine lets everybody choose it. Where this kernel does not have it, its default stays.
func pinCongestionControl() {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return
	}
	for _, route := range routes {
		if route.Scope == netlink.SCOPE_LINK && route.Gw == nil {
			route.Congctl = congestionControl
			netlink.RouteReplace(&route)
		}
	}
}
