package runs

import (
	"bytes"
	"strings"
	"testing"

	"framebyframe/shared/book/desk"
)

// deskFiles are the desk's files as they should be.
var deskFiles = map[string]string{
	"part1-x/main.go": "package main\n\nfunc main() {}\n\nfunc two() int { return 0 }\n",
	"part1-x/main_test.go": "package main\n\nimport \"testing\"\n\nfunc TestOld(t *testing.T) {\n\tt.Run(\"no two\", func(t *testing.T) {\n" +
		"\t\tif two() != 0 {\n\t\t\tt.Error(\"there is two\")\n\t\t}\n\t})\n\tt.Run(\"other\", func(*testing.T) {})\n}\n\n" +
		"func TestLabOnly(t *testing.T) { t.Error(\"needs the lab\") }\n",
	"part2-x/main.go":                "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(two()) }\n\nfunc two() int { return 0 }\n",
	"part2-x/stack/one.go":           "package stack\n\nfunc one() int { return 0 }\n",
	"part2-x/stack/exercise_test.go": exerciseHead + "stack\n\nimport \"testing\"\n\nfunc TestExercise1One(t *testing.T) {\n\tif one() != 1 {\n\t\tt.Error(\"one is not 1\")\n\t}\n}\n",
	"part2-x/exercise_test.go":       exerciseHead + "main\n\nimport \"testing\"\n\nfunc TestExercise2Two(t *testing.T) {\n\tif two() != 2 {\n\t\tt.Error(\"two is not 2\")\n\t}\n}\n",
	"docs/2-x.md":                    "TestExercise1 [s](solutions/part2-exercise1.diff) TestExercise2 [s](solutions/part2-exercise2.diff)\n",
	"docs/solutions/part2-exercise1.diff": "diff --git a/part2-x/stack/one.go b/part2-x/stack/one.go\n--- a/part2-x/stack/one.go\n+++ b/part2-x/stack/one.go\n" +
		"@@ -2,2 +2,2 @@\n \n-func one() int { return 0 }\n+func one() int { return 1 }\n",
	"docs/solutions/part2-exercise2.diff": "Here is two.\n\nfails: TestOld/no_two\n\ndiff --git a/part2-x/main.go b/part2-x/main.go\n" +
		"--- a/part2-x/main.go\n+++ b/part2-x/main.go\n@@ -6,2 +6,2 @@\n \n-func two() int { return 0 }\n+func two() int { return both() }\n" +
		"diff --git a/part2-x/new.go b/part2-x/new.go\nnew file mode 100644\n--- /dev/null\n+++ b/part2-x/new.go\n@@ -0,0 +1,3 @@\n+package main\n+\n+func both() int { return 2 }\n",
	wrongOne: "diff --git a/part2-x/stack/one.go b/part2-x/stack/one.go\n--- a/part2-x/stack/one.go\n+++ b/part2-x/stack/one.go\n" +
		"@@ -2,2 +2,2 @@\n \n-func one() int { return 0 }\n+func one() int { return 11 }\n",
}

const wrongOne = "docs/solutions/wrong/part2-exercise1-eleven.diff"

const exerciseHead = "//go:build exercise\n\npackage "

func newBench(t *testing.T) *desk.Desk {
	d := desk.New(t)
	for name, text := range deskFiles {
		d.Write(name, text)
	}
	return d
}

// check checks the exercises and returns what is wrong, and what is said.
func check(d *desk.Desk, only string) (problems, said string) {
	d.Helper()
	var out bytes.Buffer
	all, err := Exercises(d.Context(), d.Tree(), only, &out)
	if err != nil {
		all = append(all, err.Error())
	}
	return strings.Join(all, "\n"), out.String()
}

func TestAllIsWell(t *testing.T) {
	d := newBench(t)
	if problems, said := check(d, ""); problems != "" || strings.Count(said, "TestExercise") != 2 {
		t.Errorf("%s\n%s", problems, said)
	}
	if problems, said := check(d, "part2/2"); problems != "" || strings.Contains(said, "TestExercise1") || !strings.Contains(said, "TestExercise2") {
		t.Errorf("%s\n%s", problems, said)
	}
	if problems, _ := check(d, "part2/3"); !strings.Contains(problems, "there is no such exercise") {
		t.Errorf("%s", problems)
	}
	for name, text := range deskFiles {
		d.Want(name, text)
	}
	d.Want("part2-x/new.go", "")
}

