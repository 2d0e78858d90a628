package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// longTest is how long a test may take that is run again with each solution, on a machine that is at rest.
const longTest = 300 * time.Millisecond

// leftOut are the tests that are no part's own: they need a network of their own, or are the exercises.
const leftOut = "TestLab|TestExercise"

// A checker checks the exercises of one part.
type checker struct {
	ctx     context.Context
	part    *part
	stdout  io.Writer
	checked int // exercises

	long []string // tests that are not run with the solutions
	ill  []string // tests that fail without any
}

// check checks one exercise, or all if number is 0. The error is of the check itself.
func (c *checker) check(number int) (problems []string, err error) {
	temp, err := os.MkdirTemp("", "exercises")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	wrong := func(of string, err error) {
		problems = append(problems, fmt.Sprintf("%s: %v", of, err))
	}
	begin := time.Now()
	program, err := c.build(nil, temp)
	if err != nil {
		return []string{fmt.Sprintf("%s/exercise_test.go: %v", c.part.name, err)}, nil
	}
	if err := c.weigh(program); err != nil {
		return []string{fmt.Sprintf("%s: %v", c.part.name, err)}, nil
	}
	fmt.Fprintf(c.stdout, "%s as it is: %.1f s, %d long tests left out from here on\n", c.part.name, time.Since(begin).Seconds(), len(c.long))
	for _, e := range c.part.exercises {
		if number != 0 && e.number != number {
			continue
		}
		c.checked++
		begin := time.Now()
		if err := c.mustFail(program, e); err != nil {
			wrong(c.part.name+": "+e.test, err)
		}
		if err := c.mustSolve(e, filepath.Join(temp, strconv.Itoa(e.number))); err != nil {
			wrong(e.solution, err)
		}
		if err := c.ctx.Err(); err != nil {
			return problems, fmt.Errorf("interrupted: %w", context.Cause(c.ctx))
		}
		fmt.Fprintf(c.stdout, "%s %s: %.1f s\n", c.part.name, e.test, time.Since(begin).Seconds())
	}
	return problems, nil
}

// weigh runs the part's own tests as they are, and notes those that take long or fail.
func (c *checker) weigh(program string) error {
	out, err := c.run(2*testLimit, c.part.dir(), program, "-test.v", "-test.skip", "^("+leftOut+")")
	results := parseResults(out)
	if len(results) == 0 {
		return fmt.Errorf("its tests do not run: %w\n%s", err, lastLines(out))
	}
	for _, r := range results {
		switch {
		case strings.Contains(r.name, "/"):
		case r.failed:
			c.ill = append(c.ill, r.name)
			fmt.Fprintf(c.stdout, "%s: %s fails without any solution, and is left out\n", c.part.name, r.name)
		case r.took > longTest:
			c.long = append(c.long, r.name)
		}
	}
	return nil
}

// mustFail checks that the test of an exercise fails, and says why.
func (c *checker) mustFail(program string, e exercise) error {
	out, err := c.run(testLimit, c.part.dir(), program, "-test.v", "-test.run", "^"+e.test+"$")
	results := parseResults(out)
	at := slices.IndexFunc(results, func(r result) bool { return r.name == e.test })
	switch {
	case bytes.Contains(out, []byte("panic: ")) || at < 0:
		return fmt.Errorf("must fail with a message, but ends with %v\n%s", err, lastLines(out))
	case !results[at].failed:
		return fmt.Errorf("passes, or is skipped, though nothing has been done for it")
	case !bytes.Contains(out, []byte("exercise_test.go:")):
		return fmt.Errorf("fails without a message\n%s", out)
	}
	return nil
}

// mustSolve checks that a solution does what it should, and breaks nothing but what it says.
func (c *checker) mustSolve(e exercise, dir string) error {
	diff, err := os.ReadFile(filepath.Join(c.part.root, e.solution))
	if err != nil {
		return err
	}
	changed, err := c.part.apply(diff, dir)
	if err != nil {
		return err
	}
	program, err := c.build(changed, dir)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	out, err := c.run(testLimit, c.part.dir(), program, "-test.run", "^"+e.test+"$")
	if err != nil {
		return fmt.Errorf("%s still fails\n%s", e.test, lastLines(out))
	}
	return c.mustBreak(program, brokenBy(diff))
}

// mustBreak checks that of the part's other tests these fail and no others.
func (c *checker) mustBreak(program string, want []string) error {
	skip := leftOut
	for _, name := range append(c.long, c.ill...) {
		if !slices.ContainsFunc(want, func(test string) bool { return test == name || strings.HasPrefix(test, name+"/") }) {
			skip += "|" + name + "$"
		}
	}
	out, err := c.run(testLimit, c.part.dir(), program, "-test.v", "-test.skip", "^("+skip+")")
	results := parseResults(out)
	if len(results) == 0 || err != nil && bytes.Contains(out, []byte("\npanic: ")) {
		return fmt.Errorf("the part's other tests end with %w\n%s", err, lastLines(out))
	}
	broken := failedLeaves(results)
	for _, name := range want {
		if !slices.Contains(broken, name) {
			return fmt.Errorf("it says \"fails: %s\", but with it that test does not fail", name)
		}
	}
	for _, name := range broken {
		if !slices.Contains(want, name) {
			return fmt.Errorf("with it %s fails; if that is as it must be, a line \"fails: %[1]s\" above the diff says so\n%s", name, about(out, name))
		}
	}
	return nil
}

// brokenBy returns the tests that a solution says it breaks.
func brokenBy(diff []byte) (tests []string) {
	lines := bufio.NewScanner(bytes.NewReader(diff))
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "diff ") {
		if names, ok := strings.CutPrefix(lines.Text(), "fails: "); ok {
			tests = append(tests, strings.Fields(names)...)
		}
	}
	return tests
}

// run runs a program for at most limit and returns what it prints.
func (c *checker) run(limit time.Duration, dir, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(c.ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the end reaches what the program started, too
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil && c.ctx.Err() == nil {
		err = fmt.Errorf("no end within %v", limit)
	}
	return out, err
}

// A result is what became of a test, or of a part of it.
type result struct {
	name   string
	failed bool
	took   time.Duration
}

var resultLine = regexp.MustCompile(`(?m)^ *--- (PASS|FAIL|SKIP): (\S+) \(([0-9.]+)s\)$`)

// parseResults reads what tests print with -v.
func parseResults(out []byte) (results []result) {
	for _, found := range resultLine.FindAllSubmatch(out, -1) {
		seconds, _ := strconv.ParseFloat(string(found[3]), 64) // the pattern has it so
		results = append(results, result{string(found[2]), string(found[1]) == "FAIL", time.Duration(seconds * float64(time.Second))})
	}
	return results
}

// failedLeaves returns the tests that have failed, without those that failed because a part of them has.
func failedLeaves(results []result) (names []string) {
	for _, r := range results {
		below := func(o result) bool { return o.failed && strings.HasPrefix(o.name, r.name+"/") }
		if r.failed && !slices.ContainsFunc(results, below) {
			names = append(names, r.name)
		}
	}
	return names
}

// about returns the lines that a test that failed has printed.
func about(out []byte, name string) string {
	_, rest, _ := bytes.Cut(out, []byte("=== RUN   "+name+"\n"))
	text, _, _ := bytes.Cut(rest, []byte("=== RUN "))
	return string(text[:min(len(text), 3000)])
}

// lastLines returns the end of a long text.
func lastLines(out []byte) []byte { return out[max(0, len(out)-3000):] }
