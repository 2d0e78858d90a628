//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// What runs beside the part: a command, a shell, or nothing.

// runCommand runs the user's command or shell and returns its status.
func (s *session) runCommand() (int, error) {
	attr := &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{}}
	ask := syscall.SIGTERM
	if s.job.Shell {
		ask = syscall.SIGHUP // an interactive shell ignores SIGTERM
		attr.Sys.Foreground = s.job.Foreground
		s.hint()
	}
	command, err := s.children.start(s.job.Path, s.job.Command, attr)
	if err != nil {
		return 0, failure{statusNotExecutable, fmt.Sprintf("cannot run %s: %v", s.job.Path, err)}
	}
	partEnded := s.part.exited
	for {
		select {
		case <-command.exited:
			select {
			case <-partEnded: // before the command, and we have not looked yet
				s.losePart()
			default:
			}
			return exitStatus(command.status), nil
		case <-partEnded:
			s.losePart()
			if s.job.Shell {
				s.children.end(command, ask)
				return exitStatus(s.part.status), nil
			}
			partEnded = nil // the command goes on, and may well show what is missing
		case sig := <-s.signals:
			if sig == syscall.SIGTERM || sig == syscall.SIGHUP {
				s.children.end(command, ask)
				return statusSignal + int(sig.(syscall.Signal)), nil
			}
		}
	}
}

// losePart tells the user that the part has ended by itself.
func (s *session) losePart() {
	s.drain()
	s.partLost = true
	say("%s ended by itself with status %d", s.job.Part.Name, exitStatus(s.part.status))
}

// hint tells the user of a shell where he is and what to try.
func (s *session) hint() {
	say("this shell is in a private network; 10.0.0.4 on tap0 is %s. Type exit to leave.", s.job.Part.title())
	say("try:  %s", strings.Join(tries(s.job.Part.Number), "   or   "))
}

// tries returns two commands that show something in the part.
func tries(number int) []string {
	switch {
	case number <= 1:
		return []string{"arping -I tap0 -c3 10.0.0.4", "ping -c1 -W1 10.0.0.4; ip neigh"}
	case number == 2:
		return []string{"ping -c3 10.0.0.4", "nmap -sn 10.0.0.4"}
	case number == 3:
		return []string{"nc -v 10.0.0.4 80", "nmap -p 79-81 10.0.0.4"}
	case number == 4:
		return []string{"curl http://10.0.0.4/", "nc -d 10.0.0.4 13"}
	}
	return []string{"curl -o /dev/null http://10.0.0.4/bytes/100000000", "nc -d 10.0.0.4 13"}
}

// waitAlone waits for a part that does one thing and ends, as in "lab 1 -resolve 10.0.0.1", and returns its status. It has
// the terminal, so Ctrl-C reaches it and it decides what that means.
func (s *session) waitAlone() int {
	for {
		select {
		case <-s.part.exited:
			s.drain()
			return exitStatus(s.part.status)
		case sig := <-s.signals:
			if sig == syscall.SIGTERM || sig == syscall.SIGHUP {
				s.endPart()
				return statusSignal + int(sig.(syscall.Signal))
			}
		}
	}
}

// say prints a line of the lab's own.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "lab: "+format+"\n", args...)
}
