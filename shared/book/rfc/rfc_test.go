package rfc

import (
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"framebyframe/shared/book/desk"
)

// RFC 9293 has 69 of MUST, 31 of SHLD, 18 of MAY and one REC, each from 1 on.
func TestNumbers(t *testing.T) {
	count := map[string]int{}
	for id, section := range numbers() {
		kind, _, _ := strings.Cut(id, "-")
		count[kind]++
		if !strings.HasPrefix(section, "3.") {
			t.Errorf("%s is in section %q", id, section)
		}
	}
	if want := map[string]int{"MUST": 69, "SHLD": 31, "MAY": 18, "REC": 1}; !maps.Equal(count, want) {
		t.Errorf("%v, want %v", count, want)
	}
}

// small is a checkout with two parts, and page a page that is right about it.
var small = []string{
	"part1-a/stack/tcp.go", "package stack\n\n// RFC 791\n\nconst limit = 1\n\ntype conn struct{}\n\nfunc (c *conn) send() {}\n",
	"part1-a/stack/tcp_test.go", "package stack\n\nfunc TestSend(t *testing.T) { _ = map[string]int{\"a case, with: a colon\": 1} }\n",
	"part1-a/stack/old_test.go", "package stack\n\nfunc TestOld(t *testing.T) {}\n",
	"part2-b/stack/tcp.go", "package stack\n\nconst limit = 1\n\ntype conn struct{}\n\nfunc (c *conn) send() {}\n",
	"part2-b/stack/new.go", "package stack\n\nfunc (c conn) again() {}\n",
	"part2-b/main.go", "package main\n\nimport \"framebyframe/shared/apps\"\n\nfunc main() { apps.Echo() }\n",
	"part2-b/stack/tcp_test.go", "package stack\n\nfunc TestSend(t *testing.T) { _ = map[string]int{\"a case, with: a colon\": 1} }\n\nfunc TestAgain(t *testing.T) {}\n",
	"shared/apps/echo.go", "package apps\n\nfunc Echo() {}\n",
	"shared/suite/stack.go", "package suite\n\nvar goTests = []goTest{{\"for a week\", 2, 0, testWeek}, {\"not yet\", 3, 0, testWeek}}\n",
	"shared/suite/long.go", "package suite\n\nfunc testWeek() {}\n",
}

const (
	goodRow  = "| MUST-1 | 3.1 | windows | yes | 1 | `conn.send`, `limit` | `TestSend: a case, with: a colon` |  |"
	laterRow = "| MUST-2 | 3.1 | again | deviation | 2 | `conn.again`, `Echo` | `TestOld`, `TestAgain`, `TestSuite/for a week` | because \\| of it |"
	noRow    = "| MUST-3 | 3.1 | never | no |  |  |  | nobody wants it |"
	otherRow = "| RFC 791 | 3.1 | headers | 1 | `conn.send` | options |"
)

// pageOf is a page with these rows, and one that is right for each of the other numbers.
func pageOf(rows ...string) string {
	text := "# Title\n\n" + tcpHead + "\n|---|---|---|---|---|---|---|---|\n"
	all := strings.Join(rows, "\n")
	for _, id := range slices.Sorted(maps.Keys(numbers())) {
		if !strings.Contains(all, "| "+id+" |") && !strings.Contains(all, "without "+id+" ") {
			text += "| " + id + " | " + numbers()[id] + " | it | n/a |  |  |  | no need |\n"
		}
	}
	other := "\n" + otherHead + "\n|---|---|---|---|---|---|\n"
	for _, row := range rows {
		if strings.HasPrefix(row, "| RFC") {
			other += row + "\n"
		} else if strings.HasPrefix(row, "|") {
			text += row + "\n"
		}
	}
	return text + other
}

func problemsOf(t *testing.T, text string) []string {
	t.Helper()
	all, err := readParts(desk.New(t, small...).Tree())
	if err != nil {
		t.Fatal(err)
	}
	return parsePage(text).check(all)
}

func TestGoodPage(t *testing.T) {
	if problems := problemsOf(t, pageOf(goodRow, laterRow, noRow, otherRow)); len(problems) > 0 {
		t.Errorf("%q", problems)
	}
}

