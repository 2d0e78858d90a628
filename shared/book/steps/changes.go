// Package steps is about the steps from one part to the next: what each changes, how that is shown, how a mend is carried
// through them, and the rules that make the difference between two parts worth reading.
package steps

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"framebyframe/shared/book/parts"
)

// ChangesFile is the table of what each part changes.
const ChangesFile = "docs/changes.txt"

const changesIntro = `What each part changes in the part before it
============================================

For each file that two parts have in common: how many lines the later one adds
and removes. "go run ./shared/book diff 1 2" shows the lines themselves. A test
stands in the part that introduces or changes what it tests, and runs on the
later ones too. Written by "go run ./shared/book update", compared with the parts
by "go run ./shared/book check".
`

// A change is how a file differs between two parts.
type change = parts.Change

// A step is what a part changes in the part before it.
type step struct {
	from, to parts.Part
	files    []change
}

// heading is how the table names a step.
func (s step) heading() string { return s.from.Name + " -> " + s.to.Name }

// limit is how many lines a part may add to the files of the part before it and remove there: a guard, so that most of
// its lesson stands in files of its own and the rest of the difference can be read at one sitting.
func (s step) limit() (added, removed int) {
	if s.to.Number <= 4 {
		return 150, 50
	}
	return 250, 90 // what a retransmission needs is all over TCP
}

// limited reports whether a changed file counts towards the limit: those of the stack do.
func limited(c change) bool {
	return c.Kind == 'M' && parts.IsGo(c.Name) && !parts.IsTest(c.Name) && strings.HasPrefix(c.Name, parts.StackDir+"/")
}

// total sums what counts towards the limit.
func (s step) total() (added, removed int) {
	for _, c := range s.files {
		if limited(c) {
			added, removed = added+c.Added, removed+c.Removed
		}
	}
	return added, removed
}

// compare compares each part with the one before it. The exercises of a part are its own, and left out.
func compare(t *parts.Tree) ([]step, error) {
	x, err := t.NewIndex(false)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	var all []step
	for i := 1; i < len(t.Parts); i++ {
		s := step{from: t.Parts[i-1], to: t.Parts[i]}
		from, err := x.Dir(s.from)
		if err != nil {
			return nil, err
		}
		to, err := x.Dir(s.to)
		if err != nil {
			return nil, err
		}
		if s.files, err = x.Compare(from, to); err != nil {
			return nil, err
		}
		s.files = slices.DeleteFunc(s.files, func(c change) bool { return strings.HasSuffix("/"+c.Name, "/"+parts.ExerciseFile) })
		all = append(all, s)
	}
	return all, nil
}

// Update writes the table.
func Update(t *parts.Tree) error {
	all, err := compare(t)
	if err != nil {
		return err
	}
	return os.WriteFile(t.Path(ChangesFile), []byte(table(all)), 0o644)
}

// table is the text of ChangesFile.
func table(all []step) string {
	var b strings.Builder
	b.WriteString(changesIntro)
	for _, s := range all {
		fmt.Fprintf(&b, "\n%s\n%s\n", s.heading(), strings.Repeat("-", len(s.heading())))
		added, removed := s.total()
		most, least := s.limit()
		s.write(&b, "the stack", false, fmt.Sprintf("    +%d -%d in all, of at most +%d -%d; main.go does not count\n", added, removed, most, least))
		s.write(&b, "its tests", true, "")
	}
	return b.String()
}

// write writes one group of files, whose changed files are followed by the line total.
func (s step) write(b *strings.Builder, title string, tests bool, total string) {
	kind := map[byte][]change{}
	width, lines := 0, 0
	for _, c := range s.files {
		if parts.IsTest(c.Name) != tests {
			continue
		}
		kind[c.Kind] = append(kind[c.Kind], c)
		if c.Kind == 'M' || c.Kind == 'A' {
			width = max(width, len(c.Name))
		}
		if c.Kind == 'A' {
			lines += c.Added
		}
	}
	fmt.Fprintf(b, "\n%s\n  the same: %s\n  changed: %s\n", title, count(len(kind['=']), "file"), count(len(kind['M']), "file"))
	for _, c := range kind['M'] {
		fmt.Fprintf(b, "    %-*s  +%d -%d\n", width, c.Name, c.Added, c.Removed)
	}
	fmt.Fprintf(b, "%s  new: %s, %s\n", total, count(len(kind['A']), "file"), count(lines, "line"))
	for _, c := range kind['A'] {
		fmt.Fprintf(b, "    %-*s  %d\n", width, c.Name, c.Added)
	}
	for _, c := range kind['D'] {
		if !tests {
			fmt.Fprintf(b, "  no longer there: %s\n", c.Name)
		}
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// listed returns the changed files that a table lists, as "+1 -2", by the heading of their step and their name.
func listed(text string) map[string]string {
	all := map[string]string{}
	heading := ""
	for line := range strings.SplitSeq(text, "\n") {
		field := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "part") && strings.Contains(line, " -> "):
			heading = line
		case len(field) == 3 && strings.HasPrefix(field[1], "+") && strings.HasPrefix(field[2], "-"):
			all[heading+" "+field[0]] = field[1] + " " + field[2]
		}
	}
	return all
}
