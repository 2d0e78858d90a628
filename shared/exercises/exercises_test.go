package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A desk is a small module with one part, which has two exercises.
type desk struct {
	t    *testing.T
	root string
}

// deskFiles are the desk's files as they should be.
var deskFiles = map[string]string{
	"go.mod":          "module framebyframe\n\ngo 1.25\n",
	"part1-x/main.go": "package main\n\nfunc main() {}\n\nfunc one() int { return 0 }\n\nfunc two() int { return 0 }\n",
	"part1-x/main_test.go": "package main\n\nimport \"testing\"\n\nfunc TestGaps(t *testing.T) {\n\tt.Run(\"no two\", func(t *testing.T) {\n" +
		"\t\tif two() != 0 {\n\t\t\tt.Error(\"there is two\")\n\t\t}\n\t})\n\tt.Run(\"other\", func(*testing.T) {})\n}\n\n" +
		"func TestLabOnly(t *testing.T) { t.Error(\"needs the lab\") }\n",
	"part1-x/exercise_test.go": "//go:build exercise\n\npackage main\n\nimport \"testing\"\n\n" +
		"func TestExercise1One(t *testing.T) {\n\tif one() != 1 {\n\t\tt.Error(\"one is not 1\")\n\t}\n}\n\n" +
		"func TestExercise2Two(t *testing.T) {\n\tif two() != 2 {\n\t\tt.Error(\"two is not 2\")\n\t}\n}\n",
	"docs/1-x.md": "TestExercise1 [s](solutions/part1-exercise1.diff) TestExercise2 [s](solutions/part1-exercise2.diff)\n",
	"docs/solutions/part1-exercise1.diff": "diff --git a/part1-x/main.go b/part1-x/main.go\n--- a/part1-x/main.go\n+++ b/part1-x/main.go\n" +
		"@@ -4,4 +4,4 @@\n \n-func one() int { return 0 }\n+func one() int { return 1 }\n \n func two() int { return 0 }\n",
	"docs/solutions/part1-exercise2.diff": "Here is two.\n\nfails: TestGaps/no_two\n\ndiff --git a/part1-x/main.go b/part1-x/main.go\n" +
		"--- a/part1-x/main.go\n+++ b/part1-x/main.go\n@@ -6,2 +6,2 @@\n \n-func two() int { return 0 }\n+func two() int { return both() }\n" +
		"diff --git a/part1-x/new.go b/part1-x/new.go\nnew file mode 100644\n--- /dev/null\n+++ b/part1-x/new.go\n@@ -0,0 +1,3 @@\n+package main\n+\n+func both() int { return 2 }\n",
}

func newDesk(t *testing.T) *desk {
	d := &desk{t, t.TempDir()}
	for name, text := range deskFiles {
		d.write(name, text)
	}
	return d
}

