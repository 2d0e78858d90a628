package main

import (
	"bytes"
	"strings"
	"testing"

	"framebyframe/shared/book/desk"
)

// book calls the program in a directory.
func book(t *testing.T, dir string, args ...string) (status int, said string) {
	var out bytes.Buffer
	status = run(t.Context(), dir, args, &out, &out)
	return status, out.String()
}

func TestUsage(t *testing.T) {
	for _, args := range []string{"", "help", "-h", "fill -h", "fill -x", "check -x", "carry -x", "carry -n 2", "update 1", "diff 1", "journey 1", "exercises 1",
		"rfc x", "plots x", "robustness x", "robustness -check", "robustness -check -fuzzonly x", "site x", "rerun -h"} {
		if status, said := book(t, ".", strings.Fields(args)...); status != 2 || !strings.Contains(said, "usage: go run ./shared/book") {
			t.Errorf("%s: status %d\n%s", args, status, said)
		}
	}
	for args, says := range map[string]string{"fill -only code,x": `no kind "x"`, "diff 1 99": "there is no part 99"} {
		if status, said := book(t, ".", strings.Fields(args)...); status != 1 || !strings.Contains(said, says) {
			t.Errorf("%s: status %d\n%s", args, status, said)
		}
	}
	if status, said := book(t, t.TempDir(), "check"); status != 1 || !strings.Contains(said, "not inside a checkout") {
		t.Errorf("status %d\n%s", status, said)
	}
}

// A page is stale, is filled, and is not stale.
func TestFill(t *testing.T) {
	d := desk.Committed(t, "part1-a/main.go", "package main\n\nfunc main() {}\n\nfunc one() {}\n", "docs/a.md", "<!-- code: part1-a/main.go one -->\n", "README.md", "<!-- run: echo hello; echo no >&2 -->\n")
	t.Chdir(d.Root)
	if status, said := book(t, ".", "check", "-runs", "docs/a.md", "README.md"); status != 1 || !strings.Contains(said, "docs/a.md:1: stale") || !strings.Contains(said, "README.md:1: stale") || !strings.Contains(said, "2 to repair") {
		t.Errorf("status %d\n%s", status, said)
	}
	if status, said := book(t, ".", "check", "README.md"); status != 0 {
		t.Errorf("without -runs: status %d\n%s", status, said)
	}
	if status, said := book(t, ".", "fill"); status != 0 || strings.Count(said, "filled 1 of 1") != 2 {
		t.Errorf("status %d\n%s", status, said)
	}
	if text := d.Read("README.md"); !strings.Contains(text, "$ echo hello; echo no >&2\nhello\n```") {
		t.Errorf("%s", text)
	}
	if status, said := book(t, ".", "check", "-runs", "docs/a.md", "README.md"); status != 0 || said != "" {
		t.Errorf("status %d\n%s", status, said)
	}
}

// This repository is as it should be, as far as can be seen without running anything that takes long.
func TestThisRepository(t *testing.T) {
	if status, said := book(t, ".", "check"); status != 0 {
		t.Errorf("status %d\n%s", status, said)
	}
}
