package steps

import (
	"fmt"
	"go/ast"
	"os"
	"regexp"
	"slices"
	"strings"

	"framebyframe/shared/book/parts"
)

// Check returns a line for each rule of the parts that is broken, and notes that are worth a look and break none.
func Check(t *parts.Tree) (failures, notes []string, err error) {
	for _, part := range []func(*parts.Tree) ([]string, error){checkMarkers, checkCopies, checkImports, checkLayers} {
		more, err := part(t)
		if err != nil {
			return nil, nil, err
		}
		failures = append(failures, more...)
	}
	all, err := compare(t)
	if err != nil {
		return nil, nil, err
	}
	text, _ := os.ReadFile(t.Path(ChangesFile)) // one that is not there lists nothing
	known := listed(string(text))
	stale := true
	for _, s := range all {
		more := s.unlisted(known)
		stale = stale && len(more) == 0
		failures = append(append(failures, more...), s.broken()...)
		n, err := selfAssignments(t, s)
		if err != nil {
			return nil, nil, err
		}
		notes = append(notes, n...)
	}
	if stale && table(all) != string(text) {
		failures = append(failures, ChangesFile+" is stale: look at the difference after \"go run ./shared/book update\"")
	}
	return failures, notes, nil
}

// checkMarkers looks for what an unresolved conflict leaves behind.
func checkMarkers(t *parts.Tree) ([]string, error) {
	marker := regexp.MustCompile(`(?m)^(<<<<<<<|>>>>>>>) `)
	files, err := t.Files()
	var failures []string
	for _, name := range files {
		if _, ok := t.Of(name); !ok {
			continue
		}
		if text, _ := os.ReadFile(t.Path(name)); marker.Match(text) {
			failures = append(failures, name+": a conflict marker is left: resolve the conflict")
		}
	}
	return failures, err
}

// checkCopies looks for tests that stand in two parts. What several parts' tests share is copied, and has no tests.
func checkCopies(t *parts.Tree) (failures []string, err error) {
	for i, p := range t.Parts[1:] {
		for _, dir := range parts.TestDirs {
			before := t.TestFiles(t.Parts[i], dir)
			for _, f := range t.TestFiles(p, dir) {
				at := slices.IndexFunc(before, func(g parts.TestFile) bool { return g.Name == f.Name })
				if f.From != p || at < 0 {
					continue
				}
				old, err := os.ReadFile(before[at].Path)
				if err != nil {
					return nil, err
				}
				src, err := parts.Parse(f.Path)
				if err != nil {
					return nil, err
				}
				if string(old) == string(src.Text) && len(src.Tests()) > 0 {
					failures = append(failures, fmt.Sprintf("%s: its tests stand in %s, and run on this part from there (\"go run ./shared/book rerun\"): delete it here",
						t.Name(f.Path), before[at].From.Name))
				}
			}
		}
	}
	return failures, nil
}

// unlisted returns a failure for each changed file that the table does not list, or lists with other numbers. Nobody but
// the author knows whether a difference is part of the lesson.
func (s step) unlisted(listed map[string]string) []string {
	var failures []string
	for _, c := range s.files {
		now, says := fmt.Sprintf("+%d -%d", c.Added, c.Removed), "does not list it"
		old, ok := listed[s.heading()+" "+c.Name]
		if c.Kind != 'M' || old == now {
			continue
		}
		if ok {
			says = "says " + old
		}
		failures = append(failures, fmt.Sprintf("%s/%s differs from %s by %s, and %s %s: either a change was not carried "+
			"(\"go run ./shared/book carry\"), or it is part of the lesson (\"go run ./shared/book update\")",
			s.to.Name, c.Name, s.from.Name, now, ChangesFile, says))
	}
	return failures
}

// broken returns a failure for each limit that s breaks, and for each file of the program that it loses.
func (s step) broken() []string {
	var failures, counted []string
	for _, c := range s.files {
		if limited(c) {
			counted = append(counted, fmt.Sprintf("%s +%d -%d", c.Name, c.Added, c.Removed))
		}
		if c.Kind == 'D' && (!parts.IsTest(c.Name) || !parts.IsGo(c.Name)) {
			failures = append(failures, fmt.Sprintf("%s/%s is missing in %s: copy it there, or delete it in all parts before, too",
				s.from.Name, c.Name, s.to.Name))
		}
	}
	added, removed := s.total()
	if most, least := s.limit(); added > most || removed > least {
		failures = append(failures, fmt.Sprintf("%s changes the files of %s by +%d -%d, which is more than +%d -%d (%s)",
			s.to.Name, s.from.Name, added, removed, most, least, strings.Join(counted, ", ")))
	}
	return failures
}

// assignment matches a line that a step adds and that gives a variable what a function makes of it.
var assignment = regexp.MustCompile(`^\+\s*([\w.]+) = (?:\w+\.)*(\w+)\(([\w.]+)[,)]`)

// selfAssignments returns the lines like x = f(x) that a step adds to files that were there, where f is new as well: such a
// line may be there only so that the difference adds and does not change.
func selfAssignments(t *parts.Tree, s step) ([]string, error) {
	before, err := functions(s.from)
	if err != nil {
		return nil, err
	}
	after, err := functions(s.to)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, c := range s.files {
		if !limited(c) {
			continue
		}
		text, err := parts.Diff("a", "b", t.Path(s.from.Name+"/"+c.Name), t.Path(s.to.Name+"/"+c.Name))
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(text) {
			m := assignment.FindStringSubmatch(line)
			if m != nil && m[1] == m[3] && slices.Contains(after, m[2]) && !slices.Contains(before, m[2]) {
				found = append(found, fmt.Sprintf("%s/%s: %s: would this be written so if it had always been there?", s.to.Name, c.Name, strings.TrimSpace(line[1:])))
			}
		}
	}
	return found, nil
}

// functions returns the names of a stack's functions and methods.
func functions(p parts.Part) (names []string, err error) {
	files, err := stackFiles(p)
	for _, src := range files {
		for _, decl := range src.AST.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names, err
}
