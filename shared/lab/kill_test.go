//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A victim is a lab that runs in the middle of a command. Every process that it starts carries mark in its environment.
type victim struct {
	mark string
	cmd  *exec.Cmd
	temp string // its TMPDIR
	err  bytes.Buffer
	net  string // its network namespace, as /proc names it
}

// startVictim starts a program that is or runs the lab, in a process group of its own.
func startVictim(t *testing.T, program string, args ...string) *victim {
	t.Helper()
	v := &victim{mark: fmt.Sprintf("LAB_TEST_MARK=%d.%d", os.Getpid(), time.Now().UnixNano()), temp: t.TempDir()}
	v.cmd = exec.Command(program, args...)
	v.cmd.Env = append(os.Environ(), v.mark, "TMPDIR="+v.temp)
	v.cmd.Stderr = &v.err
	v.cmd.WaitDelay = time.Second // for what a left process would hold open
	v.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, pid := range v.processes() { // none, if the test passed
			syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	return v
}

// processes returns the numbers of the marked processes that live.
func (v *victim) processes() []int {
	var found []int
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		environ, err := os.ReadFile(file)
		if err == nil && bytes.Contains(environ, []byte(v.mark)) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			found = append(found, pid)
		}
	}
	return found
}

// waitFor waits for a marked process whose arguments are exactly argv, and returns its number.
func (v *victim) waitFor(t *testing.T, argv ...string) int {
	t.Helper()
	want := strings.Join(argv, "\x00") + "\x00"
	for deadline := time.Now().Add(timeLimit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for _, pid := range v.processes() {
			if got, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); string(got) == want {
				return pid
			}
		}
	}
	t.Fatalf("no process %v appeared", argv)
	return 0
}

// sleepInside waits until the victim runs "sleep DURATION" in its private network.
func (v *victim) sleepInside(t *testing.T, duration string) {
	t.Helper()
	pid := v.waitFor(t, "sleep", duration)
	v.net, _ = os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
	own, _ := os.Readlink("/proc/self/ns/net")
	if v.net == "" || v.net == own {
		t.Fatalf("the command is in the network %q, and so is the test", v.net)
	}
}

// wait returns the status with which the victim ended, -1 for a signal.
func (v *victim) wait(t *testing.T) int {
	t.Helper()
	ended := make(chan struct{})
	go func() { v.cmd.Wait(); close(ended) }()
	select {
	case <-ended:
		return v.cmd.ProcessState.ExitCode()
	case <-time.After(timeLimit):
		v.cmd.Process.Kill()
		t.Fatalf("it did not end in %v", timeLimit)
		return 0
	}
}

// leavesNothing checks that everything of the victim is gone, or goes soon.
func (v *victim) leavesNothing(t *testing.T) {
	t.Helper()
	left := v.remains()
	for deadline := time.Now().Add(timeLimit); len(left) > 0 && time.Now().Before(deadline); left = v.remains() {
		time.Sleep(20 * time.Millisecond)
	}
	for _, what := range left {
		t.Errorf("left: %s", what)
	}
	if t.Failed() {
		t.Logf("stderr:\n%s", v.err.String())
	}
}

// remains lists what is left of the victim: processes, its network, temporary files.
func (v *victim) remains() []string {
	var left []string
	for _, pid := range v.processes() {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		left = append(left, fmt.Sprintf("process %d %q", pid, name))
	}
	networks, _ := filepath.Glob("/proc/[0-9]*/ns/net")
	for _, file := range networks {
		if at, err := os.Readlink(file); err == nil && v.net != "" && at == v.net {
			left = append(left, "a process in its network: "+file)
		}
	}
	files, _ := filepath.Glob(filepath.Join(v.temp, "*"))
	// A go command that is killed leaves its own working directory, which is not the lab's to remove.
	files = slices.DeleteFunc(files, func(f string) bool { return strings.HasPrefix(filepath.Base(f), "go-build") })
	return append(left, files...)
}

