package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// asRoot is the way that remains where an ordinary user may not make a network. sudo resets PATH, which would hide go.
const asRoot = `sudo env "PATH=$PATH" go run ./shared/lab …`

// A sysctl reader returns the value of a setting such as kernel.unprivileged_userns_clone, or "" if the system lacks it.
type sysctlReader func(name string) string

// readSysctl reads a setting of the running kernel.
func readSysctl(name string) string {
	text, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// refusedNamespaces explains why the system refused a private network (err is what it said), and what helps.
func refusedNamespaces(err error, root bool, sysctl sysctlReader) string {
	if root {
		return fmt.Sprintf(`the system refuses a private network (network namespace) even to root: %v
You are most likely in a container. Start it with these rights, or use a real or virtual machine:
  docker run --privileged --device /dev/net/tun …`, err)
	}
	switches := []struct{ name, closed, open string }{
		{"kernel.unprivileged_userns_clone", "0", "1"},
		{"kernel.apparmor_restrict_unprivileged_userns", "1", "0"},
		{"user.max_user_namespaces", "0", "15000"},
		{"user.max_net_namespaces", "0", "15000"},
	}
	for _, s := range switches {
		if sysctl(s.name) == s.closed {
			return fmt.Sprintf(`the system refuses a private network to an ordinary user: %s is %s (%v)
To allow it until the next boot:
  sudo sysctl -w %[1]s=%[4]s
Or run the lab as root:
  %s`, s.name, s.closed, err, s.open, asRoot)
		}
	}
	return fmt.Sprintf(`the system refuses a private network (user and network namespaces): %v
In a container this is the container's doing: start it with  docker run --privileged --device /dev/net/tun …
Elsewhere run the lab as root:
  %s`, err, asRoot)
}

// refusedTun explains why /dev/net/tun, the door to TAP devices, could not be opened.
func refusedTun(err error, root bool) string {
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.ENXIO):
		return `there is no /dev/net/tun, the device through which a program gets a TAP. Load its driver:
  sudo modprobe tun
In a container, start it with  --device /dev/net/tun`
	case errors.Is(err, fs.ErrPermission) && !root:
		return `you may not open /dev/net/tun, the device through which a program gets a TAP. Open it to all users:
  sudo chmod 666 /dev/net/tun
(A TAP can still be made only where one is root of the network, as in the lab's own.)`
	}
	return fmt.Sprintf(`cannot open /dev/net/tun, the device through which a program gets a TAP: %v
In a container, start it with  --device /dev/net/tun`, err)
}
