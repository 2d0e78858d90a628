package runs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/format"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"framebyframe/shared/book/parts"
)

const (
	// longTest is how long a test may take that is run again with each solution, on a machine that is at rest.
	longTest = 100 * time.Millisecond
	// exerciseLimit keeps what hangs from stopping the check.
	exerciseLimit = 3 * time.Minute
	// leftOut are the tests that are no part's own: they need a network of their own, or are the exercises.
	leftOut = "TestLab|TestExercise"
	// apps are the programs that the parts with connections have in common: a solution may change them, too.
	apps = "shared/apps"
)

// Exercises checks the exercises that are chosen, as "part1" or "part1/2"; "" stands for all. A part's exercise_test.go,
// which is built with -tags exercise alone, has a test for each exercise, and docs/solutions/part1-exercise1.diff is one way
// to do the first one. It checks that
//
//   - there is a solution for each test, a test for each solution, and a word about both in the part's chapter;
//   - each test fails as the part is, with a message and no panic;
//   - each solution applies to the part and to shared/apps alone, and with it the part is formatted, passes go vet, that
//     test and the other tests that run on the part, but for those that the solution says it breaks;
//   - each wrong solution, docs/solutions/wrong/part1-exercise1-what.diff, which looks right and is not, applies and
//     compiles, and the test fails.
//
// A solution says so in lines above its diff:
//
//	fails: TestGaps/no_services TestGreeting
//
// Of the other tests those are left out that need the lab or take long. Nothing in the tree is changed: what a solution
// changes is handed to the go command as an overlay.
func Exercises(ctx context.Context, t *parts.Tree, chosen string, stdout io.Writer) ([]string, error) {
	found, problems, err := findExercises(t)
	if err != nil || len(problems) > 0 {
		return problems, err
	}
	free := make(chan struct{}, runtime.NumCPU())
	var lock sync.Mutex
	say := func(format string, args ...any) {
		lock.Lock()
		defer lock.Unlock()
		fmt.Fprintf(stdout, format, args...)
	}
	var all sync.WaitGroup
	var checkers []*checker
	for _, p := range t.Parts {
		c := &checker{ctx: ctx, t: t, part: p, free: free, say: say}
		for _, e := range found {
			part, _, _ := strings.Cut(p.Name, "-")
			if e.part == p && (chosen == "" || chosen == part || chosen == fmt.Sprintf("%s/%d", part, e.number)) {
				c.exercises = append(c.exercises, e)
			}
		}
		if len(c.exercises) > 0 {
			checkers = append(checkers, c)
			all.Go(c.check)
		}
	}
	all.Wait()
	for _, c := range checkers {
		slices.Sort(c.problems)
		problems = append(problems, c.problems...)
	}
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("interrupted: %w", context.Cause(ctx))
	case len(checkers) == 0:
		return nil, errors.New("there is no such exercise")
	}
	return problems, nil
}

// A checker checks the exercises of one part.
type checker struct {
	ctx       context.Context
	t         *parts.Tree
	part      parts.Part
	exercises []exercise
	free      chan struct{} // takes one value for each thing that is being done
	say       func(format string, args ...any)

	lock     sync.Mutex
	problems []string

	long []string // tests that are not run with the solutions
	ill  []string // tests that fail without any
}

// wrong notes a problem.
func (c *checker) wrong(of string, err error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.problems = append(c.problems, fmt.Sprintf("%s: %v", of, err))
}

func (c *checker) check() {
	temp, err := os.MkdirTemp("", "exercises")
	if err != nil {
		c.wrong(c.part.Name, err)
		return
	}
	defer os.RemoveAll(temp)
	plain, err := c.prepare(temp)
	if err != nil {
		c.wrong(c.part.Name+"/exercise_test.go", err)
		return
	}
	var all sync.WaitGroup
	for _, e := range c.exercises {
		all.Go(func() {
			c.free <- struct{}{}
			defer func() { <-c.free }()
			begin := time.Now()
			if err := c.mustFail(plain, e); err != nil {
				c.wrong(c.part.Name+": "+e.test, err)
			}
			if err := c.mustSolve(e, filepath.Join(temp, e.test)); err != nil {
				c.wrong(e.solution, err)
			}
			for _, file := range e.wrong {
				if err := c.mustNotSolve(e, file, filepath.Join(temp, filepath.Base(file))); err != nil {
					c.wrong(file, err)
				}
			}
			c.say("%s %s: %.1f s\n", c.part.Name, e.test, time.Since(begin).Seconds())
		})
	}
	all.Wait()
}

