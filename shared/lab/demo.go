//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// A step of the demo shows one thing on the bench and says what one sees. It fails if that is not as it should be.
type step func(*bench) error

// demos holds the steps for each part; one file per part adds them (demo_part1.go). A part that has none of its own here
// is shown with part 1's, which hold in every part.
var demos = map[int][]step{
	1: part1Steps,
	2: part2Steps,
	3: part3Steps,
	4: part4Steps,
	5: part5Steps,
}

// A bench is what the steps work with: our end of the cable, with the part at the other one.
type bench struct {
	out    io.Writer
	part   part
	cable  cable
	mac    net.HardwareAddr // our end's
	ip     netip.Addr       // our end's
	kernel bool             // our end is the Linux kernel's too; otherwise the demo alone plays 10.0.0.1
}

func (b *bench) printf(format string, args ...any) { fmt.Fprintf(b.out, format, args...) }

// show runs the steps for the bench's part and returns the status to end with.
func (b *bench) show() int {
	steps, ok := demos[b.part.Number]
	if !ok {
		steps = demos[1]
	}
	for _, step := range steps {
		switch err := step(b); {
		case errors.Is(err, syscall.ENETDOWN): // Ctrl-C has ended the part, and its device with it
			b.printf("\nThe demo ends early: the cable is gone.\n")
			return statusFailed
		case err != nil:
			b.printf("\nThis is NOT as it should be: %v\n", err)
			return statusFailed
		}
	}
	return 0
}

// demo shows the parts that the user asked for, one after the other.
func demo(req request, end *ending) (int, error) {
	parts, err := allParts()
	if err != nil {
		return 0, err
	}
	if req.part != "" {
		only, err := numbered(parts, req.part)
		if err != nil {
			return 0, err
		}
		parts = []part{only}
	}
	worst, onCable := 0, req.cable
	for _, p := range parts {
		fmt.Printf("=== Part %d: %s ===\n\n", p.Number, p.Name)
		status, err := demoPart(p, &onCable, end)
		if err != nil {
			return 0, err
		}
		worst = max(worst, status)
		if end.ctx.Err() != nil || worst > statusSignal {
			break // interrupted
		}
	}
	return worst, nil
}

// demoPart shows one part: on a real TAP if the system lets us, else, from then on, on a cable that needs no right.
func demoPart(p part, onCable *bool, end *ending) (int, error) {
	program, err := p.open(end)
	if err != nil {
		return 0, err
	}
	defer program.Close()
	if !*onCable {
		status, err := 0, checkTun()
		if err == nil {
			status, err = enter(job{Part: p, Flags: []string{"-q"}, Demo: true}, program, end)
		}
		var no refusal
		if !errors.As(err, &no) {
			return status, err
		}
		fmt.Printf("A note first: %v\n\nThe demo needs none of that: it goes on with a cable made of two sockets.\n\n", no)
		*onCable = true
		if _, err := program.Seek(0, io.SeekStart); err != nil {
			return 0, err
		}
	}
	end.interrupts.Store(true)
	return demoOnSockets(p, program, end)
}

// demo runs in the inner process: it shows the part on the real TAP.
func (s *session) demo() (int, error) {
	b, err := tapBench("tap0")
	if err != nil {
		return 0, err
	}
	b.part = s.job.Part
	shown := make(chan int, 1)
	go func() { shown <- b.show() }()
	for {
		select {
		case status := <-shown:
			return status, nil
		case sig := <-s.signals:
			if sig != syscall.SIGPIPE {
				return statusSignal + int(sig.(syscall.Signal)), nil
			}
		}
	}
}

// demoOnSockets shows the part on a cable made of two sockets, with the part as an ordinary child of the outer process.
func demoOnSockets(p part, program *os.File, end *ending) (int, error) {
	b, theirs, err := socketBench()
	if err != nil {
		return 0, err
	}
	b.part = p
	// The path names our descriptor, not the child's, in which the socket may take that number.
	cmd := exec.CommandContext(end.ctx, fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), program.Fd()), "-q", "-tap", "fd:3")
	cmd.Args[0] = p.Name
	watcher := newReadyWatcher(os.Stderr)
	cmd.Stdout, cmd.Stderr = watcher, watcher
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		return 0, fmt.Errorf("cannot start %s: %w", p.Name, err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	status := statusFailed
	select {
	case <-watcher.ready:
		status = b.show()
	case <-ended:
	case <-time.After(readyLimit):
		say("%s did not say ready within %v", p.Name, readyLimit)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(patience):
		cmd.Process.Kill()
		<-ended
	}
	if end.ctx.Err() != nil {
		return end.status(), nil
	}
	if code := exitStatus(cmd.ProcessState.Sys().(syscall.WaitStatus)); code != 0 {
		return statusFailed, fmt.Errorf("%s ended with status %d", p.Name, code)
	}
	return status, nil
}

// yourTurn ends a part's demo with two things to try.
func yourTurn(b *bench) error {
	b.printf("\nYour turn:\n")
	b.printf("  go run ./shared/lab %d -- %s\n", b.part.Number, tries(b.part.Number)[0])
	b.printf("  go run ./shared/lab %d        # a shell in there\n\n", b.part.Number)
	return nil
}
