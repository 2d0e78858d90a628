//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The lab is two processes: the one that the user started, here called outside, and its child inside the private
// network (inside.go). The child is process 1 of its own process namespace: when it ends, the kernel ends all in there.

// A job is what the inner process is to do. It travels as JSON over the control socket.
type job struct {
	Part       part
	Flags      []string // for the part
	Command    []string // with the program's full path in front
	Path       string
	Shell      bool // the command is a shell for the user
	Foreground bool // the user's terminal is ours to give to that shell
	Alone      bool // no command, no shell: the part does one thing and ends
	On         bool // the command's connections go through the part
	Demo       bool // instead of a command, show the part at work
}

// outside does what the user asked for and returns the status to end with.
func outside(req request) (int, error) {
	os.Setenv("PATH", completePath(os.Getenv("PATH")))
	// nmap asks for root by user number, unless told that it has the rights; in the namespace everybody has them.
	os.Setenv("NMAP_PRIVILEGED", "1")
	end := watchForEnd()
	if req.demo {
		return demo(req, end)
	}
	j := job{Flags: req.flags, Command: req.command, Alone: req.alone(), On: req.on}
	if len(j.Command) == 0 {
		j.Command, j.Shell = []string{shell()}, true
	}
	path, err := lookCommand(j.Command[0])
	if err != nil {
		return 0, err
	}
	j.Path = path
	if j.Part, err = findPart(req.part); err != nil {
		return 0, err
	}
	if err := checkTun(); err != nil {
		return 0, err
	}
	program, err := j.Part.open(end)
	if err != nil {
		return 0, err
	}
	defer program.Close()
	return enter(j, program, end)
}

// checkTun opens /dev/net/tun once, so that a refusal is explained here and not by the part.
func checkTun() error {
	tun, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		return refusal(refusedTun(err, os.Geteuid() == 0))
	}
	return tun.Close()
}

// A refusal is the system's no to a private network or to a TAP, explained. The demo has a way around it.
type refusal string

func (r refusal) Error() string { return string(r) }

// enter starts the inner process in namespaces of its own, hands it the job, and waits until it ends.
func enter(j job, program *os.File, end *ending) (int, error) {
	ours, theirs, err := controlPair()
	if err != nil {
		return 0, err
	}
	defer ours.Close()
	j.Foreground = ownTerminal()
	// The inner process gets the terminal's Ctrl-C as well and decides what it means.
	end.interrupts.Store(false)
	cmd := innerProcess(theirs, program)
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		return 0, refusal(refusedNamespaces(err, os.Geteuid() == 0, readSysctl))
	}
	if err := json.NewEncoder(ours).Encode(j); err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return 0, fmt.Errorf("cannot tell the inner process what to do: %w", err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }() // how it ended is in cmd.ProcessState
	select {
	case <-ended:
	case <-end.ctx.Done():
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(2*patience + time.Second): // one patience for the command, one for the part
			cmd.Process.Kill()
			<-ended
		}
		return end.status(), nil
	}
	if j.Foreground && j.Shell && !end.orphaned() {
		takeTerminalBack()
	}
	if text, _ := io.ReadAll(ours); len(text) > 0 {
		return 0, refusal(text)
	}
	return exitStatus(cmd.ProcessState.Sys().(syscall.WaitStatus)), nil
}

// innerProcess prepares this program to run once more, in its own namespaces.
func innerProcess(control, program *os.File) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{innerName}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{control, program}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL, // when the outside is killed, the inside goes with it
	}
	uid, gid := os.Geteuid(), os.Getegid()
	if uid == 0 {
		return cmd
	}
	// An ordinary user gets a user namespace too, which owns the others. In there he keeps his own number (tools that find
	// themselves as number 0 would try to become somebody else, and fail), yet holds every capability, and "ambient" makes
	// every program that he starts hold them.
	cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
	cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
	cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	cmd.SysProcAttr.AmbientCaps = allCapabilities()
	return cmd
}

// allCapabilities returns the numbers of the capabilities that the running kernel knows.
func allCapabilities() []uintptr {
	last, err := strconv.Atoi(strings.TrimSpace(readSysctl("kernel.cap_last_cap")))
	if err != nil {
		last = unix.CAP_LAST_CAP
	}
	all := make([]uintptr, last+1)
	for i := range all {
		all[i] = uintptr(i)
	}
	return all
}

// controlPair returns the two ends of the control socket. The job goes in through it, a refusal comes back, and its end
// of file tells the inner process that the outer one is no more.
func controlPair() (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make a pair of sockets: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "control"), os.NewFile(uintptr(fds[1]), "control"), nil
}

// ownTerminal reports whether standard input is a terminal in which this process group is in the foreground.
func ownTerminal() bool {
	group, err := unix.IoctlGetInt(0, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// takeTerminalBack makes this process group the terminal's foreground again, after a shell in there was.
func takeTerminalBack() {
	signal.Ignore(syscall.SIGTTOU) // otherwise asking from the background stops the asker
	unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, unix.Getpgrp())
}

// exitStatus turns how a process ended into the status that a shell would show.
func exitStatus(ws syscall.WaitStatus) int {
	if ws.Signaled() {
		return statusSignal + int(ws.Signal())
	}
	return ws.ExitStatus()
}
