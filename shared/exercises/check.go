package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// longTest is how long a test may take that is run again with each solution, on a machine that is at rest.
const longTest = 100 * time.Millisecond

// leftOut are the tests that are no part's own: they need a network of their own, or are the exercises.
const leftOut = "TestLab|TestExercise"

// A checker checks the exercises of one part.
type checker struct {
	ctx  context.Context
	part *part
	free chan struct{} // takes one value for each thing that is being done
	say  func(format string, args ...any)

	lock     sync.Mutex
	problems []string
	checked  int // exercises

	long []string // tests that are not run with the solutions
	ill  []string // tests that fail without any
}

// wrong notes a problem.
func (c *checker) wrong(of string, err error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.problems = append(c.problems, fmt.Sprintf("%s: %v", of, err))
}

// check checks one exercise, or all if number is 0.
func (c *checker) check(number int) {
	temp, err := os.MkdirTemp("", "exercises")
	if err != nil {
		c.wrong(c.part.name, err)
		return
	}
	defer os.RemoveAll(temp)
	plain := c.prepare(temp)
	if plain == nil {
		return
	}
	var all sync.WaitGroup
	for _, e := range c.part.exercises {
		if number != 0 && e.number != number {
			continue
		}
		c.checked++
		all.Go(func() {
			c.free <- struct{}{}
			defer func() { <-c.free }()
			begin := time.Now()
			if err := c.mustFail(plain, e); err != nil {
				c.wrong(c.part.name+": "+e.test, err)
			}
			if err := c.mustSolve(e, filepath.Join(temp, strconv.Itoa(e.number))); err != nil {
				c.wrong(e.solution, err)
			}
			c.say("%s %s: %.1f s\n", c.part.name, e.test, time.Since(begin).Seconds())
		})
	}
	all.Wait()
	slices.Sort(c.problems)
}

// prepare builds and weighs the part's tests as they are, in temp. It returns nil if that cannot be done.
func (c *checker) prepare(temp string) *tests {
	c.free <- struct{}{}
	defer func() { <-c.free }()
	begin := time.Now()
	plain, err := c.build(nil, temp)
	if err != nil {
		c.wrong(c.part.name+"/exercise_test.go", err)
		return nil
	}
	if err := c.weigh(plain); err != nil {
		c.wrong(c.part.name, err)
		return nil
	}
	c.say("%s as it is: %.1f s, %d long tests left out from here on\n", c.part.name, time.Since(begin).Seconds(), len(c.long))
	return plain
}

// weigh runs the part's own tests as they are, and notes those that take long or fail.
func (c *checker) weigh(plain *tests) error {
	out, err := c.test(plain, 2*testLimit, "-test.skip", "^("+leftOut+")")
	results := parseResults(out)
	if len(results) == 0 {
		return fmt.Errorf("its tests do not run: %w\n%s", err, lastLines(out))
	}
	for _, r := range results {
		switch {
		case strings.Contains(r.name, "/"):
		case r.failed:
			c.ill = append(c.ill, r.name)
			c.say("%s: %s fails without any solution, and is left out\n", c.part.name, r.name)
		case r.took > longTest:
			c.long = append(c.long, r.name)
		}
	}
	return nil
}

// mustFail checks that the test of an exercise fails, and says why.
func (c *checker) mustFail(plain *tests, e exercise) error {
	out, err := c.test(plain, testLimit, "-test.run", "^"+e.test+"$")
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
	solved, err := c.build(changed, dir)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	out, err := c.test(solved, testLimit, "-test.run", "^"+e.test+"$")
	if err != nil {
		return fmt.Errorf("%s still fails\n%s", e.test, lastLines(out))
	}
	return c.mustBreak(solved, brokenBy(diff))
}

// mustBreak checks that of the part's other tests these fail and no others.
func (c *checker) mustBreak(solved *tests, want []string) error {
	skip := leftOut
	for _, name := range append(c.long, c.ill...) {
		if !slices.ContainsFunc(want, func(test string) bool { return test == name || strings.HasPrefix(test, name+"/") }) {
			skip += "|" + name + "$"
		}
	}
	out, err := c.test(solved, testLimit, "-test.skip", "^("+skip+")")
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

// run runs a program for at most limit, with more environment, and returns what it prints.
func (c *checker) run(limit time.Duration, dir string, env []string, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(c.ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
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
