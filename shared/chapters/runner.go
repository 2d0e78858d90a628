package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Limits for one run. A lab with a command that waits for ever must not stop the check.
const (
	runLimit = 2 * time.Minute
	patience = 15 * time.Second // from being asked to end until being killed; the lab gives its own children 11 s in all
)

// A runner runs the real programs.
type runner struct {
	ctx  context.Context
	root string
	dir  string // holds the built lab; "" until it is needed
}

// close removes what the runner built.
func (r *runner) close() {
	if r.dir != "" {
		os.RemoveAll(r.dir)
	}
}

// lab runs the lab, which it builds the first time.
func (r *runner) lab(args, env []string) (outcome, error) {
	if r.dir == "" {
		dir, err := os.MkdirTemp("", "chapters")
		if err != nil {
			return outcome{}, err
		}
		r.dir = dir
	}
	program := filepath.Join(r.dir, "lab")
	if !exists(program) {
		built, err := r.run(nil, "go", "build", "-buildvcs=false", "-o", program, "./shared/lab")
		if err != nil {
			return built, err
		}
		if built.status != 0 {
			return built, fmt.Errorf("the lab does not build:\n%s", built.stderr)
		}
	}
	return r.run(env, program, args...)
}

func (r *runner) shell(command string) (outcome, error) {
	return r.run(nil, "sh", "-c", command)
}

func (r *runner) help(part string) (outcome, error) {
	return r.run(nil, "go", "run", "./"+part, "-h")
}

// run runs a program in the module's directory, with nothing on its stdin.
func (r *runner) run(env []string, name string, args ...string) (outcome, error) {
	ctx, cancel := context.WithTimeout(r.ctx, runLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = r.root
	// The same words on every machine; env comes last and wins.
	cmd.Env = append(append(os.Environ(), "LC_ALL=C", "TZ=UTC", "TERM=dumb"), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// A group of its own, so that the end reaches what the program started too: the go command passes no signal on.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = patience
	err := cmd.Run()
	out := outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	var status *exec.ExitError
	switch {
	case r.ctx.Err() != nil:
		return out, context.Cause(r.ctx)
	case ctx.Err() != nil:
		return out, fmt.Errorf("%s did not end within %v; give the command a limit, such as a count\n%s%s", name, runLimit, stdout.Bytes(), stderr.Bytes())
	case err != nil && !errors.As(err, &status):
		return out, fmt.Errorf("cannot run %s: %w", name, err)
	}
	return out, nil
}
