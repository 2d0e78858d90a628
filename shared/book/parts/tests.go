package parts

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ExerciseFile has the tests of a part's exercises, which fail. It belongs to that part alone.
const ExerciseFile = "exercise_test.go"

// StackDir is where, in a part, its stack is.
const StackDir = "stack"

// TestDirs are where a part's tests stand: beside its program, and beside its stack.
var TestDirs = []string{"", StackDir}

// A TestFile is a file of tests that runs on a part.
type TestFile struct {
	Name string // without its directory
	Path string // where it stands
	From Part   // the part that it stands in: this one, or the nearest earlier one that has it
}

// TestFiles returns the files of tests that run on a part in one of the TestDirs: a test stands only in the part that
// introduces or changes what it tests, and runs on all later ones, where a file of the same name takes its place.
func (t *Tree) TestFiles(p Part, dir string) []TestFile {
	var all []TestFile
	for _, from := range slices.Backward(t.Parts) {
		if from.Number > p.Number {
			continue
		}
		files, _ := filepath.Glob(filepath.Join(from.Dir, dir, "*_test.go")) // fails for a malformed pattern only
		for _, path := range files {
			f := TestFile{filepath.Base(path), path, from}
			known := slices.ContainsFunc(all, func(g TestFile) bool { return g.Name == f.Name })
			if !known && f.Name != ExerciseFile {
				all = append(all, f)
			}
		}
	}
	slices.SortFunc(all, func(a, b TestFile) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// An Overlay has the go command see other files than there are: by a file's path, the one that takes its place; "" where
// there is to be none.
type Overlay map[string]string

// Inherited is the overlay with which a part has all tests that run on it.
func (t *Tree) Inherited(p Part) Overlay {
	all := Overlay{}
	for _, dir := range TestDirs {
		for _, f := range t.TestFiles(p, dir) {
			if f.From != p {
				all[filepath.Join(p.Dir, dir, f.Name)] = f.Path
			}
		}
	}
	return all
}

// Write writes the overlay into a directory, and returns the flag for the go command.
func (o Overlay) Write(dir string) (string, error) {
	text, err := json.Marshal(map[string]any{"Replace": o})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	return "-overlay=" + file, os.WriteFile(file, text, 0o600)
}
