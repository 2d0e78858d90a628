// Package suite is what tests share: the rows of docs/robustness.md, and running a part in the
// lab. It imports no part.
package suite

import (
	"encoding/json"
	"flag"
	"testing"
)

// Long is for tests that take more on themselves with it: "go test ./part5-retransmission -args -long".
var Long = flag.Bool("long", false, "run as long, or as often, as the chapters and docs/robustness.md say")

// A Row is one row of docs/robustness.md. A test that does something bad to the stack ends with the report of its
// row, and "go run ./shared/book robustness" collects them.
type Row struct {
	Area    string // attack, fuzzing, random, application or interoperation
	What    string // what was done; it names the row, so it is the same in each run
	Source  string // the RFC section or paper that describes it, if there is one
	Tried   string // how many, how fast
	Outcome string // what survived, and what it cost at most: memory, time, connections
}

// Report hands the row to whoever reads the test's output. A test that has failed has nothing to report.
func (row Row) Report(t testing.TB) {
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
