package rfc

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// numbersText lists the requirements of RFC 9293, each with its section.
//
//go:embed rfc9293.txt
var numbersText string

// numbers returns the section of each requirement.
func numbers() map[string]string {
	sections := map[string]string{}
	for line := range strings.Lines(numbersText) {
		if field := strings.Fields(line); len(field) == 2 && field[0] != "#" {
			sections[field[0]] = field[1]
		}
	}
	return sections
}

// check returns what is wrong with the page.
func (p *page) check(a all) []string {
	problems := slices.Clone(p.problems)
	for _, r := range p.rows {
		for _, problem := range r.check(a) {
			problems = append(problems, fmt.Sprintf("line %d, %s: %s", r.line+1, r.id, problem))
		}
	}
	problems = append(problems, p.checkNumbers()...)
	return append(problems, p.checkCited(a)...)
}

// checkNumbers makes sure that each requirement of RFC 9293 has one row, with its section.
func (p *page) checkNumbers() []string {
	var problems []string
	sections, seen := numbers(), map[string]int{}
	for _, r := range p.rows {
		if !r.tcp {
			continue
		}
		section, known := sections[r.id]
		switch {
		case !known:
			problems = append(problems, fmt.Sprintf("line %d: RFC 9293 has no %s", r.line+1, r.id))
		case section != r.section:
			problems = append(problems, fmt.Sprintf("line %d: %s is in section %s, not %s", r.line+1, r.id, section, r.section))
		case seen[r.id] > 0:
			problems = append(problems, fmt.Sprintf("line %d: %s has a row in line %d already", r.line+1, r.id, seen[r.id]))
		}
		seen[r.id] = r.line + 1
	}
	for _, id := range slices.Sorted(maps.Keys(sections)) {
		if seen[id] == 0 {
			problems = append(problems, fmt.Sprintf("%s (RFC 9293 %s) has no row", id, sections[id]))
		}
	}
	return problems
}

// checkCited makes sure that each RFC that the code refers to has a row.
func (p *page) checkCited(a all) []string {
	rows := map[string]bool{"RFC 9293": true}
	for _, r := range p.rows {
		rows[r.id] = true
	}
	var problems []string
	told := map[string]bool{}
	for _, in := range a {
		for _, rfc := range slices.Sorted(maps.Keys(in.cited)) {
			if !rows[rfc] && !told[rfc] {
				problems = append(problems, fmt.Sprintf("%s refers to %s, which has no row", in.Name, rfc))
				told[rfc] = true
			}
		}
	}
	return problems
}

// check returns what is wrong with a row by itself.
func (r row) check(a all) []string {
	var problems []string
	if r.demand == "" || r.section == "" {
		problems = append(problems, "it does not say what is demanded, or where")
	}
	if r.tcp {
		problems = append(problems, r.checkMet()...)
	}
	if r.part == "" && len(r.code)+len(r.tests) == 0 {
		return problems
	}
	in, ok := a.numbered(r.part)
	if !ok {
		return append(problems, fmt.Sprintf("there is no part %q", r.part))
	}
	missing := in.missing(r.code, r.tests)
	for _, name := range missing {
		problems = append(problems, fmt.Sprintf("%s has no %s", in.Name, name))
	}
	if first, ok := a.first(r.code, r.tests); ok && len(missing) == 0 && first != in {
		problems = append(problems, fmt.Sprintf("%s has all of this already", first.Name))
	}
	return problems
}

// checkMet makes sure that a row says what its second half needs.
func (r row) checkMet() []string {
	var problems []string
	need := func(what string, there bool) {
		if !there {
			problems = append(problems, fmt.Sprintf("%q needs %s", r.met, what))
		}
	}
	switch r.met {
	case "yes":
		need("a part, the code and a test", r.part != "" && len(r.code) > 0 && len(r.tests) > 0)
	case "deviation":
		need("a part, the code and a test", r.part != "" && len(r.code) > 0 && len(r.tests) > 0)
		need("a reason", r.why != "")
	case "no", "n/a":
		need("a reason", r.why != "")
	default:
		problems = append(problems, fmt.Sprintf("%q is none of yes, deviation, no, n/a", r.met))
	}
	return problems
}
