// Package runs is what comes of running the parts' tests: earlier ones on later parts, the exercises, the journeys of
// packets, the pictures, and the table of what was survived.
package runs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"framebyframe/shared/book/parts"
)

// testLimit is for all tests of a part, the long ones too; go test has a limit of its own for each package.
const testLimit = 3 * time.Hour

// A testRun is a run of a part's tests, those included that stand in earlier parts.
type testRun struct {
	part    parts.Part
	dir     string        // one of parts.TestDirs
	overlay parts.Overlay // nil: no more than the part inherits
	flags   []string      // for go test; what follows -args is for the tests
	env     []string
	tee     io.Writer
}

// run runs the tests. That they fail is no error.
func (r testRun) run(ctx context.Context, t *parts.Tree) (parts.Outcome, error) {
	temp, err := os.MkdirTemp("", "overlay")
	if err != nil {
		return parts.Outcome{}, err
	}
	defer os.RemoveAll(temp)
	if r.overlay == nil {
		r.overlay = t.Inherited(r.part)
	}
	overlay, err := r.overlay.Write(temp)
	if err != nil {
		return parts.Outcome{}, err
	}
	at := slices.Index(r.flags, "-args")
	if at < 0 {
		at = len(r.flags)
	}
	args := slices.Concat([]string{"go", "test", overlay}, r.flags[:at], []string{r.pkg()}, r.flags[at:])
	return parts.Run(ctx, parts.Command{Dir: t.Root, Env: r.env, Limit: testLimit, Args: args, Merge: true, Tee: r.tee})
}

// pkg is what is tested, as the go command wants it.
func (r testRun) pkg() string { return strings.TrimSuffix("./"+r.part.Name+"/"+r.dir, "/") }

// Rerun runs the tests of earlier parts on later ones, which plain go test does not: of the parts that args begins with, or
// of all. The rest of args is for go test; with -run, a part's own tests run too if they match.
func Rerun(ctx context.Context, t *parts.Tree, args []string, out io.Writer) error {
	chosen := t.Parts
	for i := 0; len(args) > 0 && !strings.HasPrefix(args[0], "-"); i++ {
		p, err := t.Find(args[0])
		if err != nil {
			return err
		}
		chosen, args = append(chosen[:i:i], p), args[1:]
	}
	var failed []string
	for _, p := range chosen {
		for _, dir := range parts.TestDirs {
			own, inherited, files, err := testNames(t, p, dir)
			if err != nil {
				return err
			}
			r := testRun{part: p, dir: dir, flags: args, tee: out}
			if !slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(strings.TrimLeft(arg, "-"), "run") }) {
				if files == 0 {
					continue
				}
				r.flags = append([]string{"-skip", "^(" + strings.Join(own, "|") + ")$"}, args...)
			}
			fmt.Fprintf(out, "%s: %d tests of earlier parts, %d files of which are not here\n", r.pkg(), len(inherited), files)
			outcome, err := r.run(ctx, t)
			if err != nil {
				return err
			}
			if outcome.Status != 0 {
				failed = append(failed, r.pkg())
			}
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("tests of earlier parts fail on %s", strings.Join(failed, ", "))
	}
	return nil
}

// testNames returns the tests that a part's directory introduces or changes, and those that it has from earlier parts, and
// from how many files.
func testNames(t *parts.Tree, p parts.Part, dir string) (own, inherited []string, files int, err error) {
	for _, file := range t.TestFiles(p, dir) {
		src, err := parts.Parse(file.Path)
		if err != nil {
			return nil, nil, 0, err
		}
		names := &own
		if file.From != p {
			files++
			names = &inherited
		}
		for _, f := range src.Tests() {
			if !strings.HasPrefix(f.Name.Name, "Benchmark") {
				*names = append(*names, f.Name.Name)
			}
		}
	}
	return own, inherited, files, nil
}

// A result is what became of a test, or of a part of it.
type result struct {
	name   string
	failed bool
	took   time.Duration
}

var resultLine = regexp.MustCompile(`(?m)^ *--- (PASS|FAIL|SKIP): (\S+) \(([0-9.]+s)\)$`)

// parseResults reads what tests print with -v.
func parseResults(out string) (results []result) {
	for _, found := range resultLine.FindAllStringSubmatch(out, -1) {
		took, _ := time.ParseDuration(found[3]) // the pattern has it so
		results = append(results, result{found[2], found[1] == "FAIL", took})
	}
	return results
}

// failure is the error for tests that should have passed.
func failure(what string, out parts.Outcome) error {
	if out.Status == 0 {
		return nil
	}
	return errors.New(what + ":\n" + tail(out.Stdout, 60))
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
