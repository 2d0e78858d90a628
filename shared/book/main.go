// Command book keeps the pages in docs/, the parts, and what is said in the one about the other true.
//
// It knows the parts (package parts), what each changes in the one before (steps), what stands on the pages (pages, rfc,
// site), and what comes of running the parts' tests (runs).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"framebyframe/shared/book/pages"
	"framebyframe/shared/book/parts"
	"framebyframe/shared/book/rfc"
	"framebyframe/shared/book/runs"
	"framebyframe/shared/book/site"
	"framebyframe/shared/book/steps"
)

const usage = `usage: go run ./shared/book COMMAND, anywhere in the checkout; COMMAND -h says more

  fill        fills the blocks of the pages anew: code, diffs, transcripts
  check       checks all that can be seen without running the tests
  carry       carries what changed in a part through all later parts
  update      writes docs/changes.txt
  diff        shows what a part changes in another, as its chapter tells it
  journey     shows the functions that a packet passes
  exercises   checks that each exercise fails as it is, and passes when it is solved
  rfc         checks docs/rfc-map.md, and has its names lead to where they are declared
  plots       draws docs/plots
  robustness  runs everything bad that is done to the parts, and writes docs/robustness.md
  site        makes a web site of it all
  rerun       runs the tests of earlier parts on the later ones

status 0: all is well; 1: it is not, and each line says what to do; 2: wrong usage
`

// A call is one call of the program.
type call struct {
	ctx    context.Context
	tree   *parts.Tree
	flags  *flag.FlagSet
	args   []string // before the flags are read
	stdout io.Writer
	stderr io.Writer
}

// A command does what it is called for, and returns what is wrong, in lines.
type command struct {
	args, help string
	run        func(c *call) ([]string, error)
}

var commands = map[string]command{
	"fill":       {"[-only KIND,…] [FILE.md …]", "Fills the blocks of docs/*.md, README.md and CONTRIBUTING.md, or of the files named.\n\n" + pages.Help, fill},
	"check":      {"[-runs] [-only KIND,…] [FILE.md …]", "Checks the parts' differences against docs/changes.txt and their limits, who imports\nwhat, the layers, the exercises, docs/rfc-map.md and the pages; only these, if some are named.\n", check},
	"carry":      {"[-n]", "Carries what changed in a part since the last commit through all later parts, by\nthree-way merges. A new test is not carried: it runs on the later parts all the same.\n", carry},
	"update":     {"", "Writes docs/changes.txt.\n", update},
	"diff":       {"PART PART", "Shows what the second part changes in the first, in the order of its chapter; new\nfiles whole, tests left out.\n", diff},
	"journey":    {"[-all] PART JOURNEY", "Shows the functions that a packet passes in a part, in order, with their files. A\nJOURNEY that there is not brings the list of those that there are.\n", journey},
	"exercises":  {"[-only part1/2]", "Checks that each exercise's test fails as a part is, and passes with its solution,\ndocs/solutions/part1-exercise2.diff, and that nothing else breaks.\n", exercises},
	"rfc":        {"", "Checks docs/rfc-map.md against the source, has each name in its tables lead to the\nfile that declares it, and counts.\n", rfcMap},
	"plots":      {"", "Draws docs/plots/*.svg from recordings of the parts' tests.\n", plots},
	"robustness": {"[-fuzz 60s] [-short | -fuzzonly | -check LOG …]", "Runs all tests on all parts they run on, with -args -long, then each fuzz target for a\nwhile, and writes docs/robustness.md. That takes long.\n", robustness},
	"site":       {"[-o DIR]", "Makes the site in DIR (site) anew, and fails if one of its links leads nowhere. Hugo\nand npm are what it needs (sudo apt install hugo npm); without them it takes long.\n", makeSite},
	"rerun":      {"[PART …] [FLAG of go test …] [-args …]", "Runs the tests of earlier parts on these parts, or on all. With -run, the parts' own\ntests run, too, if they match.\n", rerun},
}

// errUsage is a wrong call.
var errUsage = errors.New("wrong usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	status := run(ctx, ".", os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the whole program, called in the directory dir. It returns the exit status.
func run(ctx context.Context, dir string, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || commands[args[0]].run == nil {
		fmt.Fprint(stderr, usage)
		return 2
	}
	name, cmd := args[0], commands[args[0]]
	c := &call{ctx: ctx, flags: flag.NewFlagSet(name, flag.ContinueOnError), args: args[1:], stdout: stdout, stderr: stderr}
	c.flags.SetOutput(stderr)
	c.flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: go run ./shared/book %s %s\n\n%s\n", name, cmd.args, cmd.help)
		c.flags.PrintDefaults()
	}
	var err error
	if c.tree, err = parts.Open(dir); err != nil {
		fmt.Fprintf(stderr, "book: %v\n", err)
		return 1
	}
	problems, err := cmd.run(c)
	for _, p := range problems {
		fmt.Fprintln(stderr, p)
	}
	switch {
	case errors.Is(err, errUsage):
		return 2
	case err != nil:
		fmt.Fprintf(stderr, "book %s: %v\n", name, err)
	case len(problems) > 0:
		fmt.Fprintf(stderr, "book %s: %d to repair\n", name, len(problems))
	default:
		return 0
	}
	return 1
}

// parse reads the flags, after which so many arguments may stand.
func (c *call) parse(least, most int) error {
	if c.flags.Parse(c.args) != nil { // which has said so
		return errUsage
	}
	if n := c.flags.NArg(); n < least || n > most {
		c.flags.Usage()
		return errUsage
	}
	return nil
}

