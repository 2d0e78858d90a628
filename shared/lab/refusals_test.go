package main

import (
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

func TestRefusedNamespaces(t *testing.T) {
	asRootLine := `sudo env "PATH=$PATH" go run ./shared/lab`
	for _, test := range []struct {
		name    string
		err     error
		root    bool
		sysctls map[string]string
		want    []string
	}{
		{"Debian's switch", syscall.EPERM, false, map[string]string{"kernel.unprivileged_userns_clone": "0"},
			[]string{"sudo sysctl -w kernel.unprivileged_userns_clone=1", asRootLine}},
		{"Ubuntu 24.04: the mount inside is refused", fmt.Errorf("making the mounts private: %w", syscall.EACCES), false,
			map[string]string{"kernel.unprivileged_userns_clone": "1", "kernel.apparmor_restrict_unprivileged_userns": "1"},
			[]string{"sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0", asRootLine, "permission denied"}},
		{"none allowed", syscall.ENOSPC, false, map[string]string{"user.max_user_namespaces": "0"},
			[]string{"sudo sysctl -w user.max_user_namespaces=15000", asRootLine}},
		{"no switch says why", syscall.EPERM, false, map[string]string{"user.max_user_namespaces": "96365"},
			[]string{"container", "docker run --privileged", asRootLine, "operation not permitted"}},
		{"root in a container", syscall.EPERM, true, nil, []string{"even to root", "docker run --privileged"}},
	} {
		got := refusedNamespaces(test.err, test.root, func(name string) string { return test.sysctls[name] })
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in:\n%s", test.name, want, got)
			}
		}
		if test.root && strings.Contains(got, "sudo") {
			t.Errorf("%s: root is told to use sudo:\n%s", test.name, got)
		}
	}
}

func TestRefusedTun(t *testing.T) {
	for _, test := range []struct {
		err  error
		root bool
		want string
	}{
		{&fs.PathError{Op: "open", Err: syscall.ENOENT}, false, "sudo modprobe tun"},
		{&fs.PathError{Op: "open", Err: syscall.ENODEV}, true, "sudo modprobe tun"},
		{&fs.PathError{Op: "open", Err: syscall.EACCES}, false, "sudo chmod 666 /dev/net/tun"},
		{&fs.PathError{Op: "open", Err: syscall.EPERM}, true, "--device /dev/net/tun"},
		{&fs.PathError{Op: "open", Err: syscall.EIO}, false, "input/output error"},
	} {
		if got := refusedTun(test.err, test.root); !strings.Contains(got, test.want) {
			t.Errorf("%v (root %v): no %q in:\n%s", test.err, test.root, test.want, got)
		}
	}
}

func TestReadSysctl(t *testing.T) {
	if got := readSysctl("kernel.no_such_setting"); got != "" {
		t.Errorf("a setting that does not exist is %q", got)
	}
}
