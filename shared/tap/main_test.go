//go:build linux

package tap

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// privateEnv marks the test process that runs in a network of its own.
const privateEnv = "TAP_TEST_PRIVATE_NETWORK"

// TestMain runs the tests in a private network namespace, where they may create
// devices without touching the machine's, also as an ordinary user.
func TestMain(m *testing.M) {
	if os.Getenv(privateEnv) != "" {
		os.Exit(m.Run())
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), privateEnv+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	err := cmd.Run()
	if cmd.ProcessState == nil {
		fmt.Printf("--- SKIP: all tests of shared/tap: no private network here: %v\n", err)
		os.Exit(0)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

// openTap opens a TAP device that is closed with the test, or skips the test
// where that is impossible.
func openTap(t *testing.T, name string) *Device {
	t.Helper()
	if f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0); err != nil {
		t.Skipf("SKIP: no TAP devices on this machine: %v", err)
	} else {
		f.Close()
	}
	d, err := Open(name, 1500)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}
