package runs

import (
	"bytes"
	"strings"
	"testing"

	"framebyframe/shared/book/desk"
)

// TestRerun has the tests of an early part run on later ones: one fails there, one is replaced by a file of the same name.
func TestRerun(t *testing.T) {
	test := func(pkg, name, body string) string {
		return "package " + pkg + "\n\nimport \"testing\"\n\nfunc Test" + name + "(t *testing.T) { " + body + " }\n"
	}
	d := desk.New(t, "part1-a/stack/a.go", "package stack\n\nconst one = 1\n", "part2-b/stack/a.go", "package stack\n\nconst one = 2\n", "part3-c/stack/a.go", "package stack\n\nconst one = 1\n",
		"part1-a/stack/one_test.go", test("stack", "One", "if one != 1 { t.Errorf(\"one is %d\", one) }"),
		"part1-a/stack/two_test.go", test("stack", "Two", "t.Log(\"the first\")"),
		"part1-a/main_test.go", test("main", "Root", ""),
		"part1-a/exercise_test.go", "package main\n\nthis is no Go\n",
		"part2-b/stack/two_test.go", test("stack", "Two", "t.Log(\"the second\")"),
		"part3-c/stack/own_test.go", test("stack", "Own", "t.Error(\"its own\")"))
	for _, c := range []struct {
		args, fails, says, not string
	}{
		{"-v", "tests of earlier parts fail on ./part2-b/stack", "one is 2\n", "its own"},
		{"3 -v", "", "./part3-c/stack: 2 tests of earlier parts, 2 files of which are not here\n", "part2-b"},
		{"3 -v", "", "the second", "the first"},
		{"part3-c -v -count=1 -args x", "", "--- PASS: TestRoot", "part2-b"},
		{"3 -run Own", "fail on ./part3-c/stack", "its own", "TestOne"},
		{"9", "there is no part 9", "", "ok"},
	} {
		var out bytes.Buffer
		err := Rerun(t.Context(), d.Tree(), strings.Fields(c.args), &out)
		if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) || !strings.Contains(out.String(), c.says) || strings.Contains(out.String(), c.not) {
			t.Errorf("%s: %v, want %q; want %q and no %q in\n%s", c.args, err, c.fails, c.says, c.not, &out)
		}
	}
	if d.Read("part3-c/stack/one_test.go") != "" {
		t.Error("a test was left in a part")
	}
}
