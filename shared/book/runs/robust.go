package runs

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"framebyframe/shared/book/parts"
)

// robustPage is the table of everything bad that is done to the parts, and what became of it. A test that does something
// bad reports a row when it has passed (shared/suite): what it did, how often, and what the stack lost by it.
const robustPage = "docs/robustness.md"

// interop is the directory of the module with another stack.
const interop = "shared/interop"

// Robust says how docs/robustness.md is made.
type Robust struct {
	Fuzz  time.Duration // for each target; 0: not at all
	Short bool          // without -args -long
}

// Write runs the tests of all parts, and those against another stack, fuzzes each target for a while, and writes the table.
func (o Robust) Write(ctx context.Context, t *parts.Tree, progress io.Writer) error {
	rows, err := o.runTests(ctx, t, progress)
	if err != nil {
		return err
	}
	fuzzed, err := o.FuzzAll(ctx, t, progress)
	if err != nil {
		return err
	}
	where := machine() + ", with -args -long"
	if o.Short {
		where = machine() + ", in the short run of \"go test\""
	}
	page, err := render(t, append(rows, fuzzed...), where)
	if err != nil {
		return err
	}
	return os.WriteFile(t.Path(robustPage), page, 0o644)
}

// runTests runs all tests on all parts, one package after the other.
func (o Robust) runTests(ctx context.Context, t *parts.Tree, progress io.Writer) ([]row, error) {
	var rows []row
	take := func(what string, out parts.Outcome, err error) error {
		if err == nil {
			err = failure("the tests of "+what, out)
		}
		if err != nil {
			return err
		}
		found, err := readLog(strings.NewReader(out.Stdout))
		rows = append(rows, found...)
		return err
	}
	flags := []string{"-count=1", "-timeout=60m", "-v"}
	for _, p := range t.Parts {
		for _, dir := range parts.TestDirs {
			r := testRun{part: p, dir: dir, flags: slices.Clone(flags)}
			if !o.Short {
				r.flags = append(r.flags, "-args", "-long")
			}
			fmt.Fprintf(progress, "%s: tests\n", r.pkg())
			out, err := r.run(ctx, t)
			if err := take(r.pkg(), out, err); err != nil {
				return nil, err
			}
		}
	}
	fmt.Fprintf(progress, "%s: tests\n", interop) // its long run takes too long
	out, err := parts.Run(ctx, parts.Command{Dir: t.Path(interop), Limit: testLimit, Merge: true, Args: append([]string{"go", "test"}, append(flags, ".")...)})
	return rows, take(interop, out, err)
}

// CheckRobust compares the table with what "go test -v" printed: each row must have a test that reported it, and the other
// way round. Figures are not compared.
func CheckRobust(t *parts.Tree, logs []string, out io.Writer) ([]string, error) {
	var rows []row
	for _, name := range logs {
		log, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		found, err := readLog(log)
		log.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, found...)
	}
	targets, err := Robust{}.FuzzAll(context.Background(), t, out)
	if err != nil {
		return nil, err
	}
	merged, err := merge(t, append(rows, targets...))
	if err != nil {
		return nil, err
	}
	page, err := t.Read(robustPage)
	if err != nil {
		return nil, err
	}
	problems := differ(keys(merged), pageKeys(page))
	if len(problems) > 0 {
		problems = append(problems, robustPage+" is not what the tests report; run: go run ./shared/book robustness")
	}
	fmt.Fprintf(out, "%s: %d rows, each with a test that passed\n", robustPage, len(merged))
	return problems, nil
}

// FuzzAll fuzzes each target for a while, on the last part that it runs on, and returns its row.
func (o Robust) FuzzAll(ctx context.Context, t *parts.Tree, progress io.Writer) ([]row, error) {
	last := map[string]testRun{} // by the target's name
	var names []string
	for _, p := range t.Parts {
		for _, dir := range parts.TestDirs {
			own, inherited, _, err := testNames(t, p, dir)
			if err != nil {
				return nil, err
			}
			for _, name := range append(own, inherited...) {
				if strings.HasPrefix(name, "Fuzz") {
					last[name] = testRun{part: p, dir: dir}
					names = append(names, name)
				}
			}
		}
	}
	slices.Sort(names)
	var rows []row
	for _, name := range slices.Compact(names) {
		r, tried := last[name], "its seeds"
		if o.Fuzz > 0 {
			var err error
			if tried, err = o.fuzz(ctx, t, r, name); err != nil {
				return nil, err
			}
			fmt.Fprintf(progress, "%s on %s: %s\n", name, r.pkg(), tried)
		}
		rows = append(rows, row{Area: "fuzzing", What: name, Tried: tried, Outcome: "no finding", test: name, parts: []string{r.part.Name}, alone: true})
	}
	return rows, nil
}

// executions is how the fuzzer tells what it has done so far.
var executions = regexp.MustCompile(`elapsed: (\S+), execs: (\d+)`)

// fuzz fuzzes a target, and returns how much was tried.
func (o Robust) fuzz(ctx context.Context, t *parts.Tree, r testRun, name string) (tried string, err error) {
	// Without -fuzzminimizetime the fuzzer spends most of its time making what it found shorter.
	r.flags = []string{"-run", "^$", "-fuzz", "^" + name + "$", "-fuzztime", o.Fuzz.String(), "-fuzzminimizetime", "1x"}
	out, err := r.run(ctx, t)
	if err != nil {
		return "", err
	}
	if out.Status != 0 && !timeUp(out.Stdout) {
		return "", failure(name+" found something", out)
	}
	for _, found := range executions.FindAllStringSubmatch(out.Stdout, -1) {
		tried = found[2] + " executions in " + found[1]
	}
	return tried, nil
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