// TestKilledInTheMiddle ends the lab in every way while a command runs, and looks for what is left.
func TestKilledInTheMiddle(t *testing.T) {
	needNetwork(t)
	part := part1Program(t)
	if _, err := net.InterfaceByName("tap0"); err == nil {
		t.Skip("NOT TESTED: there is a tap0 outside already")
	}
	direct := []string{labProgram(t), part}
	goRun := []string{"go", "run", ".", part}
	killed := -1
	for i, test := range []struct {
		name   string
		call   []string
		group  bool // the signal goes to the whole process group, as from the terminal
		signal syscall.Signal
		status int
	}{
		{"kill -9 the lab", direct, false, syscall.SIGKILL, killed},
		{"kill the lab", direct, false, syscall.SIGTERM, 128 + 15},
		{"hang up", direct, false, syscall.SIGHUP, 128 + 1},
		{"Ctrl-C", direct, true, syscall.SIGINT, 128 + 2},
		{"Ctrl-backslash", direct, true, syscall.SIGQUIT, 128 + 3},
		{"kill -9 the go command", goRun, false, syscall.SIGKILL, killed},
		{"kill the go command", goRun, false, syscall.SIGTERM, killed},
		{"kill -9 the group", goRun, true, syscall.SIGKILL, killed},
		{"Ctrl-C with go run", goRun, true, syscall.SIGINT, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			duration := fmt.Sprintf("98765.4321%d", i)
			v := startVictim(t, test.call[0], append(test.call[1:], "--", "sleep", duration)...)
			v.sleepInside(t, duration)
			target := v.cmd.Process.Pid
			if test.group {
				target = -target
			}
			if err := syscall.Kill(target, test.signal); err != nil {
				t.Fatal(err)
			}
			if got := v.wait(t); got != test.status {
				t.Errorf("status %d, want %d", got, test.status)
			}
			v.leavesNothing(t)
			if _, err := net.InterfaceByName("tap0"); err == nil {
				t.Error("left: tap0, outside")
			}
		})
	}
}

// TestStubbornCommand ends a lab whose command and part both ignore SIGTERM.
func TestStubbornCommand(t *testing.T) {
	needNetwork(t)
	t.Parallel()
	part := fakePart(t, "#!/bin/sh\ntrap '' TERM\necho ready: for ever\nwhile :; do sleep 0.05; done\n")
	v := startVictim(t, labProgram(t), part, "--", "sh", "-c", "trap '' TERM; sleep 98765.5; sleep 98765.6")
	v.sleepInside(t, "98765.5")
	v.cmd.Process.Signal(syscall.SIGTERM)
	if got := v.wait(t); got != 128+15 {
		t.Errorf("status %d, want 143", got)
	}
	v.leavesNothing(t)
}

// TestKilledBeforeReady ends the lab while its part makes it wait.
func TestKilledBeforeReady(t *testing.T) {
	needNetwork(t)
	part := fakePart(t, "#!/bin/sh\nexec sleep 98765.7\n")
	v := startVictim(t, labProgram(t), part, "--", "true")
	v.sleepInside(t, "98765.7")
	syscall.Kill(-v.cmd.Process.Pid, syscall.SIGINT)
	if got := v.wait(t); got != 128+2 {
		t.Errorf("status %d, want 130", got)
	}
	v.leavesNothing(t)
}

// TestKilledWhileBuilding puts a go command on PATH that takes for ever.
func TestKilledWhileBuilding(t *testing.T) {
	needNetwork(t)
	lab := labProgram(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte("#!/bin/sh\nexec sleep 98765.8\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	for _, test := range []struct {
		signal syscall.Signal
		status int
	}{{syscall.SIGKILL, -1}, {syscall.SIGTERM, 128 + 15}, {syscall.SIGINT, 128 + 2}} {
		v := startVictim(t, lab, "1", "--", "true")
		v.waitFor(t, "sleep", "98765.8")
		v.cmd.Process.Signal(test.signal)
		if got := v.wait(t); got != test.status {
			t.Errorf("%v: status %d, want %d", test.signal, got, test.status)
		}
		v.leavesNothing(t)
	}
}