// parts returns the parts that the arguments name.
func (c *call) parts() (found []parts.Part, err error) {
	for _, name := range c.flags.Args() {
		p, err := c.tree.Find(name)
		if err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, nil
}

// many is more than anybody writes on a line.
const many = 1000

// kinds is the flag -only.
func (c *call) kinds() *string {
	return c.flags.String("only", strings.Join(pages.Kinds, ","), "only these `KINDS` of blocks")
}

func fill(c *call) ([]string, error) {
	only := c.kinds()
	if err := c.parse(0, many); err != nil {
		return nil, err
	}
	kinds, err := pages.ParseKinds(*only)
	if err != nil {
		return nil, err
	}
	return pages.Fill(c.ctx, c.tree, kinds, c.flags.Args(), c.stdout)
}

func check(c *call) (problems []string, err error) {
	only := c.kinds()
	all := c.flags.Bool("runs", false, "run what the transcripts, journeys and pictures show, too")
	if err := c.parse(0, many); err != nil {
		return nil, err
	}
	kinds, err := pages.ParseKinds(*only)
	if err != nil {
		return nil, err
	}
	if !*all {
		kinds = slices.DeleteFunc(kinds, func(kind string) bool { return !slices.Contains(pages.Still, kind) })
	}
	checks := []func() ([]string, error){
		func() ([]string, error) { return pages.Check(c.ctx, c.tree, kinds, c.flags.Args()) },
		func() ([]string, error) {
			failures, notes, err := steps.Check(c.tree)
			for _, note := range notes {
				fmt.Fprintln(c.stdout, "note:", note)
			}
			return failures, err
		},
		func() ([]string, error) { return runs.ExerciseProblems(c.tree) },
		func() ([]string, error) { return rfc.Map(c.tree, true, c.stdout) },
		func() ([]string, error) { return runs.Plots(c.ctx, c.tree, true, c.stdout) },
	}
	switch {
	case c.flags.NArg() > 0:
		checks = checks[:1]
	case !*all:
		checks = checks[:4]
	}
	for _, one := range checks {
		more, err := one()
		if problems = append(problems, more...); err != nil {
			return problems, err
		}
	}
	return problems, nil
}

func carry(c *call) ([]string, error) {
	pretend := c.flags.Bool("n", false, "show what would be done, and do nothing")
	if err := c.parse(0, 0); err != nil {
		return nil, err
	}
	return nil, steps.Carry(c.tree, *pretend, c.stdout)
}

func update(c *call) ([]string, error) {
	if err := c.parse(0, 0); err != nil {
		return nil, err
	}
	return nil, steps.Update(c.tree)
}

func diff(c *call) ([]string, error) {
	if err := c.parse(2, 2); err != nil {
		return nil, err
	}
	found, err := c.parts()
	if err != nil {
		return nil, err
	}
	return nil, steps.Diff(c.tree, found[0], found[1], c.stdout)
}

func journey(c *call) ([]string, error) {
	all := c.flags.Bool("all", false, "show also the small ones: functions of a single statement that call no other,\nand what the trace does")
	if err := c.parse(2, 2); err != nil {
		return nil, err
	}
	text, err := runs.Journey(c.ctx, c.tree, c.flags.Arg(0), c.flags.Arg(1), *all)
	fmt.Fprint(c.stdout, text)
	return nil, err
}

func exercises(c *call) ([]string, error) {
	only := c.flags.String("only", "", "one part, or one exercise: `part1/2`")
	if err := c.parse(0, 0); err != nil {
		return nil, err
	}
	return runs.Exercises(c.ctx, c.tree, *only, c.stdout)
}

func rfcMap(c *call) ([]string, error) {
	if err := c.parse(0, 0); err != nil {
		return nil, err
	}
	return rfc.Map(c.tree, false, c.stdout)
}

func plots(c *call) ([]string, error) {
	if err := c.parse(0, 0); err != nil {
		return nil, err
	}
	return runs.Plots(c.ctx, c.tree, false, c.stdout)
}

func robustness(c *call) ([]string, error) {
	var how runs.Robust
	c.flags.DurationVar(&how.Fuzz, "fuzz", time.Minute, "fuzz each target for this long; 0: not at all")
	c.flags.BoolVar(&how.Short, "short", false, "run the tests as \"go test\" does, without -args -long")
	only := c.flags.Bool("fuzzonly", false, "fuzz each target, nothing else")
	logs := c.flags.Bool("check", false, "compare the rows of the table, not the figures, with what \"go test -v\" printed")
	if err := c.parse(0, many); err != nil {
		return nil, err
	}
	if *logs != (c.flags.NArg() > 0) || *logs && *only {
		c.flags.Usage()
		return nil, errUsage
	}
	switch {
	case *logs:
		return runs.CheckRobust(c.tree, c.flags.Args(), c.stdout)
	case *only:
		_, err := how.FuzzAll(c.ctx, c.tree, c.stdout)
		return nil, err
	}
	return nil, how.Write(c.ctx, c.tree, c.stdout)
}

func makeSite(c *call) ([]string, error) {
	out := c.flags.String("o", "", "make it in the directory `DIR`")
	if err := c.parse(0, 0); err != nil {
		return nil, err
	}
	return nil, site.Make(c.ctx, c.tree, *out, c.stdout, c.stderr)
}

func rerun(c *call) ([]string, error) {
	if slices.Contains([]string{"-h", "--help"}, strings.Join(c.args, " ")) {
		c.flags.Usage()
		return nil, errUsage
	}
	return nil, runs.Rerun(c.ctx, c.tree, c.args, c.stdout)
}
