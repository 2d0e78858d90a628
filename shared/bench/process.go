//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	readyLimit = 10 * time.Second // how long a peer may take until it says that it is ready
	endLimit   = 2 * time.Second  // and to end when it was asked to
)

// A process is a peer that runs.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{}

	mu   sync.Mutex
	last string // the last line that it printed
}

// start runs a peer in a network, and returns when it says that it is ready.
func start(n *network, program string, args []string) (*process, error) {
	if why, err := os.ReadFile(program + ".why"); err == nil {
		return nil, errors.New(string(why))
	}
	p := &process{cmd: exec.Command(program, args...), exited: make(chan struct{})}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = write, write
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // the thread's death: that of the network
	n.do(func() { err = p.cmd.Start() })
	write.Close()
	if err != nil {
		read.Close()
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	ready := make(chan struct{})
	go p.listen(read, ready)
	select {
	case <-ready:
		return p, nil
	case <-p.exited:
		time.Sleep(10 * time.Millisecond) // for its last words
		return nil, fmt.Errorf("%s ended before it was ready: %s", filepath.Base(program), p.lastLine())
	case <-time.After(readyLimit):
		p.stop()
		return nil, fmt.Errorf("%s was not ready within %v", filepath.Base(program), readyLimit)
	}
}

// listen reads what the peer prints.
func (p *process) listen(read io.ReadCloser, ready chan struct{}) {
	defer read.Close()
	said := false
	for lines := bufio.NewScanner(read); lines.Scan(); {
		if !said && strings.HasPrefix(lines.Text(), "ready:") {
			said = true
			close(ready)
			continue
		}
		p.mu.Lock()
		p.last = lines.Text()
		p.mu.Unlock()
	}
	_, _ = io.Copy(io.Discard, read) // after a line that is too long
}

func (p *process) lastLine() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// alive returns an error if the peer has ended by itself.
func (p *process) alive() error {
	select {
	case <-p.exited:
		return fmt.Errorf("the peer ended: %v: %s", p.cmd.ProcessState, p.lastLine())
	default:
		return nil
	}
}

// stop asks the peer to end, and kills it if it does not.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(endLimit):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// clockTick is the unit of the times in /proc/PID/stat: USER_HZ, on all of Linux's architectures that Go knows.
const clockTick = 10 * time.Millisecond

// cpu is the time that all threads of the peer have run, in the program and in system calls.
func (p *process) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(stat, []byte(") ")) // the name may have blanks
	fields := strings.Fields(string(rest))
	if len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat has too few fields")
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick, errors.Join(err1, err2)
}

// memory is the peer's resident memory, in bytes.
func (p *process) memory() (int64, error) {
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(rollup)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "Rss:" {
			kib, err := strconv.ParseInt(f[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("/proc/PID/smaps_rollup has no Rss")
}
