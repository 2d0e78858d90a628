//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"
)

// timeLimit bounds every run of the lab in these tests.
const timeLimit = 2 * time.Minute

var (
	buildLab   = sync.OnceValues(func() (string, error) { return goBuild("lab", ".") })
	buildPart1 = sync.OnceValues(func() (string, error) { return goBuild("part1.bin", "../../part1-ethernet-arp") })
	// whyNot says why this system has no private network for us, or "".
	whyNot = sync.OnceValue(findWhyNot)
)

// goBuild builds a program for the tests; with the race detector if they have it.
func goBuild(name, dir string) (string, error) {
	out := filepath.Join(scratch, name)
	args := []string{"build", "-buildvcs=false", "-o", out}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-race" && s.Value == "true" {
				args = append(args, "-race")
			}
		}
	}
	text, err := exec.Command("go", append(args, dir)...).CombinedOutput()
	if err != nil {
		return "", errors.New(string(text))
	}
	return out, nil
}

// built returns the program that build makes.
func built(t *testing.T, build func() (string, error)) string {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatalf("go build: %v", err)
	}
	return program
}

func labProgram(t *testing.T) string   { return built(t, buildLab) }
func part1Program(t *testing.T) string { return built(t, buildPart1) }

// findWhyNot runs the smallest thing in the lab.
func findWhyNot() string {
	lab, err := buildLab()
	if err != nil {
		return "" // the test reports it
	}
	script := filepath.Join(scratch, "whynot")
	if err := os.WriteFile(script, []byte(readyScript), 0o755); err != nil {
		return err.Error()
	}
	text, err := exec.Command(lab, script, "--", "true").CombinedOutput()
	if err != nil {
		return string(text)
	}
	return ""
}

// needNetwork skips the test where the system refuses private networks.
func needNetwork(t *testing.T) {
	t.Helper()
	if why := whyNot(); why != "" {
		t.Skipf("NOT TESTED: the lab does not work here: %s", why)
	}
}

// needTool skips the test where a tool is missing.
func needTool(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := lookCommand(name); err != nil {
			t.Skipf("NOT TESTED: %v", err)
		}
	}
}

// readyScript is a part that can nothing but say that it is ready and wait for its end.
const readyScript = `#!/bin/sh
trap 'echo ended; exit 0' TERM
echo "ready: nothing"
while :; do sleep 0.01; done
`

// fakePart makes a part out of a shell script.
func fakePart(t *testing.T, script string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "fakepart")
	if err := os.WriteFile(file, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// A result is what a run of the lab left to see.
type result struct {
	status      int
	out, errOut string
}

// runLab runs the lab and returns what came out.
func runLab(t *testing.T, args ...string) result {
	t.Helper()
	return runProgram(t, labProgram(t), args...)
}

func runProgram(t *testing.T, program string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeLimit)
	defer cancel()
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		t.Fatalf("%s %s: %v", filepath.Base(program), strings.Join(args, " "), err)
	}
	if ctx.Err() != nil {
		t.Fatalf("lab %s did not end in %v; stderr:\n%s", strings.Join(args, " "), timeLimit, errOut.String())
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// expect fails the test unless the run had the status and stdout and stderr together hold all the texts.
func (r result) expect(t *testing.T, status int, texts ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("status %d, want %d", r.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(r.out+r.errOut, text) {
			t.Errorf("nothing says %q", text)
		}
	}
	if t.Failed() {
		t.Logf("stdout:\n%s\nstderr:\n%s", r.out, r.errOut)
	}
}
