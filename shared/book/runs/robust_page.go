package runs

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"framebyframe/shared/book/parts"
)

// head is what the page says before its tables.
const head = `# What was done to it, and what survived

Each row is a test that passed: somebody sent this, or did this, and the stack lost no more than the row says. The column
"parts" says in which parts the test runs; what was tried and what came of it are those of the last one.
` + "`go run ./shared/book robustness`" + ` runs everything and writes this page, and the gate compares its rows with
the tests on each run (the figures belong to one run on one machine).

One row again: ` + "`go run ./shared/book rerun 5 -run 'TestSYNFlood$' -v -args -long`" + `.

`

// render returns the page. where says on which machine the figures were measured.
func render(t *parts.Tree, rows []row, where string) ([]byte, error) {
	rows, err := merge(t, rows)
	var page bytes.Buffer
	page.WriteString(head)
	fmt.Fprintf(&page, "Measured on %s.\n", where)
	for _, area := range areas {
		fmt.Fprintf(&page, "\n## %s\n\n%s\n\n", area.heading, area.intro)
		fmt.Fprint(&page, "| what was done | described in | how often | what came of it | test | parts |\n|---|---|---|---|---|---|\n")
		for _, r := range rows {
			if r.Area == area.name {
				fmt.Fprintf(&page, "| %s | %s | %s | %s | `%s` | %s |\n",
					cell(r.What), cell(r.Source), cell(r.Tried), cell(r.Outcome), r.test, partNames(r.parts))
			}
		}
	}
	return page.Bytes(), err
}

// cell makes text fit for one cell of a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "\n", " ").Replace(text)
}

// partNames names the parts: 3-5 for part3-… part4-… part5-…, or the package where it is none of them.
func partNames(names []string) string {
	var short []string
	for _, part := range names {
		if number, ok := strings.CutPrefix(part, "part"); ok {
			part = number[:1]
		}
		short = append(short, part)
	}
	if last := len(short) - 1; last > 0 && len(short[0]) == 1 {
		return short[0] + "-" + short[last]
	}
	return strings.Join(short, " ")
}

// keys returns what must be the same in each run: what was done, where that is described, the test, and the parts.
func keys(rows []row) []string {
	var all []string
	for _, r := range rows {
		all = append(all, strings.Join([]string{cell(r.What), cell(r.Source), "`" + r.test + "`", partNames(r.parts)}, " | "))
	}
	return all
}

// pageKeys returns the same of a page.
func pageKeys(page string) []string {
	var all []string
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| what was done") {
			continue
		}
		fields := strings.Split(strings.ReplaceAll(line[2:len(line)-2], "\\|", "\x00"), " | ")
		if len(fields) == 6 {
			key := strings.Join([]string{fields[0], fields[1], fields[4], fields[5]}, " | ")
			all = append(all, strings.ReplaceAll(key, "\x00", "\\|"))
		}
	}
	return all
}

// differ returns a line for each row that only one of them has.
func differ(tests, page []string) (problems []string) {
	count := make(map[string]int)
	for _, key := range tests {
		count[key]++
	}
	for _, key := range page {
		count[key]--
	}
	for _, key := range slices.Sorted(maps.Keys(count)) {
		switch n := count[key]; {
		case n > 0:
			problems = append(problems, "reported, but not in the table: "+key)
		case n < 0:
			problems = append(problems, "in the table, but not reported: "+key)
		}
	}
	return problems
}

// machine describes the machine in a few words.
func machine() string {
	model := "an unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				model = strings.Trim(name, "\t :\n")
				break
			}
		}
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%d cores of %s, Linux %s, %s", runtime.NumCPU(), model, strings.TrimSpace(string(kernel)), runtime.Version())
}
