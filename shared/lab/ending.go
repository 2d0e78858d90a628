//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// An ending tells when the lab is to end early: by a signal, or because the "go run" that started it has gone.
type ending struct {
	ctx        context.Context // done when the lab is to end
	interrupts atomic.Bool     // whether Ctrl-C ends the lab too; while a command runs, Ctrl-C is the command's
	parent     int
}

// endedBy is the signal that ends the lab.
type endedBy syscall.Signal

func (e endedBy) Error() string { return "ended by signal: " + syscall.Signal(e).String() }

// watchForEnd starts to watch. It also keeps signals from ending this process on the spot, as it has children to end first.
func watchForEnd() *ending {
	ctx, cancel := context.WithCancelCause(context.Background())
	e := &ending{ctx: ctx, parent: os.Getppid()}
	e.interrupts.Store(true)
	signals := make(chan os.Signal, 4)
	// signal.Ignore would be inherited by the command, which Ctrl-C could then not end; a handler is not inherited.
	signal.Notify(signals, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		for s := range signals {
			number := s.(syscall.Signal)
			fromKeyboard := number == syscall.SIGINT || number == syscall.SIGQUIT
			if !fromKeyboard || e.interrupts.Load() {
				cancel(endedBy(number))
			}
		}
	}()
	if isGo(e.parent) {
		go func() {
			for !e.orphaned() {
				time.Sleep(100 * time.Millisecond)
			}
			cancel(endedBy(syscall.SIGTERM))
		}()
	}
	return e
}

// isGo reports whether the process is the go command. It waits for "go run" programs but does not pass signals on to
// them, so a program would live on after "kill" of the go command above it.
func isGo(pid int) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && strings.TrimSpace(string(name)) == "go"
}

// orphaned reports whether the process that started the lab has gone.
func (e *ending) orphaned() bool { return os.Getppid() != e.parent }

// status returns the status to end with once the context is done.
func (e *ending) status() int {
	if by, ok := context.Cause(e.ctx).(endedBy); ok {
		return statusSignal + int(by)
	}
	return statusFailed
}
