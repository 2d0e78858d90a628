package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"framebyframe/shared/worktree"
)

const source = "package main\n\nfunc main() {}\n"

// good returns a repository with two parts in which all is well.
func good(t *testing.T, files ...string) *fake {
	t.Helper()
	f := newFake(t, append([]string{
		one + "/main.go", source, one + "/arp.go", "package main\n", one + "/arp_test.go", "package main\n",
		two + "/main.go", source, two + "/arp.go", "package main\n", two + "/arp_test.go", "package main\n",
		two + "/ipv4.go", "package main\n", two + "/gap_test.go", "package main\n",
	}, files...)...)
	f.run(statusOK, "update")
	return f
}

// constants is Go source of n lines.
func constants(name string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "const %s%d = 0\n", name, i)
	}
	return b.String()
}

func TestGood(t *testing.T) {
	f := good(t)
	wantLine(t, f.run(statusOK, "check"), "2 parts checked")
	before := f.snapshot()
	f.run(statusOK, "update")
	if f.snapshot() != before {
		t.Error("a second update changes something")
	}
}

func TestOnePart(t *testing.T) {
	f := newFake(t, one+"/main.go", source)
	wantLine(t, f.run(statusFailed, "check"), changesFile+" is missing", "parts update")
	f.run(statusOK, "update")
	wantLine(t, f.read(changesFile), "only one part yet")
	f.run(statusOK, "check")
}

func TestTable(t *testing.T) {
	f := good(t, one+"/mac.go", "package main\n", one+"/gap_test.go", "package main\n\n",
		two+"/mac.go", "package main\n\nconst a = 1\n", two+"/main.go", "package main\n\nfunc main() { println() }\n")
	const want = changesIntro + `
part1-one -> part2-two
----------------------

the stack
  the same: 1 file
  changed: 2 files
    mac.go   +2 -0
    main.go  +1 -1
    +2 -0 in all, of at most +150 -50; main.go does not count
  new: 1 file, 1 line
    ipv4.go  1

its tests
  the same: 1 file
  changed: 1 file
    gap_test.go  +0 -1
  new: 0 files, 0 lines
`
	f.want(changesFile, want)
	f.run(statusOK, "check")
}

func TestForgottenCarry(t *testing.T) {
	f := good(t)
	f.write(one+"/arp.go", "package main\n\n// Fixed.\n")
	out := f.run(statusFailed, "check")
	wantLine(t, out, two+"/arp.go differs from "+one+" by +0 -2", "does not list it", "parts carry", "parts update")
	wantLine(t, out, "1 failure,") // one cause, one line
	f.run(statusOK, "carry")
	f.run(statusOK, "check")
	f.write(one+"/arp_test.go", "package main\n\n// Fixed.\n")
	wantLine(t, f.run(statusFailed, "check"), two+"/arp_test.go differs")
	f.run(statusOK, "update")
	f.run(statusOK, "check")
	f.write(one+"/arp_test.go", "package main\n")
	f.write(two+"/arp_test.go", "package main\n\n")
	wantLine(t, f.run(statusFailed, "check"), two+"/arp_test.go differs", "+1 -0", "says +0 -2")
}

func TestStaleTable(t *testing.T) {
	f := good(t)
	f.write(two+"/ipv4.go", "package main\n\n// A line more.\n")
	wantLine(t, f.run(statusFailed, "check"), changesFile+" is stale", "parts update")
	f.run(statusOK, "update")
	f.run(statusOK, "check")
	f.write(changesFile, f.read(changesFile)+"\n")
	wantLine(t, f.run(statusFailed, "check"), changesFile+" is stale")
}

// Limits may be met exactly, and must not be exceeded by a line. main.go, tests and new files do not count.
func TestLimits(t *testing.T) {
	for _, test := range []struct {
		from, to       string
		added, removed int
	}{{one, two, 150, 50}, {"part3-x", "part4-y", 150, 50}, {"part4-y", "part5-z", 250, 90}} {
		for _, over := range []struct{ added, removed int }{{0, 0}, {1, 0}, {0, 1}} {
			added, removed := test.added+over.added, test.removed+over.removed
			f := newFake(t, test.from+"/main.go", source, test.to+"/main.go", source+constants("main", 100),
				test.from+"/a_test.go", "package main\n", test.to+"/a_test.go", "package main\n"+constants("test", 100),
				test.from+"/arp.go", "package main\n"+constants("old", removed), test.to+"/arp.go", "package main\n"+constants("new", added-1),
				test.from+"/mac.go", "package main\n", test.to+"/mac.go", "package main\nconst mac = 0\n",
				test.to+"/ipv4.go", "package main\n"+constants("ip", 100))
			f.run(statusOK, "update")
			if added == test.added && removed == test.removed {
				f.run(statusOK, "check")
				continue
			}
			wantLine(t, f.run(statusFailed, "check"), test.to+" changes the files of "+test.from,
				fmt.Sprintf("+%d -%d, which is more than +%d -%d", added, removed, test.added, test.removed), "arp.go", "mac.go +1 -0")
		}
	}
}

