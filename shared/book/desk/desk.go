// Package desk makes small checkouts in temporary directories, for the tests of shared/book.
package desk

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"framebyframe/shared/book/parts"
)

// A Desk is a small checkout.
type Desk struct {
	*testing.T
	Root string
}

// Main is the program of a part that does nothing.
const Main = "package main\n\nfunc main() {}\n"

var inPart = regexp.MustCompile(`^part[0-9]+-[\w-]+/`)

// New makes a checkout with these files: name, text, name, text. Each part gets a program.
func New(t *testing.T, files ...string) *Desk {
	t.Helper()
	d := &Desk{t, t.TempDir()}
	d.Write("go.mod", "module "+parts.Module+"\n\ngo 1.25.0\n")
	for i := 0; i < len(files); i += 2 {
		if main := inPart.FindString(files[i]) + "main.go"; main != "main.go" {
			d.Write(main, Main)
		}
	}
	for i := 0; i < len(files); i += 2 {
		d.Write(files[i], files[i+1])
	}
	return d
}

// Committed makes one with a commit of them all. Nothing that a user has set changes what git does.
func Committed(t *testing.T, files ...string) *Desk {
	t.Helper()
	for _, setting := range os.Environ() {
		if name, _, _ := strings.Cut(setting, "="); strings.HasPrefix(name, "GIT_") { // such as a hook's, which may run this
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_SYSTEM": os.DevNull, "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
		"GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@example.org",
	} {
		t.Setenv(name, value)
	}
	d := New(t, files...)
	d.Git("init", "-q")
	d.Commit()
	return d
}

// Git runs git.
func (d *Desk) Git(args ...string) {
	d.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = d.Root
	if out, err := cmd.CombinedOutput(); err != nil {
		d.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// Commit commits all there is.
func (d *Desk) Commit() {
	d.Helper()
	d.Git("add", "-A")
	d.Git("commit", "-q", "--allow-empty", "-m", "x")
}

// Path returns where a file is.
func (d *Desk) Path(name string) string { return filepath.Join(d.Root, name) }

// Write makes a file what text says.
func (d *Desk) Write(name, text string) {
	d.Helper()
	if err := os.MkdirAll(filepath.Dir(d.Path(name)), 0o755); err != nil {
		d.Fatal(err)
	}
	if err := os.WriteFile(d.Path(name), []byte(text), 0o644); err != nil {
		d.Fatal(err)
	}
}

// Read returns the text of a file; "" if it is not there.
func (d *Desk) Read(name string) string {
	d.Helper()
	text, err := os.ReadFile(d.Path(name))
	if err != nil && !os.IsNotExist(err) {
		d.Fatal(err)
	}
	return string(text)
}

// Replace changes a file as an author would.
func (d *Desk) Replace(name, old, with string) {
	d.Helper()
	text := d.Read(name)
	if !strings.Contains(text, old) {
		d.Fatalf("%s has no %q", name, old)
	}
	d.Write(name, strings.ReplaceAll(text, old, with))
}

// Remove removes a file.
func (d *Desk) Remove(name string) {
	d.Helper()
	if err := os.Remove(d.Path(name)); err != nil {
		d.Fatal(err)
	}
}

// Want checks what a file contains; "" if it must not be there.
func (d *Desk) Want(name, text string) {
	d.Helper()
	if got := d.Read(name); got != text {
		d.Errorf("%s is\n%s\nwant\n%s", name, got, text)
	}
}

// Tree returns the checkout.
func (d *Desk) Tree() *parts.Tree {
	d.Helper()
	t, err := parts.Open(d.Root)
	if err != nil {
		d.Fatal(err)
	}
	return t
}
