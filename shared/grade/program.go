//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"framebyframe/shared/pcap"
	"framebyframe/shared/suite/outside"
)

// A program is what is graded.
type program struct {
	cmd    *exec.Cmd
	exited chan struct{}

	mu    sync.Mutex
	lines []string // the last that it printed
}

const (
	keptLines   = 10              // of what a program prints
	endPatience = 2 * time.Second // to end when it was asked to
)

var errInterrupted = errors.New("interrupted")

// start starts the program on a cable.
func start(opt options, stderr io.Writer, end <-chan os.Signal) (*hub, error) {
	h := &hub{hosts: make(map[[6]byte]*host), dead: make(chan struct{}), stack: outside.Host{IP: opt.ip}}
	h.program = &program{cmd: exec.Command(opt.program[0], opt.program[1:]...), exited: make(chan struct{})}
	p := h.program
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if opt.pcap != "" {
		capture, err := pcap.Create(opt.pcap)
		if err != nil {
			return nil, err
		}
		h.capture = capture
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = write, write
	var theirs *os.File
	if opt.tap == "" {
		if h.cable, theirs, err = socketPair(); err != nil {
			return nil, err
		}
		p.cmd.ExtraFiles = []*os.File{theirs}
	}
	err = p.cmd.Start()
	write.Close()
	theirs.Close()
	if err != nil {
		return nil, err
	}
	var echo io.Writer = io.Discard
	if opt.verbose {
		echo = stderr
	}
	go p.listen(read, echo)
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
		h.die(p.ended())
	}()
	if opt.tap != "" {
		if h.cable, err = openTAP(opt, p); err != nil {
			p.stop()
			return nil, err
		}
	}
	go h.read()
	go func() {
		select {
		case <-end:
			h.die(errInterrupted)
		case <-h.dead:
		}
	}()
	return h, nil
}

// socketPair is a cable of its own: a seqpacket socket whose messages are frames.
func socketPair() (ours cable, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("no socket pair: %w", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		return nil, nil, err
	}
	for _, fd := range fds { // where this is not allowed, a burst may lose frames
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 4<<20)
	}
	return &socket{os.NewFile(uintptr(fds[0]), "the cable")}, os.NewFile(uintptr(fds[1]), "the program's end"), nil
}

// A socket never waits for a program that does not read.
type socket struct{ *os.File }

func (s *socket) Write(b []byte) (n int, err error) {
	raw, err := s.SyscallConn()
	if err != nil {
		return 0, err
	}
	var werr error
	err = raw.Write(func(fd uintptr) bool {
		n, werr = unix.Write(int(fd), b)
		return true
	})
	if err != nil {
		return 0, os.ErrClosed
	}
	return n, werr
}

// listen keeps the last of what the program prints.
func (p *program) listen(read *os.File, echo io.Writer) {
	defer read.Close()
	for lines := bufio.NewScanner(read); lines.Scan(); {
		fmt.Fprintln(echo, lines.Text())
		p.mu.Lock()
		p.lines = append(p.lines, lines.Text())
		p.lines = p.lines[max(0, len(p.lines)-keptLines):]
		p.mu.Unlock()
	}
	_, _ = io.Copy(io.Discard, read) // after a line that is too long
}

// words are the last ones that the program printed.
func (p *program) words() string {
	time.Sleep(50 * time.Millisecond) // for those on their way
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.lines) == 0 {
		return "it has printed nothing"
	}
	return "its last words:\n    " + strings.Join(p.lines, "\n    ")
}

// ended says how the program has ended.
func (p *program) ended() error {
	return fmt.Errorf("the program has ended: %v; %s", p.cmd.ProcessState, p.words())
}

// gone is called when nothing can come from the program any more.
func (p *program) gone(h *hub, err error) {
	select {
	case <-p.exited:
	case <-time.After(200 * time.Millisecond):
		h.die(fmt.Errorf("the program has closed its end of the cable (%v); %s", err, p.words()))
	}
}

// stop asks the program to end, and ends it and all that it has started if it does not.
func (p *program) stop() {
	group := -p.cmd.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(endPatience):
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	<-p.exited
}