// prepare builds the part's tests as they are, in temp, runs them, and notes those that take long or fail.
func (c *checker) prepare(temp string) (*tests, error) {
	c.free <- struct{}{}
	defer func() { <-c.free }()
	begin := time.Now()
	plain, err := c.build(nil, temp)
	if err != nil {
		return nil, err
	}
	out, err := c.runAll(plain, "^("+leftOut+")")
	results := parseResults(out)
	if len(results) == 0 {
		return nil, fmt.Errorf("its tests do not run: %w\n%s", err, tail(out, 30))
	}
	for _, r := range results {
		switch {
		case strings.Contains(r.name, "/"):
		case r.failed:
			c.ill = append(c.ill, r.name)
			c.say("%s: %s fails without any solution, and is left out\n", c.part.Name, r.name)
		case r.took > longTest:
			c.long = append(c.long, r.name)
		}
	}
	c.say("%s as it is: %.1f s, %d long tests left out from here on\n", c.part.Name, time.Since(begin).Seconds(), len(c.long))
	return plain, nil
}

// mustFail checks that the test of an exercise fails, and says why.
func (c *checker) mustFail(plain *tests, e exercise) error {
	out, err := c.run(plain, e.dir, "-test.run", "^"+e.test+"$")
	results := parseResults(out)
	at := slices.IndexFunc(results, func(r result) bool { return r.name == e.test })
	switch {
	case strings.Contains(out, "panic: ") || at < 0:
		return fmt.Errorf("must fail with a message, but ends with %v\n%s", err, tail(out, 30))
	case !results[at].failed:
		return errors.New("passes, or is skipped, though it is not done")
	case !strings.Contains(out, parts.ExerciseFile+":"):
		return fmt.Errorf("fails without a message\n%s", out)
	}
	return nil
}

// mustSolve checks that a solution does what it should, and breaks nothing but what it says.
func (c *checker) mustSolve(e exercise, dir string) error {
	defer os.RemoveAll(dir)
	solved, diff, err := c.buildWith(e.solution, dir)
	if err != nil {
		return err
	}
	if out, err := c.run(solved, e.dir, "-test.run", "^"+e.test+"$"); err != nil {
		return fmt.Errorf("%s still fails\n%s", e.test, tail(out, 30))
	}
	return c.mustBreak(solved, brokenBy(diff))
}

// mustNotSolve checks that the test sees through a wrong solution.
func (c *checker) mustNotSolve(e exercise, file, dir string) error {
	defer os.RemoveAll(dir)
	changed, _, err := c.buildWith(file, dir)
	if err != nil {
		return err
	}
	return c.mustFail(changed, e)
}

// buildWith builds the part's tests with a solution, which it returns, too.
func (c *checker) buildWith(solution, dir string) (*tests, string, error) {
	diff, err := c.t.Read(solution)
	if err != nil {
		return nil, "", err
	}
	changed, err := c.apply(diff, dir)
	if err != nil {
		return nil, "", err
	}
	all, err := c.build(changed, dir)
	return all, diff, err
}

// mustBreak checks that of the part's other tests these fail and no others.
func (c *checker) mustBreak(solved *tests, want []string) error {
	skip := leftOut
	for _, name := range append(c.long, c.ill...) {
		if !slices.ContainsFunc(want, func(test string) bool { return test == name || strings.HasPrefix(test, name+"/") }) {
			skip += "|" + name + "$"
		}
	}
	out, err := c.runAll(solved, "^("+skip+")")
	results := parseResults(out)
	if len(results) == 0 || err != nil && strings.Contains(out, "\npanic: ") {
		return fmt.Errorf("the part's other tests end with %w\n%s", err, tail(out, 30))
	}
	var broken []string
	for _, r := range results { // of those that failed because a part of them did, only that part
		below := func(o result) bool { return o.failed && strings.HasPrefix(o.name, r.name+"/") }
		if r.failed && !slices.ContainsFunc(results, below) {
			broken = append(broken, r.name)
		}
	}
	for _, name := range want {
		if !slices.Contains(broken, name) {
			return fmt.Errorf("it says \"fails: %s\", but with it that test does not fail", name)
		}
	}
	for _, name := range broken {
		if !slices.Contains(want, name) {
			_, about, _ := strings.Cut(out, "=== RUN   "+name+"\n")
			about, _, _ = strings.Cut(about, "=== RUN ")
			return fmt.Errorf("with it %s fails; if that is as it must be, a line \"fails: %[1]s\" above the diff says so\n%s", name, tail(about, 30))
		}
	}
	return nil
}

// brokenBy returns the tests that a solution says it breaks.
func brokenBy(diff string) (tests []string) {
	head, _, _ := strings.Cut(diff, "\ndiff ")
	for line := range strings.Lines(head) {
		if names, ok := strings.CutPrefix(line, "fails: "); ok {
			tests = append(tests, strings.Fields(names)...)
		}
	}
	return tests
}

