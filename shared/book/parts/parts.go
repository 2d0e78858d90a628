// Package parts is what the commands that keep this repository true know of it: where it is, which parts there are, what
// their Go files declare, which tests run on which part, what git says of them, and how a program is run.
package parts

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Module is the module's name.
const Module = "framebyframe"

// A Part is one of the directories partN-name at the root of the checkout.
type Part struct {
	Number int
	Name   string // the directory's
	Dir    string // the directory, with its full path
}

// A Tree is a checkout of this module.
type Tree struct {
	Root  string
	Parts []Part // in order
}

// Open returns the checkout that dir is in.
func Open(dir string) (*Tree, error) {
	root, err := Root(dir)
	if err != nil {
		return nil, err
	}
	t := &Tree{root, List(root)}
	for i, p := range t.Parts {
		if i > 0 && t.Parts[i-1].Number == p.Number {
			return nil, fmt.Errorf("%s and %s have the same number: rename one of them", t.Parts[i-1].Name, p.Name)
		}
	}
	if len(t.Parts) == 0 {
		return nil, fmt.Errorf("there is no part in %s: its directories are named part1-ethernet-arp and so on", root)
	}
	return t, nil
}

// Root returns the module's directory, going up from dir. The error says what to do.
func Root(dir string) (string, error) {
	from, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := from; ; {
		text, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && slices.ContainsFunc(strings.Split(string(text), "\n"), isModule) {
			return at, nil
		}
		up := filepath.Dir(at)
		if up == at {
			return "", fmt.Errorf("%s is not inside a checkout of Frame by Frame; change into one and try again", from)
		}
		at = up
	}
}

// isModule reports whether a line of a go.mod names this module.
func isModule(line string) bool {
	fields := strings.Fields(line)
	return len(fields) >= 2 && fields[0] == "module" && fields[1] == Module
}

var partName = regexp.MustCompile(`^part([0-9]+)-[\w-]+$`)

// Number returns the number in the name of a part's directory, and 0 for another name.
func Number(name string) int {
	found := partName.FindStringSubmatch(name)
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(found[1]) // digits
	return n
}

// List returns the parts below root that have a program, in order.
func List(root string) []Part {
	var all []Part
	mains, _ := filepath.Glob(filepath.Join(root, "part*", "main.go")) // fails for a malformed pattern only
	for _, main := range mains {
		dir := filepath.Dir(main)
		if n := Number(filepath.Base(dir)); n > 0 {
			all = append(all, Part{n, filepath.Base(dir), dir})
		}
	}
	slices.SortFunc(all, func(a, b Part) int { return cmp.Compare(a.Number, b.Number) })
	return all
}

// Find returns the part that is named by its number, or by its directory.
func (t *Tree) Find(name string) (Part, error) {
	at := slices.IndexFunc(t.Parts, func(p Part) bool {
		return strconv.Itoa(p.Number) == name || p.Name == filepath.Base(name)
	})
	if at < 0 {
		return Part{}, fmt.Errorf("there is no part %s; give its number, or its directory such as part1-ethernet-arp", name)
	}
	return t.Parts[at], nil
}

// Of returns the part that the file with this name, relative to the root, is in.
func (t *Tree) Of(name string) (Part, bool) {
	dir, _, _ := strings.Cut(name, "/")
	at := slices.IndexFunc(t.Parts, func(p Part) bool { return p.Name == dir })
	if at < 0 {
		return Part{}, false
	}
	return t.Parts[at], true
}

// Path returns where the file with that name, relative to the root, is on this computer.
func (t *Tree) Path(name string) string { return filepath.Join(t.Root, filepath.FromSlash(name)) }

// Read returns the text of a file, by its name relative to the root.
func (t *Tree) Read(name string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", fmt.Errorf("%s is not in the repository", name)
	}
	text, err := os.ReadFile(t.Path(name))
	return string(text), err
}

// Name returns the name of a file, relative to the root.
func (t *Tree) Name(path string) string {
	name, err := filepath.Rel(t.Root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(name)
}

// Chapter returns the name of a part's chapter, which has the same number, and its text.
func (t *Tree) Chapter(p Part) (name, text string, err error) {
	files, _ := filepath.Glob(t.Path(fmt.Sprintf("docs/%d-*.md", p.Number))) // fails for a malformed pattern only
	if len(files) != 1 {
		return "", "", fmt.Errorf("%s has %d chapters docs/%d-….md, want one", p.Name, len(files), p.Number)
	}
	all, err := os.ReadFile(files[0])
	return t.Name(files[0]), string(all), err
}

// IsTest reports whether a file of a part is only there for its tests.
func IsTest(name string) bool { return strings.HasSuffix(name, "_test.go") || inTestdata(name) }

// IsGo reports whether the go tool takes a file for a source file.
func IsGo(name string) bool { return strings.HasSuffix(name, ".go") && !inTestdata(name) }

func inTestdata(name string) bool { return strings.Contains("/"+name, "/testdata/") }

// Exists reports whether there is a file or a directory.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
