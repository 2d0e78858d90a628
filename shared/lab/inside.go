//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// innerName is the name under which the lab runs itself inside the private network; ps shows it.
const innerName = "lab (process 1 of the private network)"

// The descriptors that the outer process hands over, after the standard three.
const (
	controlFD = 3
	programFD = 4
)

// readyLimit is how long a part may take until it says that it is ready.
const readyLimit = 30 * time.Second

func calledInside() bool { return os.Args[0] == innerName }

// A session is the inner process's work: a part, and a command beside it.
type session struct {
	job      job
	children *children
	signals  chan os.Signal
	part     *child
	output   *readyWatcher
	drained  chan struct{} // closed when all that the part printed was passed on
	partLost bool          // the part ended by itself, and the user was told
}

// inside is the main function of the inner process. What it returns is the lab's status.
func inside() int {
	syscall.CloseOnExec(controlFD)
	syscall.CloseOnExec(programFD)
	control, program := os.NewFile(controlFD, "control"), os.NewFile(programFD, "program")
	s := &session{children: newChildren(), signals: make(chan os.Signal, 4), drained: make(chan struct{})}
	// SIGPIPE is here so that a reader of our output who goes away does not end process 1, and all with it.
	signal.Notify(s.signals, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	if err := json.NewDecoder(control).Decode(&s.job); err != nil {
		return statusFailed // the outer process was killed before it could say what to do
	}
	go func() {
		// Nothing more comes: this returns when the outer process has ended, also if it was killed so early that the
		// kernel did not yet know that we are to be killed with it.
		io.Copy(io.Discard, control) // the decoder may have left the newline behind the job
		os.Exit(statusFailed)
	}()
	if err := prepareNamespace(); err != nil {
		control.WriteString(refusedNamespaces(err, os.Geteuid() == 0, readSysctl))
		return statusFailed
	}
	return report(s.run(program))
}

// run starts the part, then what is to run beside it, and ends the part.
func (s *session) run(program *os.File) (int, error) {
	path, err := placeProgram(program, s.job.Part.Name)
	program.Close()
	if err != nil {
		return 0, err
	}
	if err := s.startPart(path); err != nil {
		return 0, err
	}
	if s.job.Alone {
		return s.waitAlone(), nil
	}
	status, ready := s.waitReady()
	if !ready {
		s.endPart()
		return status, nil
	}
	pinCongestionControl()
	if s.job.On {
		if err := throughPart(); err != nil {
			s.endPart()
			return 0, err
		}
	}
	if s.job.Demo {
		status, err = s.demo()
	} else {
		status, err = s.runCommand()
	}
	time.Sleep(lastFrames)
	if !s.endPart() && status == 0 {
		status = statusFailed
	}
	return status, err
}

// lastFrames is how long the part goes on when the command has ended: the last segments of its connections are still on
// their way then, and are to be in the trace.
const lastFrames = 50 * time.Millisecond

// startPart runs the part, as a rule in a process group of its own, where Ctrl-C does not reach it.
func (s *session) startPart(path string) error {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer null.Close()
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer write.Close()
	s.output = newReadyWatcher(os.Stderr)
	attr := &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{null.Fd(), write.Fd(), write.Fd()},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	}
	if s.job.Alone { // the part itself is the user's command
		attr.Files[0], attr.Files[1], attr.Sys = 0, 1, nil
	}
	s.part, err = s.children.start(path, append([]string{s.job.Part.Name}, s.job.Flags...), attr)
	if err != nil {
		return fmt.Errorf("cannot start %s: %w", s.job.Part.Name, err)
	}
	go func() {
		io.Copy(s.output, read)
		close(s.drained)
	}()
	return nil
}

// waitReady waits until the part can answer. If that does not come, it says why and returns the status to end with.
func (s *session) waitReady() (status int, ready bool) {
	limit := time.After(readyLimit)
	for {
		select {
		case <-s.output.ready:
			return 0, true
		case <-s.part.exited:
			s.drain()
			return s.partEndedEarly(), false
		case <-limit:
			say("%s did not say ready within %v; is it waiting for something?", s.job.Part.Name, readyLimit)
			return statusFailed, false
		case sig := <-s.signals:
			if sig != syscall.SIGPIPE {
				return statusSignal + int(sig.(syscall.Signal)), false
			}
		}
	}
}

// partEndedEarly handles a part that ended by itself before it said ready. With no command this is all that was wanted,
// as in "lab 1 -h". A command, however, did not run, which must not pass for success.
func (s *session) partEndedEarly() int {
	s.partLost = true
	status := exitStatus(s.part.status)
	if s.job.Shell {
		return status
	}
	what := "the demo"
	if !s.job.Demo {
		what = s.job.Command[0]
	}
	say("%s ended with status %d before it was ready, so %s did not run", s.job.Part.Name, status, what)
	return max(status, statusFailed)
}

// endPart ends the part. It reports whether the part ended as it should: with status 0, and soon. A part that did not must
// not be covered up by a command that was content.
func (s *session) endPart() bool {
	prompt := s.children.end(s.part, syscall.SIGTERM)
	s.drain()
	status := exitStatus(s.part.status)
	switch {
	case s.partLost:
	case !prompt:
		say("%s did not end within %v of SIGTERM and was killed", s.job.Part.Name, patience)
	case status != 0:
		say("%s ended with status %d", s.job.Part.Name, status)
	}
	return prompt && status == 0
}

// drain waits until what the part printed is passed on. A process that the part left behind could hold the pipe open.
func (s *session) drain() {
	select {
	case <-s.drained:
	case <-time.After(time.Second):
	}
}
