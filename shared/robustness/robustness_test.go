package main

import (
	"bytes"
	"strings"
	"testing"
)

// log is what "go test -v" prints, shortened.
const log = `=== RUN   TestFlood
=== ATTR  TestFlood robust {"Area":"attack","What":"a | b","Source":"RFC 4987","Tried":"10","Outcome":"1 \u003c 2"}
--- PASS: TestFlood (0.01s)
ok  	framebyframe/part3-tcp-handshake	0.007s
=== ATTR  TestFlood/big robust {"Area":"attack","What":"a | b","Source":"RFC 4987","Tried":"20","Outcome":"1 \u003c 2"}
=== ATTR  TestWeek robust {"Area":"application","What":"a week","Source":"","Tried":"7 days","Outcome":"nothing"}
ok  	framebyframe/part4-tcp-data	(cached)
`

func TestTableFromLog(t *testing.T) {
	rows, err := readLog(strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	page := string(render(merge(rows), "a machine"))
	for _, line := range []string{
		"\n| a \\| b | RFC 4987 | 20 | 1 &lt; 2 | `TestFlood` | 3-4 |\n",
		"\n| a week |  | 7 days | nothing | `TestWeek` | 4 |\n",
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
func TestSameRows(t *testing.T) {
	rows, err := readLog(strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	page := render(merge(rows), "a machine")
	rows[0].Outcome = "other figures"
	var said bytes.Buffer
	if !sameRows(keys(merge(rows)), pageKeys(page), &said) {
		t.Errorf("the same rows, and yet: %s", &said)
	}
	for what, other := range map[string][]row{
		"in the table, but not reported: a week":  rows[:2],
		"reported, but not in the table: another": append(rows, row{Area: "attack", What: "another", parts: []string{"part1-ethernet-arp"}}),
		"reported, but not in the table: a \\| b": rows[1:],
	} {
		said.Reset()
		if sameRows(keys(merge(other)), pageKeys(page), &said) || !strings.Contains(said.String(), what) {
			t.Errorf("want %q, got %q", what, &said)
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
