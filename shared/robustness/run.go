package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// interop is the directory of the module with another stack.
const interop = "shared/interop"

// runTests runs the tests of all parts, and those of the other stack, one package after the other.
func runTests(short bool, progress io.Writer) ([]row, error) {
	parts, err := filepath.Glob("part[1-9]*")
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, part := range append(parts, interop) {
		fmt.Fprintf(progress, "%s: tests\n", part)
		args := []string{"-C", part, "test", "-count=1", "-timeout=60m", "-v", "."}
		if !short && part != interop { // whose long run takes long
			args = append(args, "-args", "-long")
		}
		var log bytes.Buffer
		cmd := exec.Command("go", args...)
		cmd.Stdout, cmd.Stderr = &log, &log
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, tail(log.String(), 60))
		}
		found, err := readLog(&log)
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
	}
	return rows, nil
}

// tail returns the last n lines of text that are not those of tests that run or passed.
func tail(text string, n int) string {
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "=== ") && !strings.Contains(line, "--- PASS") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept[max(0, len(kept)-n):], "")
}

// A target is a fuzz target, with the last part that has it.
type target struct{ part, name string }

// declared finds the fuzz targets in a file.
var declared = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// listTargets returns the fuzz targets in the order of their names, each in the last part that has it.
func listTargets() ([]target, error) {
	files, err := filepath.Glob("part[1-9]*/*_test.go")
	if err != nil {
		return nil, err
	}
	last := make(map[string]string) // the part, by the target's name
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, m := range declared.FindAllSubmatch(text, -1) {
			last[string(m[1])] = max(last[string(m[1])], filepath.Dir(file))
		}
	}
	var all []target
	for _, name := range slices.Sorted(maps.Keys(last)) {
		all = append(all, target{last[name], name})
	}
	return all, nil
}

// executions is how the fuzzer tells what it has done so far.
var executions = regexp.MustCompile(`elapsed: (\S+), execs: (\d+)`)

// row is the target's row in the table.
func (t target) row(tried string) row {
	return row{Area: "fuzzing", What: t.name, Source: "", Tried: tried, Outcome: "no finding", test: t.name, parts: []string{t.part}}
}

// timeUp reports whether the fuzzer failed for no other reason than that its time was up: until
// Go 1.27 it now and then takes its own deadline for a finding (go.dev/issue/75804). A finding says
// more than that: what the target said, and where the input was written.
func timeUp(out string) bool {
	_, said, failed := strings.Cut(out, "--- FAIL: ")
	if !failed {
		return false
	}
	lines := strings.Split(said, "\n")
	return len(lines) > 2 && strings.TrimSpace(lines[1]) == context.DeadlineExceeded.Error() && lines[2] == "FAIL"
}

// fuzzAll fuzzes each target for a while.
func fuzzAll(length time.Duration, progress io.Writer) ([]row, error) {
	targets, err := listTargets()
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, target := range targets {
		row, err := target.run(length, progress)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// run fuzzes the target for a while.
func (t target) run(length time.Duration, progress io.Writer) (row, error) {
	if length == 0 {
		return t.row("its seeds"), nil
	}
	fmt.Fprintf(progress, "%s: %s for %v\n", t.part, t.name, length)
	// Without -fuzzminimizetime the fuzzer spends most of its time making what it found shorter.
	cmd := exec.Command("go", "-C", t.part, "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", length.String(), "-fuzzminimizetime", "1x", ".")
	out, err := cmd.CombinedOutput()
	if err != nil && !timeUp(string(out)) {
		return row{}, fmt.Errorf("%s found something: %w\n%s", t.name, err, tail(string(out), 60))
	}
	tried := ""
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if m := executions.FindStringSubmatch(lines.Text()); m != nil {
			tried = m[2] + " executions in " + m[1]
		}
	}
	return t.row(tried), nil
}
