package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
)

// step is what a part changes in the part before it.
type step struct {
	from, to     part
	stack, tests group
}

// group is one kind of files in a step.
type group struct {
	same    int      // files that are byte by byte the same
	changed []change // files that both parts have
	added   []change // files that only the later part has, with their lines
	gone    []string // files that only the earlier part has
}

// change is how many lines a part adds to a file and removes from it.
type change struct {
	name           string
	added, removed int
}

func (c change) String() string { return fmt.Sprintf("%s +%d -%d", c.name, c.added, c.removed) }

// limit is how many lines a part may add to the files of the part before it and remove there: a guard, so that most of
// its lesson stands in files of its own and the rest of the difference can be read at one sitting.
func (s step) limit() change {
	if s.to.number <= 4 {
		return change{"limit", 150, 50}
	}
	return change{"limit", 250, 90} // what a retransmission needs is all over TCP
}

// limited reports whether a changed file counts towards the limit. main.go does not: it is the command line.
func limited(name string) bool { return isGo(name) && !isTest(name) && name != "main.go" }

// total sums what counts towards the limit.
func (s step) total() change {
	sum := change{name: "total"}
	for _, c := range s.stack.changed {
		if limited(c.name) {
			sum.added += c.added
			sum.removed += c.removed
		}
	}
	return sum
}

// steps compares each part with the one before it.
func (c *checkout) steps() ([]step, error) {
	var all []step
	for i := 1; i < len(c.parts); i++ {
		s, err := c.compare(c.parts[i-1], c.parts[i])
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func (c *checkout) compare(from, to part) (step, error) {
	s := step{from: from, to: to}
	here, there := c.filesIn(from.name), c.filesIn(to.name)
	for _, name := range here {
		g := s.group(name)
		if !slices.Contains(there, name) {
			g.gone = append(g.gone, name)
		} else if err := c.compareFile(g, from.name, to.name, name); err != nil {
			return s, err
		}
	}
	for _, name := range there {
		if slices.Contains(here, name) {
			continue
		}
		data, err := os.ReadFile(c.path(to.name + "/" + name))
		if err != nil {
			return s, err
		}
		g := s.group(name)
		g.added = append(g.added, change{name: name, added: bytes.Count(data, []byte("\n"))})
	}
	return s, nil
}

func (s *step) group(name string) *group {
	if isTest(name) {
		return &s.tests
	}
	return &s.stack
}

// compareFile notes in g how the file differs between two parts.
func (c *checkout) compareFile(g *group, from, to, name string) error {
	a, err := os.ReadFile(c.path(from + "/" + name))
	if err != nil {
		return err
	}
	b, err := os.ReadFile(c.path(to + "/" + name))
	if err != nil {
		return err
	}
	if bytes.Equal(a, b) {
		g.same++
		return nil
	}
	added, removed, err := countLines(c.root, from+"/"+name, to+"/"+name)
	g.changed = append(g.changed, change{name, added, removed})
	return err
}

// find returns the change with that name.
func find(list []change, name string) (change, bool) {
	i := slices.IndexFunc(list, func(c change) bool { return c.name == name })
	if i < 0 {
		return change{}, false
	}
	return list[i], true
}

// join lists changes in one line.
func join(list []change) string {
	var texts []string
	for _, c := range list {
		texts = append(texts, c.String())
	}
	return strings.Join(texts, ", ")
}
