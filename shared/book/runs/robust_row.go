package runs

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"framebyframe/shared/book/parts"
)

// A row is what one test reports, with where it was reported.
type row struct {
	Area    string
	What    string
	Source  string
	Tried   string
	Outcome string

	test  string   // TestSYNFlood, without its subtests; or TestSuite/slowloris
	parts []string // the directories of the parts on which it passes, in order
	alone bool     // it counts for that part alone: a fuzz target runs on the last one that has it
}

// attribute is the line that testing.T.Attr writes, with the test's name and the row as JSON.
var attribute = regexp.MustCompile(`^=== ATTR +(\S+) robust (\{.*\})$`)

// verdict is the line that ends a package's tests.
var verdict = regexp.MustCompile(`^(ok|FAIL)\s+framebyframe/(\S+)\s`)

// readLog returns the rows in what "go test -v" wrote. The rows of a package come before its verdict.
func readLog(log io.Reader) ([]row, error) {
	var all, pending []row
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if m := attribute.FindStringSubmatch(lines.Text()); m != nil {
			var r row
			if err := json.Unmarshal([]byte(m[2]), &r); err != nil {
				return nil, fmt.Errorf("%s reports %q: %w", m[1], m[2], err)
			}
			if areaIndex(r.Area) < 0 {
				return nil, fmt.Errorf("%s reports the unknown area %q", m[1], r.Area)
			}
			r.test = topmost(m[1])
			pending = append(pending, r)
		}
		if m := verdict.FindStringSubmatch(lines.Text()); m != nil {
			for _, r := range pending {
				r.parts = []string{strings.TrimSuffix(m[2], "/"+parts.StackDir)}
				all = append(all, r)
			}
			pending = nil
		}
	}
	return all, lines.Err()
}

// topmost is a test without its subtests; those of the suite are tests of their own.
func topmost(name string) string {
	words := strings.SplitN(name, "/", 3)
	if words[0] == "TestSuite" && len(words) > 1 {
		return words[0] + "/" + words[1]
	}
	return words[0]
}

// areas in the order of the page, with what stands under each heading.
var areas = []struct{ name, heading, intro string }{
	{"attack", "Attacks", "What somebody on the cable, or far away, sends on purpose, and what it costs at most."},
	{"fuzzing", "Fuzzing", "Go's fuzzer changes bytes, and keeps what reaches new code. After each step the invariants are checked."},
	{"random", "Random programs on a bad cable", "Two stacks, seeded random calls at both ends, seeded faults between them, in virtual time."},
	{"application", "The application's side", "What the program above, or the machine below, does to the stack."},
	{"interoperation", "Interoperation", "Other people's TCP at the other end of the cable."},
}

// areaIndex returns the place of an area on the page, or -1.
func areaIndex(name string) int {
	for i, area := range areas {
		if area.name == name {
			return i
		}
	}
	return -1
}

// merge makes one row of the rows that several parts report under the same name. The last part has the last word on what
// was tried and what came of it. A test that stands in an early part runs on the later ones, too.
func merge(t *parts.Tree, rows []row) ([]row, error) {
	runs := map[string][]string{} // the parts that a test runs on
	for _, p := range t.Parts {
		for _, dir := range parts.TestDirs {
			own, inherited, _, err := testNames(t, p, dir)
			if err != nil {
				return nil, err
			}
			for _, name := range append(own, inherited...) {
				runs[name] = append(runs[name], p.Name)
			}
		}
	}
	var merged []row
	for _, r := range rows {
		i := slices.IndexFunc(merged, func(m row) bool { return m.Area == r.Area && m.What == r.What })
		if i < 0 {
			i = len(merged)
			merged = append(merged, r)
		}
		m := &merged[i]
		m.Source, m.Tried, m.Outcome, m.test = r.Source, r.Tried, r.Outcome, r.test
		later := slices.Concat(m.parts, r.parts)
		for _, p := range runs[r.test] {
			if p > r.parts[0] && !r.alone {
				later = append(later, p)
			}
		}
		slices.Sort(later)
		m.parts = slices.Compact(later)
	}
	slices.SortStableFunc(merged, func(a, b row) int {
		return cmp.Or(cmp.Compare(areaIndex(a.Area), areaIndex(b.Area)), cmp.Compare(a.parts[0], b.parts[0]), cmp.Compare(a.What, b.What))
	})
	return merged, nil
}
