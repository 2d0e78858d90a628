package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// result is what carrying did to one file.
type result struct {
	name   string // relative to the root
	what   string // carried, merged, copied, deleted, left out, waits, CONFLICT
	reason string // why it was not carried, and what to do; "" if it was
}

func (r result) String() string {
	if r.reason == "" {
		return r.name + ": " + r.what
	}
	return r.name + ": " + r.what + ": " + r.reason
}

// carrier carries changes from part to part, in memory. Nothing is written until all is known.
type carrier struct {
	head    tree // the last commit
	before  tree // the working tree
	work    tree // the working tree with what was carried so far
	memory  memory
	results []result
	stuck   map[string]bool // files with a conflict, which nothing may be carried from

	committed map[string]bool // parts that are in the last commit
}

// carry carries what changed since the last commit, and says what it did.
func carry(c *checkout, stdout io.Writer) error { return carryParts(c, stdout, false) }

// carryNothing says what carry would do.
func carryNothing(c *checkout, stdout io.Writer) error { return carryParts(c, stdout, true) }

func carryParts(c *checkout, stdout io.Writer, pretend bool) error {
	k, err := newCarrier(c)
	if err != nil {
		return err
	}
	for i := 1; i < len(c.parts); i++ {
		if err := k.carryPart(c.parts[i-1].name, c.parts[i].name); err != nil {
			return err
		}
	}
	if !pretend {
		if err := k.write(c); err != nil {
			return err
		}
	}
	return k.report(stdout, pretend)
}

// newCarrier reads all there is to know. It refuses if an earlier conflict is not resolved yet: its markers would be
// carried on.
func newCarrier(c *checkout) (*carrier, error) {
	head, err := c.headTree()
	if err != nil {
		return nil, err
	}
	work, err := c.workTree()
	if err != nil {
		return nil, err
	}
	if left := findMarkers(work); len(left) > 0 {
		return nil, fmt.Errorf("conflict markers are left in %s: resolve them, then carry again", strings.Join(left, ", "))
	}
	committed := make(map[string]bool)
	for name := range head {
		part, _, _ := strings.Cut(name, "/")
		committed[part] = true
	}
	mem, err := c.loadMemory()
	return &carrier{head: head, before: maps.Clone(work), work: work, memory: mem, stuck: make(map[string]bool), committed: committed}, err
}

// carryPart carries all files of the part from to the part to.
func (k *carrier) carryPart(from, to string) error {
	names := make(map[string]bool)
	for _, t := range []tree{k.head, k.work} {
		for name := range t {
			if name, ok := strings.CutPrefix(name, from+"/"); ok {
				names[name] = true
			}
		}
	}
	for name := range k.memory { // a new file that was carried, and deleted again
		if name, ok := strings.CutPrefix(name, to+"/"); ok {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if err := k.carryFile(from+"/"+name, to+"/"+name); err != nil {
			return err
		}
	}
	return nil
}

// add notes what was done to the file name.
func (k *carrier) add(name, what, format string, args ...any) {
	k.results = append(k.results, result{name, what, fmt.Sprintf(format, args...)})
}

// write makes the working tree what k has found that it should be.
func (k *carrier) write(c *checkout) error {
	for _, name := range slices.Sorted(maps.Keys(k.work)) {
		if f := k.work[name]; !same(f, k.before[name]) {
			if err := writeFile(c.path(name), f); err != nil {
				return err
			}
		}
	}
	return c.saveMemory(k.memory)
}

// writeFile makes the file at name what f says, or removes it, with directories that have become empty.
func writeFile(name string, f *file) error {
	if f == nil {
		err := os.Remove(name)
		for dir := filepath.Dir(name); err == nil && os.Remove(dir) == nil; {
			dir = filepath.Dir(dir)
		}
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if f.exec {
		mode = 0o755
	}
	if err := os.WriteFile(name, f.data, mode); err != nil {
		return err
	}
	return os.Chmod(name, mode) // WriteFile leaves the mode of a file that is there
}

// report prints what was done, and returns an error if something was not.
func (k *carrier) report(stdout io.Writer, pretend bool) error {
	conflicts := 0
	for _, r := range k.results {
		fmt.Fprintln(stdout, r)
		if r.what == "CONFLICT" {
			conflicts++
		}
	}
	switch {
	case conflicts > 0 && pretend:
		return fmt.Errorf("conflicts that there would be: %d", conflicts)
	case conflicts > 0:
		return fmt.Errorf("conflicts: %d, each marked CONFLICT above: resolve them, then carry again, for later parts may wait", conflicts)
	case len(k.results) == 0:
		fmt.Fprintln(stdout, "nothing to carry")
	}
	return nil
}

// findMarkers returns the places of conflict markers, one for each file that has any.
func findMarkers(t tree) []string {
	var left []string
	for _, name := range slices.Sorted(maps.Keys(t)) {
		for i, line := range strings.Split(string(t[name].data), "\n") {
			if strings.HasPrefix(line, "<<<<<<< ") || strings.HasPrefix(line, ">>>>>>> ") {
				left = append(left, fmt.Sprintf("%s:%d", name, i+1))
				break
			}
		}
	}
	return left
}
