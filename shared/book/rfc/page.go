package rfc

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The heads of the two kinds of tables.
const (
	tcpHead   = "| Number | § | What it demands | Met | Part | In the code | Fails without it | What is different, and why |"
	otherHead = "| RFC | § | What of it | Part | In the code | Left out, or different, and why |"
)

// summaryMark stands above the line that says which of the MUSTs are met.
const summaryMark = "<!-- musts -->"

// A page is docs/rfc-map.md: its lines, and the rows among them.
type page struct {
	lines    []string
	rows     []row
	problems []string // rows with too few cells, or too many
}

// A row is one line of a table.
type row struct {
	line int    // where it is in the page, counted from 0
	id   string // "MUST-1", or "RFC 791"
	tcp  bool   // it is of the table of RFC 9293

	section, demand, met, part, why string
	code, tests                     []string
}

var (
	// A name in a cell: `Type.Method`, or [`Type.Method`](where/it/is.go).
	nameInCell = regexp.MustCompile("\\[`([^`]+)`\\]\\([^)]*\\)|`([^`]+)`")
	// What stands between two cells. A | in a cell is written \|.
	between = regexp.MustCompile(`\s(?:\|)\s`)
)

// parsePage reads the tables.
func parsePage(text string) *page {
	p := &page{lines: strings.Split(text, "\n")}
	head := ""
	for at, line := range p.lines {
		switch {
		case line == tcpHead || line == otherHead:
			head = line
		case !strings.HasPrefix(line, "|"):
			head = ""
		case head == "":
			p.problems = append(p.problems, fmt.Sprintf("line %d: a table with another head than %s or %s", at+1, tcpHead, otherHead))
			head = "unknown"
		case head != "unknown" && !strings.HasPrefix(line, "|---"):
			p.addRow(at, line, head)
		}
	}
	return p
}

// addRow reads a line of a table.
func (p *page) addRow(at int, line, head string) {
	cells := cellsOf(line)
	if want := len(cellsOf(head)); len(cells) != want {
		p.problems = append(p.problems, fmt.Sprintf("line %d: %d cells, want %d", at+1, len(cells), want))
		return
	}
	r := row{line: at, id: cells[0], section: cells[1], demand: cells[2], tcp: head == tcpHead, why: cells[len(cells)-1]}
	if r.tcp {
		r.met, r.part, r.code, r.tests = cells[3], cells[4], namesIn(cells[5]), namesIn(cells[6])
	} else {
		r.part, r.code = cells[3], namesIn(cells[4])
	}
	p.rows = append(p.rows, r)
}

// cellsOf returns the texts between the bars of a line.
func cellsOf(line string) []string {
	line = strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|")
	cells := between.Split(" "+line+" ", -1)
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

// namesIn returns what a cell names.
func namesIn(cell string) []string {
	var names []string
	for _, found := range nameInCell.FindAllStringSubmatch(cell, -1) {
		names = append(names, found[1]+found[2]) // one of them is empty
	}
	return names
}

// link returns the page's text, in which each name of a row leads to the file that declares it.
func (p *page) link(a all) string {
	lines := append([]string(nil), p.lines...)
	for _, r := range p.rows {
		in, ok := a.numbered(r.part)
		if !ok {
			continue
		}
		lines[r.line] = nameInCell.ReplaceAllStringFunc(lines[r.line], func(old string) string {
			name := namesIn(old)[0]
			file, ok := in.fileOf(name)
			if !ok {
				return old
			}
			return fmt.Sprintf("[`%s`](../%s)", name, file)
		})
	}
	for at := 1; at < len(lines); at++ {
		if lines[at-1] == summaryMark {
			lines[at] = p.musts()
		}
	}
	return strings.Join(lines, "\n")
}

// musts says which of the MUSTs are met, in one line.
func (p *page) musts() string {
	of := map[string][]string{}
	for _, r := range p.rows {
		if r.tcp && strings.HasPrefix(r.id, "MUST-") {
			of[r.met] = append(of[r.met], r.id)
		}
	}
	list := func(met string) string {
		slices.SortFunc(of[met], func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
		return fmt.Sprintf("%d (%s)", len(of[met]), strings.Join(of[met], ", "))
	}
	return fmt.Sprintf("Of the MUSTs %d are met; %s with a deviation; %s are not; %s do not apply.",
		len(of["yes"]), list("deviation"), list("no"), list("n/a"))
}

// summary says what the page has.
func (p *page) summary() string {
	met, others := map[string]int{}, map[string]bool{}
	for _, r := range p.rows {
		if r.tcp {
			met[r.met]++
		} else {
			others[r.id] = true
		}
	}
	return fmt.Sprintf("%s: of RFC 9293 %d met, %d with a deviation, %d not met, %d that do not apply; and %d other RFCs",
		mapFile, met["yes"], met["deviation"], met["no"], met["n/a"], len(others))
}
