// Command lab lets a part of the stack and the tools of a Linux system meet on a private network.
//
// It builds the part, enters a network of its own (a Linux network namespace, in which the part may create its TAP device
// without touching the computer's real network), starts the part there, waits until the part says that it is ready, runs
// one command or a shell, and removes everything again. Run it without arguments to see how it is called.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

// Exit statuses of the lab's own, next to those of the command that it runs. They are the shell's.
const (
	statusFailed        = 1   // something that the lab needs is missing
	statusUsage         = 2   // the lab was called the wrong way
	statusNotExecutable = 126 // the command is there but may not be run
	statusNotFound      = 127 // there is no such command
	statusSignal        = 128 // plus the number of the signal that ended it
)

// A failure is an error that knows with which status the lab ends because of it.
type failure struct {
	status int
	text   string
}

func (f failure) Error() string { return f.text }

func init() {
	// The kernel ties "kill the child when its parent dies" to the parent's thread, not to the parent's process. The
	// main goroutine starts the children, so it stays on the main thread, which lives as long as the process.
	runtime.LockOSThread()
}

func main() {
	if calledInside() {
		os.Exit(inside())
	}
	req, err := parseArgs(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "lab: %v\n\n%s", err, usage)
		os.Exit(statusUsage)
	}
	if req.help {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(statusUsage)
	}
	os.Exit(report(outside(req)))
}

// report prints err, if there is one, and returns the status to end with.
func report(status int, err error) int {
	if err == nil {
		return status
	}
	fmt.Fprintf(os.Stderr, "lab: %v\n", err)
	var f failure
	if errors.As(err, &f) {
		return f.status
	}
	return statusFailed
}
