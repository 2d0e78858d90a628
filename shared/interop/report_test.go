package interop

import (
	"encoding/json"
	"flag"
	"testing"
)

// longRun is for tests that take more on themselves with it: "go test ./... -args -long".
var longRun = flag.Bool("long", false, "run as long, or as often, as docs/robustness.md says")

// howMany is short, or long with the flag -long.
func howMany(short, long int) int {
	if *longRun {
		return long
	}
	return short
}

// A robustRow is one row of docs/robustness.md, as in the parts' robust_test.go.
type robustRow struct {
	Area    string
	What    string // what was done; it names the row, so it is the same in each run
	Source  string
	Tried   string // how many, how fast
	Outcome string // what came of it
}

// report hands the row to whoever reads the test's output. A test that has failed has nothing to report.
func (row robustRow) report(t testing.TB) {
	t.Helper()
	if t.Failed() {
		return
	}
	text, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	t.Attr("robust", string(text))
}