// Each thing that can be wrong is noticed, and nothing else.
func TestBadRows(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string // what is changed in the rows that are right
		want     string
	}{
		"a number that there is not":      {"| MUST-3 |", "| MUST-70 |", "RFC 9293 has no MUST-70"},
		"a row twice":                     {noRow, noRow + "\n" + noRow, "MUST-3 has a row in line"},
		"another section":                 {"| MUST-3 | 3.1 |", "| MUST-3 | 3.2 |", "MUST-3 is in section 3.1, not 3.2"},
		"no demand":                       {"| never |", "|  |", "does not say what is demanded"},
		"a declaration that there is not": {"`limit`", "`limits`", "part1-a has no limits"},
		"a method of another type":        {"`conn.send`, ", "`segment.send`, ", "part1-a has no segment.send"},
		"a test that there is not":        {"`TestAgain`", "`TestNever`", "part2-b has no TestNever"},
		"a case that there is not":        {"a case, with: a colon", "a case", "part1-a has no TestSend: a case"},
		"code for a test":                 {"`TestAgain`", "`conn.again`", "part2-b has no conn.again"},
		"a part that there is not":        {"| deviation | 2 |", "| deviation | 3 |", `no part "3"`},
		"a part too late":                 {"| yes | 1 |", "| yes | 2 |", "part1-a has all of this already"},
		"a part too early":                {"| deviation | 2 |", "| deviation | 1 |", "part1-a has no conn.again"},
		"a deviation without a reason":    {"| because \\| of it |", "|  |", "needs a reason"},
		"a no without a reason":           {"| nobody wants it |", "|  |", "needs a reason"},
		"a yes without a test":            {"| `TestSend: a case, with: a colon` |", "|  |", "needs a part, the code and a test"},
		"a yes without code":              {"| `conn.send`, `limit` |", "|  |", "needs a part, the code and a test"},
		"another word":                    {"| no |", "| never |", "is none of yes, deviation, no, n/a"},
		"a cell too few":                  {"| nobody wants it |", "|", "7 cells, want 8"},
		"an RFC that has no row":          {"| RFC 791 |", "| RFC 792 |", "part1-a refers to RFC 791"},
		"code of another RFC":             {"| headers | 1 | `conn.send` |", "| headers | 1 | `conn.receive` |", "part1-a has no conn.receive"},
	} {
		t.Run(name, func(t *testing.T) {
			good := pageOf(goodRow, laterRow, noRow, otherRow)
			bad := strings.Replace(good, c.old, c.new, 1)
			if bad == good {
				t.Fatalf("%q is not in the page", c.old)
			}
			problems := problemsOf(t, bad)
			if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, c.want) }) {
				t.Errorf("want %q, got %q", c.want, problems)
			}
			if len(problems) > 4 { // a wrong number, for one, leaves the right one without a row
				t.Errorf("%d problems: %q", len(problems), problems)
			}
		})
	}
}

// A number without a row, and a table with another head.
func TestMissing(t *testing.T) {
	problems := problemsOf(t, pageOf(goodRow, laterRow, otherRow, "without MUST-3 "))
	if len(problems) != 1 || problems[0] != "MUST-3 (RFC 9293 3.1) has no row" {
		t.Errorf("%q", problems)
	}
	problems = problemsOf(t, pageOf(goodRow, laterRow, noRow, otherRow)+"\n| Number | What |\n|---|---|\n| MUST-1 | it |\n")
	if len(problems) != 1 || !strings.Contains(problems[0], "a table with another head") {
		t.Errorf("%q", problems)
	}
}

// Links are set, lead to where a test stands, and stale ones are noticed, as is the line that counts.
func TestLinks(t *testing.T) {
	d := desk.New(t, append(small, mapFile, summaryMark+"\nthey are all met\n\n"+pageOf(goodRow, laterRow, noRow, otherRow))...)
	check := func(checkOnly bool, says string) {
		t.Helper()
		problems, err := Map(d.Tree(), checkOnly, io.Discard)
		if got := strings.Join(problems, "\n"); err != nil || (got == "") != (says == "") || !strings.Contains(got, says) {
			t.Errorf("%v, %q, want %q", err, got, says)
		}
	}
	check(true, "are stale")
	check(false, "")
	text := d.Read(mapFile)
	for _, want := range []string{
		"[`conn.again`](../part2-b/stack/new.go)", "[`limit`](../part1-a/stack/tcp.go)", "[`Echo`](../shared/apps/echo.go)", "[`TestOld`](../part1-a/stack/old_test.go)",
		"[`TestSuite/for a week`](../shared/suite/long.go)",
		"[`TestSend: a case, with: a colon`](../part1-a/stack/tcp_test.go)", "| because \\| of it |", "\nOf the MUSTs 1 are met; 1 (MUST-2) with a deviation; 1 (MUST-3) are not; 66 (MUST-4, MUST-5, ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	check(true, "")
	for old, new := range map[string]string{"part2-b/stack/new.go": "part2-b/stack/tcp.go", "Of the MUSTs 1": "Of the MUSTs 2"} {
		d.Replace(mapFile, old, new)
		check(true, "are stale")
		check(false, "")
	}
}