func (d *desk) write(name, text string) {
	d.t.Helper()
	file := filepath.Join(d.root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// replace changes a file of the desk.
func (d *desk) replace(name, old, with string) {
	d.t.Helper()
	if strings.Count(deskFiles[name], old) == 0 {
		d.t.Fatalf("%s has no %q", name, old)
	}
	d.write(name, strings.ReplaceAll(deskFiles[name], old, with))
}

// run runs the command there and returns its status and what it says.
func (d *desk) run(args ...string) (status int, said string) {
	d.t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(d.t.Context(), d.root, args, &stdout, &stderr)
	return status, stdout.String() + stderr.String()
}

func TestAllIsWell(t *testing.T) {
	d := newDesk(t)
	status, said := d.run()
	if status != 0 || strings.Count(said, "TestExercise") != 2 {
		t.Errorf("status %d\n%s", status, said)
	}
	if status, said = d.run("-only", "part1/2"); status != 0 || strings.Contains(said, "TestExercise1") || !strings.Contains(said, "TestExercise2") {
		t.Errorf("status %d\n%s", status, said)
	}
	for name, text := range deskFiles {
		if now, err := os.ReadFile(filepath.Join(d.root, name)); err != nil || string(now) != text {
			t.Errorf("%s has changed: %v\n%s", name, err, now)
		}
	}
	if _, err := os.Stat(filepath.Join(d.root, "part1-x/new.go")); err == nil {
		t.Error("a file of the solution is in the tree")
	}
}

// TestWhatDoesNotBelongTogether spoils what is found without running anything.
func TestWhatDoesNotBelongTogether(t *testing.T) {
	const test, chapter = "part1-x/exercise_test.go", "docs/1-x.md"
	for _, test := range []struct {
		name, says string
		spoil      func(d *desk)
	}{
		{"no tag", "has no line //go:build exercise", func(d *desk) { d.replace(test, "//go:build exercise\n", "") }},
		{"no number", "TestExerciseOne: the test of an exercise is named", func(d *desk) { d.replace(test, "Exercise1One", "ExerciseOne") }},
		{"a gap", "TestExercise3Two comes, and there is no exercise 2", func(d *desk) { d.replace(test, "Exercise2", "Exercise3") }},
		{"twice", "are of the same exercise", func(d *desk) { d.replace(test, "Exercise2", "Exercise1") }},
		{"no solution", "has no solution docs/solutions/part1-exercise2.diff", func(d *desk) { os.Remove(filepath.Join(d.root, "docs/solutions/part1-exercise2.diff")) }},
		{"no test", "part1-exercise3.diff has no test TestExercise3", func(d *desk) { d.write("docs/solutions/part1-exercise3.diff", "") }},
		{"no part", "there are solutions for part 2, but there is no such part", func(d *desk) { d.write("docs/solutions/part2-exercise1.diff", "") }},
		{"another name", "a solution is named part1-exercise1.diff", func(d *desk) { d.write("docs/solutions/part1.diff", "") }},
		{"not in the chapter", "docs/1-x.md does not mention TestExercise1", func(d *desk) { d.replace(chapter, "TestExercise1", "TestExercise12") }},
		{"not linked", "docs/1-x.md does not mention part1-exercise2.diff", func(d *desk) { d.replace(chapter, "part1-exercise2.diff", "") }},
		{"no chapter", "docs/1-….md does not mention", func(d *desk) { os.Remove(filepath.Join(d.root, chapter)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t)
			test.spoil(d)
			if status, said := d.run(); status != 1 || !strings.Contains(said, test.says) {
				t.Errorf("status %d, want %q:\n%s", status, test.says, said)
			}
		})
	}
}

// TestWhatIsNotTrue spoils what only a run shows.
func TestWhatIsNotTrue(t *testing.T) {
	const test, first, second = "part1-x/exercise_test.go", "docs/solutions/part1-exercise1.diff", "docs/solutions/part1-exercise2.diff"
	for _, test := range []struct {
		name, only, says string
		spoil            func(d *desk)
	}{
		{"does not compile", "part1", "part1-x/exercise_test.go: go vet fails", func(d *desk) { d.replace(test, "one()", "eins()") }},
		{"passes already", "part1/1", "TestExercise1One: passes, or is skipped", func(d *desk) { d.replace(test, "one() != 1", "one() != 0") }},
		{"panics", "part1/1", "must fail with a message, but ends with", func(d *desk) { d.replace(test, `t.Error("one is not 1")`, `panic("no")`) }},
		{"says nothing", "part1/1", "fails without a message", func(d *desk) { d.replace(test, `t.Error("one is not 1")`, `t.Fail()`) }},
		{"does not apply", "part1/1", "part1-exercise1.diff: does not apply", func(d *desk) { d.replace(first, "-func one", "-func eins") }},
		{"not in the part", "part1/1", "changes docs/1-x.md, which is not the part's", func(d *desk) {
			d.write(first, deskFiles[first]+"diff --git a/docs/1-x.md b/docs/1-x.md\ndeleted file mode 100644\n--- a/docs/1-x.md\n+++ /dev/null\n@@ -1 +0,0 @@\n-"+deskFiles["docs/1-x.md"])
		}},
		{"not formatted", "part1/1", "leaves main.go as gofmt would not have it", func(d *desk) { d.replace(first, "{ return 1 }", "{  return 1 }") }},
		{"does not vet", "part1/1", "part1-exercise1.diff: go vet fails", func(d *desk) { d.replace(first, "{ return 1 }", "{ return '1' + \"\" }") }},
		{"does not solve", "part1/1", "part1-exercise1.diff: TestExercise1One still fails", func(d *desk) { d.replace(first, "{ return 1 }", "{ return 3 }") }},
		{"breaks more than it says", "part1/2", "with it TestGaps/no_two fails; if that is as it must be", func(d *desk) { d.replace(second, "fails:", "no:") }},
		{"breaks less than it says", "part1/2", `it says "fails: TestGaps/other", but`, func(d *desk) { d.replace(second, "no_two", "no_two TestGaps/other") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			test.spoil(d)
			if status, said := d.run("-only", test.only); status != 1 || !strings.Contains(said, test.says) {
				t.Errorf("status %d, want %q:\n%s", status, test.says, said)
			}
		})
	}
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"x"}, {"-only", "1"}, {"-only", "part1/"}, {"-only", "part1/0"}, {"-x"}} {
		if status, said := newDesk(t).run(args...); status != 2 || !strings.Contains(said, "usage: go run ./shared/exercises") {
			t.Errorf("%q: status %d\n%s", args, status, said)
		}
	}
	if status, said := newDesk(t).run("-only", "part1/3"); status != 1 || !strings.Contains(said, "there is no such exercise") {
		t.Errorf("status %d\n%s", status, said)
	}
}
