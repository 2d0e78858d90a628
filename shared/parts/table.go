package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// changesFile is the table of what each part changes.
const changesFile = "docs/changes.txt"

const changesIntro = `What each part changes in the part before it
============================================

For each file that two parts have in common: how many lines the later one adds
and removes. "diff -ru" of the two directories shows the lines themselves.
Written by "go run ./shared/parts update", compared with the parts by
"go run ./shared/parts check".
`

// update writes the table.
func update(c *checkout, stdout io.Writer) error {
	steps, err := c.steps()
	if err != nil {
		return err
	}
	name := c.path(changesFile)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name, []byte(table(steps)), 0o644); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "wrote "+changesFile)
	return nil
}

// table is the text of changesFile.
func table(steps []step) string {
	var b strings.Builder
	b.WriteString(changesIntro)
	if len(steps) == 0 {
		b.WriteString("\nThere is only one part yet, so there is no step from one to the next.\n")
	}
	for _, s := range steps {
		heading := s.from.name + " -> " + s.to.name
		fmt.Fprintf(&b, "\n%s\n%s\n", heading, strings.Repeat("-", len(heading)))
		s.stack.write(&b, "the stack", s.totalLine())
		s.tests.write(&b, "its tests", "")
	}
	return b.String()
}

func (s step) totalLine() string {
	total, limit := s.total(), s.limit()
	line := fmt.Sprintf("    +%d -%d in all, of at most +%d -%d", total.added, total.removed, limit.added, limit.removed)
	if _, ok := find(s.stack.changed, "main.go"); ok {
		line += "; main.go does not count"
	}
	return line + "\n"
}

// write writes one group of files, whose changed files are followed by the line total.
func (g group) write(b *strings.Builder, title, total string) {
	fmt.Fprintf(b, "\n%s\n", title)
	fmt.Fprintf(b, "  the same: %s\n", count(g.same, "file"))
	fmt.Fprintf(b, "  changed: %s\n", count(len(g.changed), "file"))
	width := 0
	for _, c := range append(g.changed[:len(g.changed):len(g.changed)], g.added...) {
		width = max(width, len(c.name))
	}
	for _, c := range g.changed {
		fmt.Fprintf(b, "    %-*s  +%d -%d\n", width, c.name, c.added, c.removed)
	}
	b.WriteString(total)
	lines := 0
	for _, c := range g.added {
		lines += c.added
	}
	fmt.Fprintf(b, "  new: %s, %s\n", count(len(g.added), "file"), count(lines, "line"))
	for _, c := range g.added {
		fmt.Fprintf(b, "    %-*s  %d\n", width, c.name, c.added)
	}
	for _, name := range g.gone {
		fmt.Fprintf(b, "  no longer there: %s\n", name)
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// parseTable returns the changed files that a table lists, by the heading of their step.
func parseTable(text string) map[string][]change {
	listed := make(map[string][]change)
	heading := ""
	for line := range strings.SplitSeq(text, "\n") {
		var c change
		if strings.HasPrefix(line, "part") && strings.Contains(line, " -> ") {
			heading = line
		} else if n, _ := fmt.Sscanf(line, "    %s +%d -%d", &c.name, &c.added, &c.removed); n == 3 {
			listed[heading] = append(listed[heading], c)
		}
	}
	return listed
}