func TestMissingFile(t *testing.T) {
	f := good(t, one+"/ethernet.go", "package main\n", one+"/mac_test.go", "package main\n", one+"/gap_test.go", "package main\n")
	f.remove(two + "/gap_test.go") // may go
	f.run(statusOK, "update")
	out := f.run(statusFailed, "check")
	wantLine(t, out, one+"/ethernet.go is missing in "+two)
	wantLine(t, out, one+"/mac_test.go is missing in "+two)
	wantLine(t, out, "2 failures")
	wantLine(t, f.read(changesFile), "no longer there: gap_test.go")
}

func TestImports(t *testing.T) {
	packet := "import _ \"github.com/google/gopacket/layers\"\n"
	script := "import _ \"framebyframe/shared/script\"\n"
	anyPart := "import _ \"framebyframe/part1-one\"\n"
	for name, test := range map[string]struct{ text, why string }{
		one + "/arp.go":                     {"package main\n" + packet, "only tests and shared/script may"},
		"shared/wire/wire.go":               {"package wire\n" + packet, "only tests and shared/script may"},
		"shared/lab/lab.go":                 {"package main\n" + script, "only tests may"},
		two + "/ipv4.go":                    {"package main\n" + anyPart, "each part is complete by itself"},
		two + "/arp_test.go":                {"package main\n" + anyPart, "each part is complete by itself"},
		"shared/lab/part.go":                {"package main\n" + anyPart, "shared/ serves all parts"},
		two + "/gap_test.go":                {"package main_test\n", "all files of a part are in package main"},
		one + "/main.go":                    {"package one\n", "all files of a part are in package main"},
		"shared/script/script.go":           {"package script\n" + packet, ""},
		"shared/script/deep/deep.go":        {"package deep\n" + packet + script, ""},
		"shared/wire/wire_test.go":          {"package wire\n" + packet + script, ""},
		one + "/testdata/arp.go":            {"package nothing\n" + packet, ""},
		two + "/testdata/arp.go":            {"package nothing\n" + packet, ""},
		"shared/parts/testdata/x/y/wire.go": {"no Go\n", ""},
		"shared/wire/broken.go":             {"no Go\n", "it must compile"},
	} {
		f := good(t, name, test.text)
		c, err := openCheckout(f.root)
		if err != nil {
			t.Fatal(err)
		}
		failures, err := checkImports(c)
		switch {
		case err != nil:
			t.Error(err)
		case test.why == "" && len(failures) > 0:
			t.Errorf("%s: %q", name, failures)
		case test.why != "" && (len(failures) != 1 || !strings.HasPrefix(failures[0], name) || !strings.Contains(failures[0], test.why)):
			t.Errorf("%s: %q, want one failure with %q", name, failures, test.why)
		}
	}
	f := good(t, "shared/wire/wire.go", "package wire\n"+packet)
	wantLine(t, f.run(statusFailed, "check"), "shared/wire/wire.go imports github.com/google/gopacket/layers")
}

func TestUsage(t *testing.T) {
	f := good(t)
	for _, args := range [][]string{nil, {"-h"}, {"carry", "-h"}, {"carry", "-x"}, {"carry", "-n", "2"}, {"check", "now"}, {"update", "-n"}, {"help"}} {
		wantLine(t, f.run(statusUsage, args...), "usage: go run ./shared/parts")
	}
	var out strings.Builder
	if status := run([]string{"check"}, f.path(one), &out, &out); status != statusOK {
		t.Errorf("in a directory of the checkout: status %d\n%s", status, &out)
	}
	if status := run([]string{"check"}, t.TempDir(), &out, &out); status != statusFailed {
		t.Errorf("outside of a checkout: status %d\n%s", status, &out)
	}
	wantLine(t, out.String(), "not inside a checkout")
}

// Without git, as in an unpacked archive, the parts can still be checked, but nothing can be carried.
func TestWithoutRepository(t *testing.T) {
	f := good(t)
	if err := os.RemoveAll(f.path(".git")); err != nil {
		t.Fatal(err)
	}
	f.run(statusOK, "check")
	wantLine(t, f.run(statusFailed, "carry"), "carry compares with the last commit")
}

func TestTwoPartsWithOneNumber(t *testing.T) {
	f := newFake(t, one+"/main.go", source, "part1-other/main.go", source)
	wantLine(t, f.run(statusFailed, "check"), "same number")
}

// The parts of this repository obey the rules.
func TestThisRepository(t *testing.T) {
	root, err := worktree.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(root + "/" + changesFile); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("there is no %s yet: write it with \"go run ./shared/parts update\"", changesFile)
	}
	var out strings.Builder
	if status := run([]string{"check"}, ".", &out, &out); status != statusOK {
		t.Errorf("check: status %d\n%s", status, &out)
	}
}
