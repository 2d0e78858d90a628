package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Limits, so that nothing that hangs stops the check.
const (
	buildLimit = 3 * time.Minute
	testLimit  = time.Minute
)

// A solved part is the part with a solution: what differs from the tree.
type overlay map[string]string // from the file's place in the tree to the one that takes it; "": it is gone

// apply puts a solution on a copy of the part's files in dir, and returns what differs then.
func (p *part) apply(diff []byte, dir string) (overlay, error) {
	if err := os.CopyFS(filepath.Join(dir, p.name), os.DirFS(p.dir())); err != nil {
		return nil, err
	}
	apply := func(args ...string) ([]byte, error) {
		cmd := exec.Command("git", append([]string{"apply"}, args...)...)
		cmd.Dir, cmd.Stdin = dir, bytes.NewReader(diff)
		cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "LC_ALL=C") // no repository: only files
		return cmd.CombinedOutput()
	}
	list, err := apply("--numstat", "-z")
	if err != nil {
		return nil, fmt.Errorf("does not apply: %s", list)
	}
	changed := overlay{}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		name := line[strings.LastIndexByte(line, '\t')+1:]
		if !strings.HasPrefix(name, p.name+"/") {
			return nil, fmt.Errorf("changes %s, which is not the part's", name)
		}
		if name == p.name+"/exercise_test.go" {
			return nil, errors.New("changes the test of the exercises")
		}
		changed[filepath.Join(p.root, name)] = filepath.Join(dir, name)
	}
	if out, err := apply(); err != nil {
		return nil, fmt.Errorf("does not apply: %s", out)
	}
	for place, file := range changed {
		text, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			changed[place] = ""
			continue
		} else if err != nil {
			return nil, err
		}
		if strings.HasSuffix(file, ".go") {
			if formatted, err := format.Source(text); err != nil || !bytes.Equal(formatted, text) {
				return nil, fmt.Errorf("leaves %s as gofmt would not have it (%v)", filepath.Base(file), err)
			}
		}
	}
	return changed, nil
}

// Tests are a program to be run, with or without a solution.
type tests struct {
	program string
	env     []string // so that a test that builds the part builds it with the solution
}

// build vets the part and compiles its tests, with the exercises, to a program in dir.
func (c *checker) build(changed overlay, dir string) (*tests, error) {
	t := &tests{program: filepath.Join(dir, "test")}
	if len(changed) > 0 {
		text, err := json.Marshal(map[string]any{"Replace": changed})
		if err != nil {
			return nil, err
		}
		file := filepath.Join(dir, "overlay.json")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return nil, err
		}
		t.env = []string{strings.TrimSpace("GOFLAGS=" + os.Getenv("GOFLAGS") + " -overlay=" + file)}
	}
	for _, command := range [][]string{{"vet"}, {"test", "-c", "-ldflags=-s -w", "-o", t.program}} {
		args := append(command, "-tags", "exercise", "./"+c.part.name)
		if out, err := c.run(buildLimit, c.part.root, t.env, "go", args...); err != nil {
			return nil, fmt.Errorf("go %s fails: %w\n%s", command[0], err, out)
		}
	}
	return t, nil
}

// test runs tests, in the part's directory.
func (c *checker) test(t *tests, limit time.Duration, args ...string) ([]byte, error) {
	return c.run(limit, c.part.dir(), t.env, t.program, append([]string{"-test.v"}, args...)...)
}
