//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// open returns the part's program, opened for reading. A part with source is built first.
func (p part) open(end *ending) (*os.File, error) {
	if p.File != "" {
		return os.Open(p.File)
	}
	return p.build(end)
}

// build lets the go command write the program into a file that exists in memory only. It has no name in any directory,
// so nothing is left of it, however the lab ends.
func (p part) build(end *ending) (*os.File, error) {
	fd, err := unix.MemfdCreate(p.Name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("cannot make a file in memory for the part's program: %w", err)
	}
	program := os.NewFile(uintptr(fd), p.Name)
	defer program.Close()

	// Without -buildvcs=false a checkout that belongs to another user would not build: git refuses to look at it.
	build := exec.CommandContext(end.ctx, "go", "build", "-buildvcs=false", "-o", "/proc/self/fd/3", ".")
	build.Dir = p.Dir
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	build.ExtraFiles = []*os.File{program} // becomes descriptor 3
	// The go command takes an interrupt as the wish to stop, and removes its working directory.
	build.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGINT}
	build.Cancel = func() error { return build.Process.Signal(syscall.SIGINT) }
	build.WaitDelay = 3 * time.Second
	err = build.Run()
	if end.ctx.Err() != nil {
		return nil, failure{end.status(), "ended while the part was being built"}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot build %s: go build: %w", p.Name, err)
	}
	// The kernel runs no program that is open for writing, so it is opened again for reading, and the first is closed.
	return os.Open(fmt.Sprintf("/proc/self/fd/%d", fd))
}
