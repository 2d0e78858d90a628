package runs

import (
	"strings"
	"testing"

	"framebyframe/shared/book/desk"
	"framebyframe/shared/book/parts"
)

// log is what "go test -v" prints, shortened.
const log = `=== RUN   TestFlood
=== ATTR  TestFlood robust {"Area":"attack","What":"a | b","Source":"RFC 4987","Tried":"10","Outcome":"1 \u003c 2"}
--- PASS: TestFlood (0.01s)
ok  	framebyframe/part3-tcp-handshake/stack	0.007s
=== ATTR  TestFlood/big robust {"Area":"attack","What":"a | b","Source":"RFC 4987","Tried":"20","Outcome":"1 \u003c 2"}
=== ATTR  TestWeek robust {"Area":"application","What":"a week","Source":"","Tried":"7 days","Outcome":"nothing"}
=== ATTR  TestSuite/slow_header/7 robust {"Area":"application","What":"slow","Source":"","Tried":"1","Outcome":"nothing"}
ok  	framebyframe/part4-tcp-data/stack	(cached)
`

// flood is a checkout with the tests that reported: TestFlood stands in part 3, and runs on part 4 and 5 too.
func flood(t *testing.T) *parts.Tree {
	return desk.New(t, "part3-tcp-handshake/stack/flood_test.go", "package stack\n\nfunc TestFlood(t *testing.T) {}\n",
		"part4-tcp-data/stack/week_test.go", "package stack\n\nfunc TestWeek(t *testing.T) {}\n", "part5-x/stack/a.go", "package stack\n",
		"part5-x/stack/week_test.go", "package stack\n").Tree()
}

func TestTableFromLog(t *testing.T) {
	rows, err := readLog(strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	text, err := render(flood(t), rows, "a machine")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, line := range []string{
		"\n| a \\| b | RFC 4987 | 20 | 1 &lt; 2 | `TestFlood` | 3-5 |\n",
		"\n| a week |  | 7 days | nothing | `TestWeek` | 4 |\n",
		"\n| slow |  | 1 | nothing | `TestSuite/slow_header` | 4 |\n",
	} {
		if !strings.Contains(page, line) {
			t.Errorf("no row %q in\n%s", line, page)
		}
	}
	if strings.Index(page, "a week") < strings.Index(page, "a \\| b") {
		t.Error("the areas are not in their order")
	}
}

// A row that no test reports any more, and one that is not in the table yet, are both found; other figures are not.
func TestDiffer(t *testing.T) {
	tree := flood(t)
	rows, err := readLog(strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	page, _ := render(tree, rows, "a machine")
	rows[0].Outcome = "other figures"
	for want, other := range map[string][]row{
		"":                                       rows,
		"in the table, but not reported: a week": rows[:2],
		"reported, but not in the table: another": append(rows, row{Area: "attack", What: "another", parts: []string{"part1-ethernet-arp"}}),
		"reported, but not in the table: a \\| b": {rows[0], {Area: "attack", What: "a | b", test: "TestOther", parts: []string{"part4-tcp-data"}}, rows[2]},
	} {
		merged, _ := merge(tree, other)
		got := strings.Join(differ(keys(merged), pageKeys(string(page))), "\n")
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("want %q, got %q", want, got)
		}
	}
}

// Only a fuzzer that says nothing but that its time was up has found nothing.
func TestTimeUpIsNoFinding(t *testing.T) {
	const start = "fuzz: elapsed: 10s, execs: 187720 (17056/sec), new interesting: 0 (total: 9)\n--- FAIL: FuzzX (10.01s)\n"
	const end = "FAIL\nexit status 1\nFAIL\tframebyframe/part1-ethernet-arp\t10.020s\n"
	for said, want := range map[string]bool{
		"    context deadline exceeded\n": true,
		"    context deadline exceeded\n    \n    Failing input written to testdata/fuzz/FuzzX/1\n":         false,
		"    --- FAIL: FuzzX (0.00s)\n        x_test.go:3: wrong\n    \n    Failing input written to f\n":   false,
		"    fuzzing process hung or terminated unexpectedly while minimizing: context deadline exceeded\n": false,
	} {
		if got := timeUp(start + said + end); got != want {
			t.Errorf("timeUp is %v after %q", got, said)
		}
	}
	if timeUp("panic: no fuzz target said this\n") {
		t.Error("a run without a verdict passed")
	}
}
