//go:build linux

package main

import (
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"go/format"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed mutants.txt
var mutantsText string

var long = flag.Bool("long", false, "grade all mutants, which takes minutes")

// mutated is the part whose stack they change: the one with the code of all parts.
const mutated = "part5-retransmission"

// A mutant is a small fault.
type mutant struct{ name, file, caught, old, new string }

func mutants() (all []mutant) {
	var m *mutant
	for line := range strings.Lines(mutantsText) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case strings.HasPrefix(line, "-- "):
			all = append(all, mutant{name: strings.Trim(strings.TrimSpace(line), "- ")})
			m = &all[len(all)-1]
		case strings.HasPrefix(line, "//"):
		case strings.HasPrefix(line, "-"):
			m.old += line[1:]
		case strings.HasPrefix(line, "+"):
			m.new += line[1:]
		case key == "file":
			m.file = value
		case key == "caught":
			m.caught = value
		}
	}
	return all
}

func (m mutant) path() string { return filepath.Join("..", "..", mutated, "stack", m.file) }

// source is the file with the fault in it. What the list has of a line may be its beginning.
func (m mutant) source() ([]byte, error) {
	text, err := os.ReadFile(m.path())
	if err != nil {
		return nil, err
	}
	old, new := strings.TrimSuffix(m.old, "\n"), strings.TrimSuffix(m.new, "\n")
	at := code(string(text))
	if n := strings.Count(at, old); n != 1 {
		return nil, fmt.Errorf("%s has these lines %d times, want once:\n%s", m.file, n, m.old)
	}
	return []byte(strings.Replace(at, old, new, 1)), nil
}

// code is a file without the lines that are only comments, so that a mutant need not have them.
func code(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if trimmed := strings.TrimSpace(line); !strings.HasPrefix(trimmed, "//") || strings.HasPrefix(trimmed, "//go:") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// The list fits the stack that there is, and the scripts.
func TestMutantsFit(t *testing.T) {
	all := mutants()
	if len(all) < 60 {
		t.Errorf("there are %d mutants, want 60 at least", len(all))
	}
	c, err := collect(options{part: 5})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		found := 0
		for _, j := range c.jobs {
			if strings.Contains(j.title(), m.caught) {
				found++
			}
		}
		if found == 0 {
			t.Errorf("%s: nothing to play is called %q", m.name, m.caught)
		}
		source, err := m.source()
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
		} else if _, err := format.Source(source); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

// Each mutant is caught by a check or a script that is about it, and by it alone if the stack is as it was.
func TestMutants(t *testing.T) {
	if !*long {
		return // it takes minutes: go test ./shared/grade -run TestMutants -args -long
	}
	for _, m := range mutants() {
		t.Run(m.name, func(t *testing.T) {
			program := m.build(t)
			var out strings.Builder
			if grade([]string{"-only", m.caught, "--", program, "-q", "-tap", "fd:3"}, &out, io.Discard) != failed {
				t.Errorf("%q has not noticed it:\n%s", m.caught, out.String())
			}
		})
	}
}

// build builds the part with the fault, over the sources as they are.
func (m mutant) build(t *testing.T) (program string) {
	t.Helper()
	source, err := m.source()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, m.file)
	path, err := filepath.Abs(m.path())
	if err != nil {
		t.Fatal(err)
	}
	overlay, _ := json.Marshal(map[string]map[string]string{"Replace": {path: file}})
	program = filepath.Join(dir, "stack")
	for name, text := range map[string][]byte{file: source, filepath.Join(dir, "overlay.json"): overlay} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-buildvcs=false", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "framebyframe/"+mutated)
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the mutant does not compile: %v\n%s", err, said)
	}
	return program
}