var patched = regexp.MustCompile(`(?m)^(?:\+\+\+|---) [ab]/(\S+)`)

// apply puts a solution on a copy of the part's files in dir, and returns what differs then.
func (c *checker) apply(diff, dir string) (parts.Overlay, error) {
	changed := parts.Overlay{}
	for _, found := range patched.FindAllStringSubmatch(diff, -1) {
		name := found[1]
		if !strings.HasPrefix(name, c.part.Name+"/") && !strings.HasPrefix(name, apps+"/") {
			return nil, fmt.Errorf("changes %s, which is not the part's", name)
		}
		if filepath.Base(name) == parts.ExerciseFile {
			return nil, errors.New("changes the test of the exercises")
		}
		changed[c.t.Path(name)] = filepath.Join(dir, name)
	}
	file := filepath.Join(dir, "solution.diff")
	err := errors.Join(os.CopyFS(filepath.Join(dir, c.part.Name), os.DirFS(c.part.Dir)), os.WriteFile(file, []byte(diff), 0o600))
	if parts.Exists(c.t.Path(apps)) {
		err = errors.Join(err, os.CopyFS(filepath.Join(dir, apps), os.DirFS(c.t.Path(apps))))
	}
	if err != nil {
		return nil, err
	}
	out, err := parts.Run(c.ctx, parts.Command{Dir: dir, Env: []string{"GIT_CEILING_DIRECTORIES=" + filepath.Dir(dir)}, // no repository: only files
		Limit: exerciseLimit, Args: []string{"git", "apply", file}, Merge: true})
	if err != nil || out.Status != 0 {
		return nil, fmt.Errorf("does not apply: %w %s", err, out.Stdout)
	}
	for place, file := range changed {
		text, err := os.ReadFile(file)
		switch formatted, bad := format.Source(text); {
		case errors.Is(err, os.ErrNotExist):
			changed[place] = ""
		case err != nil:
			return nil, err
		case strings.HasSuffix(file, ".go") && (bad != nil || !bytes.Equal(formatted, text)):
			return nil, fmt.Errorf("leaves %s as gofmt would not have it (%v)", filepath.Base(file), bad)
		}
	}
	return changed, nil
}

// Tests are programs to be run, with or without a solution.
type tests struct {
	programs map[string]string // by the directory of the part
	env      []string          // so that a test that builds the part builds it with the solution
}

// build vets the part and compiles its tests, with the exercises and those that it inherits, to programs in dir.
func (c *checker) build(changed parts.Overlay, dir string) (*tests, error) {
	overlay := c.t.Inherited(c.part)
	maps.Copy(overlay, changed)
	flag, err := overlay.Write(dir)
	if err != nil {
		return nil, err
	}
	all := &tests{map[string]string{}, []string{strings.TrimSpace("GOFLAGS=" + os.Getenv("GOFLAGS") + " " + flag)}}
	for _, d := range parts.TestDirs {
		pkg := testRun{part: c.part, dir: d}.pkg()
		if found, _ := filepath.Glob(filepath.Join(c.part.Dir, d, "*.go")); len(found) == 0 {
			continue
		}
		program := filepath.Join(dir, filepath.Base(pkg)+".test")
		for _, command := range [][]string{{"vet"}, {"test", "-c", "-ldflags=-s -w", "-o", program}} {
			args := append(append([]string{"go"}, command...), "-tags", "exercise", pkg)
			out, err := parts.Run(c.ctx, parts.Command{Dir: c.t.Root, Env: all.env, Limit: exerciseLimit, Args: args, Merge: true})
			if err == nil && out.Status != 0 {
				err = fmt.Errorf("go %s fails:\n%s", command[0], out.Stdout)
			}
			if err != nil {
				return nil, err
			}
		}
		if parts.Exists(program) {
			all.programs[d] = program
		}
	}
	return all, nil
}

// run runs tests in a directory of the part, and returns what they print.
func (c *checker) run(all *tests, dir string, args ...string) (string, error) {
	out, err := parts.Run(c.ctx, parts.Command{Dir: filepath.Join(c.part.Dir, dir), Env: all.env, Limit: exerciseLimit,
		Args: append([]string{all.programs[dir], "-test.v"}, args...), Merge: true})
	if err == nil && out.Status != 0 {
		err = fmt.Errorf("exit status %d", out.Status)
	}
	return out.Stdout, err
}

// runAll runs all tests but some.
func (c *checker) runAll(all *tests, skip string) (text string, err error) {
	for _, dir := range parts.TestDirs {
		if all.programs[dir] != "" {
			out, failed := c.run(all, dir, "-test.skip", skip)
			text, err = text+out, errors.Join(err, failed)
		}
	}
	return text, err
}
