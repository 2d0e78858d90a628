package parts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// patience is from being asked to end until being killed; the lab gives its own children 11 s in all.
const patience = 15 * time.Second

// A Command is a program to be run, with nothing on its stdin.
type Command struct {
	Dir   string
	Env   []string      // beside what there is, and before it
	Limit time.Duration // so that nothing that hangs stops a check
	Args  []string      // the program, and its arguments
	Merge bool          // what it writes on stderr is put with the rest, in order
	Tee   io.Writer     // if not nil, gets a copy of stdout
}

// An Outcome is what a command came to.
type Outcome struct {
	Stdout, Stderr string
	Status         int
}

// Run runs a command. That it ends with another status than 0 is no error.
func Run(parent context.Context, c Command) (Outcome, error) {
	ctx, cancel := context.WithTimeout(parent, c.Limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Dir = c.Dir
	// The same words on every machine; c.Env comes last and wins.
	cmd.Env = append(append(os.Environ(), "LC_ALL=C", "TZ=UTC", "TERM=dumb"), c.Env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if c.Tee != nil {
		cmd.Stdout = io.MultiWriter(&stdout, c.Tee)
	}
	if c.Merge {
		cmd.Stderr = cmd.Stdout
	}
	// A group of its own, so that the end reaches what the program started too: the go command passes no signal on.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = patience
	err := cmd.Run()
	out := Outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	var status *exec.ExitError
	switch {
	case parent.Err() != nil:
		return out, fmt.Errorf("interrupted: %w", context.Cause(parent))
	case ctx.Err() != nil:
		return out, fmt.Errorf("%s did not end within %v\n%s%s", c.Args[0], c.Limit, out.Stdout, out.Stderr)
	case err != nil && !errors.As(err, &status):
		return out, fmt.Errorf("cannot run %s: %w", c.Args[0], err)
	}
	return out, nil
}
