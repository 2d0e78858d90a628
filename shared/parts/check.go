package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// check prints a line for each rule that is broken, and returns an error if there is one.
func check(c *checkout, stdout io.Writer) error {
	var failures []string
	for _, part := range []func(*checkout) ([]string, error){checkMarkers, checkChanges, checkImports, checkLayers} {
		more, err := part(c)
		if err != nil {
			return err
		}
		failures = append(failures, more...)
	}
	for _, failure := range failures {
		fmt.Fprintln(stdout, failure)
	}
	if len(failures) > 0 {
		return fmt.Errorf("check: %s, see above", count(len(failures), "failure"))
	}
	fmt.Fprintf(stdout, "%s checked: the differences, the imports and the layers are as they should be\n", count(len(c.parts), "part"))
	return nil
}

// checkMarkers looks for what an unresolved conflict leaves behind.
func checkMarkers(c *checkout) ([]string, error) {
	work, err := c.workTree()
	var failures []string
	for _, place := range findMarkers(work) {
		failures = append(failures, place+": a conflict marker is left: resolve the conflict")
	}
	return failures, err
}

// checkChanges compares the parts with each other, and that with the table.
func checkChanges(c *checkout) ([]string, error) {
	steps, err := c.steps()
	if err != nil {
		return nil, err
	}
	committed, err := os.ReadFile(c.path(changesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return []string{changesFile + " is missing: write it with \"go run ./shared/parts update\""}, nil
	}
	if err != nil {
		return nil, err
	}
	listed := parseTable(string(committed))
	var failures []string
	for _, s := range steps {
		failures = append(failures, s.unlisted(listed[s.from.name+" -> "+s.to.name])...)
	}
	if len(failures) == 0 && table(steps) != string(committed) {
		failures = append(failures, changesFile+" is stale: look at the difference after \"go run ./shared/parts update\"")
	}
	for _, s := range steps {
		failures = append(failures, s.broken()...)
	}
	return failures, nil
}

// unlisted returns a failure for each changed file that the table does not list, or lists with other numbers. Nobody but
// the author knows whether a difference is part of the lesson.
func (s step) unlisted(listed []change) []string {
	var failures []string
	for _, c := range slices.Concat(s.stack.changed, s.tests.changed) {
		old, ok := find(listed, c.name)
		if ok && old == c {
			continue
		}
		says := "does not list it"
		if ok {
			says = fmt.Sprintf("says +%d -%d", old.added, old.removed)
		}
		failures = append(failures, fmt.Sprintf("%s/%s differs from %s by +%d -%d, and %s %s: either a change was not carried "+
			"(\"go run ./shared/parts carry\"), or it is part of the lesson (\"go run ./shared/parts update\")",
			s.to.name, c.name, s.from.name, c.added, c.removed, changesFile, says))
	}
	return failures
}

// broken returns a failure for each limit that s breaks, and for each file that it loses.
func (s step) broken() []string {
	var failures []string
	total, limit := s.total(), s.limit()
	if total.added > limit.added || total.removed > limit.removed {
		counted := slices.DeleteFunc(slices.Clone(s.stack.changed), func(c change) bool { return !limited(c.name) })
		failures = append(failures, fmt.Sprintf("%s changes the files of %s by +%d -%d, which is more than +%d -%d: move code into new files (%s)",
			s.to.name, s.from.name, total.added, total.removed, limit.added, limit.removed, join(counted)))
	}
	for _, name := range slices.Concat(s.stack.gone, s.tests.gone) {
		if mayGo(name) {
			continue
		}
		failures = append(failures, fmt.Sprintf("%s/%s is missing in %s: copy it there, or delete it in all parts before, too",
			s.from.name, name, s.to.name))
	}
	return failures
}

// mayGo reports whether a later part may be without a file. gap_test.go says what a part cannot do yet, and the last part
// may have nothing to say there.
func mayGo(name string) bool { return name == "gap_test.go" }