// TestWhatDoesNotBelongTogether spoils what is found without running anything.
func TestWhatDoesNotBelongTogether(t *testing.T) {
	const test, second, chapter = "part2-x/stack/exercise_test.go", "part2-x/exercise_test.go", "docs/2-x.md"
	for _, test := range []struct {
		name, says string
		spoil      func(d *desk.Desk)
	}{
		{"no tag", "has no line //go:build exercise", func(d *desk.Desk) { d.Replace(test, "//go:build exercise\n", "") }},
		{"no number", "TestExerciseOne: the test of an exercise is named", func(d *desk.Desk) { d.Replace(test, "Exercise1One", "ExerciseOne") }},
		{"a gap", "TestExercise3Two comes where exercise 2 should", func(d *desk.Desk) { d.Replace(second, "Exercise2", "Exercise3") }},
		{"twice", " comes where exercise 2 should", func(d *desk.Desk) { d.Replace(second, "Exercise2", "Exercise1") }},
		{"no solution", "has no solution docs/solutions/part2-exercise2.diff", func(d *desk.Desk) { d.Remove("docs/solutions/part2-exercise2.diff") }},
		{"no test", "part2-exercise3.diff is the solution of no exercise", func(d *desk.Desk) { d.Write("docs/solutions/part2-exercise3.diff", "") }},
		{"no part", "part7-exercise1.diff is the solution of no exercise", func(d *desk.Desk) { d.Write("docs/solutions/part7-exercise1.diff", "") }},
		{"another name", "a solution is named part1-exercise1.diff", func(d *desk.Desk) { d.Write("docs/solutions/part2.diff", "") }},
		{"another name for a wrong one", "a wrong solution is named", func(d *desk.Desk) { d.Write("docs/solutions/wrong/part2-exercise1.diff", "") }},
		{"wrong for nothing", "a wrong solution is named", func(d *desk.Desk) { d.Write("docs/solutions/wrong/part2-exercise3-x.diff", "") }},
		{"not in the chapter", "docs/2-x.md does not mention TestExercise1", func(d *desk.Desk) { d.Replace(chapter, "TestExercise1", "TestExercise12") }},
		{"not linked", "docs/2-x.md does not mention part2-exercise2.diff", func(d *desk.Desk) { d.Replace(chapter, "part2-exercise2.diff", "") }},
		{"no chapter", "part2-x has 0 chapters docs/2-….md", func(d *desk.Desk) { d.Remove(chapter) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newBench(t)
			test.spoil(d)
			if problems, _ := check(d, ""); !strings.Contains(problems, test.says) {
				t.Errorf("want %q, got %q", test.says, problems)
			}
		})
	}
}

// TestWhatIsNotTrue spoils what only a run shows.
func TestWhatIsNotTrue(t *testing.T) {
	const test, first, second = "part2-x/stack/exercise_test.go", "docs/solutions/part2-exercise1.diff", "docs/solutions/part2-exercise2.diff"
	for _, test := range []struct {
		name, only, says string
		spoil            func(d *desk.Desk)
	}{
		{"does not compile", "part2", "part2-x/exercise_test.go: go vet fails", func(d *desk.Desk) { d.Replace(test, "one()", "eins()") }},
		{"passes already", "part2/1", "TestExercise1One: passes, or is skipped", func(d *desk.Desk) { d.Replace(test, "one() != 1", "one() != 0") }},
		{"panics", "part2/1", "must fail with a message, but ends with", func(d *desk.Desk) { d.Replace(test, `t.Error("one is not 1")`, `panic("no")`) }},
		{"says nothing", "part2/1", "fails without a message", func(d *desk.Desk) { d.Replace(test, `t.Error("one is not 1")`, `t.Fail()`) }},
		{"wrong is right", "part2/1", "part2-exercise1-eleven.diff: passes", func(d *desk.Desk) { d.Replace(wrongOne, "11", "1") }},
		{"does not apply", "part2/1", "part2-exercise1.diff: does not apply", func(d *desk.Desk) { d.Replace(first, "-func one", "-func eins") }},
		{"not in the part", "part2/1", "changes docs/2-x.md, which is not the part's", func(d *desk.Desk) {
			d.Write(first, deskFiles[first]+"diff --git a/docs/2-x.md b/docs/2-x.md\ndeleted file mode 100644\n--- a/docs/2-x.md\n+++ /dev/null\n@@ -1 +0,0 @@\n-"+deskFiles["docs/2-x.md"])
		}},
		{"not formatted", "part2/1", "leaves one.go as gofmt would not have it", func(d *desk.Desk) { d.Replace(first, "{ return 1 }", "{  return 1 }") }},
		{"does not vet", "part2/1", "part2-exercise1.diff: go vet fails", func(d *desk.Desk) { d.Replace(first, "{ return 1 }", "{ return '1' + \"\" }") }},
		{"does not solve", "part2/1", "part2-exercise1.diff: TestExercise1One still fails", func(d *desk.Desk) { d.Replace(first, "{ return 1 }", "{ return 3 }") }},
		{"breaks more than it says", "part2/2", "with it TestOld/no_two fails; if that is as it must be", func(d *desk.Desk) { d.Replace(second, "fails:", "no:") }},
		{"breaks less than it says", "part2/2", `it says "fails: TestOld/other", but`, func(d *desk.Desk) { d.Replace(second, "no_two", "no_two TestOld/other") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newBench(t)
			test.spoil(d)
			if problems, _ := check(d, test.only); !strings.Contains(problems, test.says) {
				t.Errorf("want %q, got %q", test.says, problems)
			}
		})
	}
}
