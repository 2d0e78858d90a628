// Command exercises checks the exercises of the chapters.
//
// A part's exercise_test.go, which is built with -tags exercise alone, has a test for each exercise, TestExercise1Name and
// so on. docs/solutions/part1-exercise1.diff is one way to do the first one. The command checks that
//
//   - there is a solution for each test, a test for each solution, and a word about both in the part's chapter;
//   - each test fails as the part is, with a message and no panic;
//   - each solution applies to the part alone, and with it the part is formatted, passes go vet, that test and the part's
//     other tests, but for those that the solution says it breaks.
//
// A solution says so in lines above its diff:
//
//	fails: TestGaps/no_services TestGreeting
//
// Of the other tests those are left out that need the lab or take long. Nothing in the tree is changed: what a solution
// changes is handed to the go command as an overlay.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"syscall"

	"framebyframe/shared/worktree"
)

const usage = `usage: go run ./shared/exercises [-only PART[/EXERCISE]]

Checks that each exercise's test fails as a part is, and passes with its solution,
docs/solutions/PART-exerciseN.diff, and that nothing else breaks.
  -only part1     one part
  -only part1/2   one exercise
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	status := run(ctx, ".", os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the whole program, called in the directory dir. It returns the exit status.
func run(ctx context.Context, dir string, args []string, stdout, stderr io.Writer) int {
	chosen, err := parseArgs(args)
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(stderr, "exercises: %v\n\n", err)
		}
		fmt.Fprint(stderr, usage)
		return 2
	}
	root, err := worktree.Root(dir)
	if err != nil {
		fmt.Fprintf(stderr, "exercises: %v\n", err)
		return 1
	}
	problems, err := checkAll(ctx, root, chosen, stdout)
	for _, p := range problems {
		fmt.Fprintln(stderr, p)
	}
	if err != nil {
		fmt.Fprintf(stderr, "exercises: %v\n", err)
	}
	if err != nil || len(problems) > 0 {
		return 1
	}
	return 0
}

// A choice is what to check: one part, if part is not 0, and of it one exercise, if number is not 0.
type choice struct{ part, number int }

var choiceForm = regexp.MustCompile(`^part([1-9][0-9]*)(?:/([1-9][0-9]*))?$`)

func parseArgs(args []string) (choice, error) {
	flags := flag.NewFlagSet("exercises", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	only := flags.String("only", "", "")
	if err := flags.Parse(args); err != nil {
		return choice{}, err
	}
	if flags.NArg() > 0 {
		return choice{}, fmt.Errorf("%s is no flag", flags.Arg(0))
	}
	if *only == "" {
		return choice{}, nil
	}
	found := choiceForm.FindStringSubmatch(*only)
	if found == nil {
		return choice{}, fmt.Errorf("-only %s: write part1 or part1/2", *only)
	}
	var c choice
	c.part, _ = strconv.Atoi(found[1]) // digits
	c.number, _ = strconv.Atoi(found[2])
	return c, nil
}

// checkAll checks the exercises that are chosen, and says which ones are well. The parts are checked side by side, with one
// thing at a time for each processor.
func checkAll(ctx context.Context, root string, chosen choice, stdout io.Writer) (problems []string, err error) {
	parts, err := findParts(root)
	if err != nil {
		return nil, err
	}
	free := make(chan struct{}, runtime.NumCPU())
	var lock sync.Mutex
	say := func(format string, args ...any) {
		lock.Lock()
		defer lock.Unlock()
		fmt.Fprintf(stdout, format, args...)
	}
	var checkers []*checker
	var all sync.WaitGroup
	for _, p := range parts {
		if chosen.part != 0 && chosen.part != p.number {
			continue
		}
		problems = append(problems, p.problems...)
		if len(p.problems) == 0 {
			c := &checker{ctx: ctx, part: p, free: free, say: say}
			checkers = append(checkers, c)
			all.Go(func() { c.check(chosen.number) })
		}
	}
	all.Wait()
	checked := 0
	for _, c := range checkers {
		problems = append(problems, c.problems...)
		checked += c.checked
	}
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("interrupted: %w", context.Cause(ctx))
	case checked == 0 && len(problems) == 0:
		return nil, errors.New("there is no such exercise")
	}
	return problems, nil
}
