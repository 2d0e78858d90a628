package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Nothing of the user's may change what the tests see: not his settings, and not the repository that a git hook, which
// may be what runs them, points to.
func TestMain(m *testing.M) {
	for _, setting := range os.Environ() {
		if name, _, _ := strings.Cut(setting, "="); strings.HasPrefix(name, "GIT_") {
			os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_SYSTEM": os.DevNull,
		"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
		"GIT_COMMITTER_NAME": "C", "GIT_COMMITTER_EMAIL": "c@example.org",
	} {
		os.Setenv(name, value)
	}
	os.Exit(m.Run())
}

// The parts of the fake repositories.
const (
	one   = "part1-one"
	two   = "part2-two"
	three = "part3-three"
)

// fake is a small repository with parts.
type fake struct {
	t    *testing.T
	root string
}

// newFake makes a repository with these files: name, contents, name, contents.
func newFake(t *testing.T, files ...string) *fake {
	t.Helper()
	f := &fake{t, t.TempDir()}
	f.git("init", "-q")
	f.write("go.mod", "module "+moduleName+"\n\ngo 1.25.0\n")
	for i := 0; i < len(files); i += 2 {
		f.write(files[i], files[i+1])
	}
	f.commit()
	return f
}

func (f *fake) git(args ...string) {
	f.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = f.root
	if out, err := cmd.CombinedOutput(); err != nil {
		f.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func (f *fake) commit() {
	f.t.Helper()
	f.git("add", "-A")
	f.git("commit", "-q", "-m", "x")
}

func (f *fake) path(name string) string { return filepath.Join(f.root, name) }

func (f *fake) write(name, text string) {
	f.t.Helper()
	if err := os.MkdirAll(filepath.Dir(f.path(name)), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(f.path(name), []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

// replace changes a file as an author would.
func (f *fake) replace(name, old, with string) {
	f.t.Helper()
	text := f.read(name)
	if strings.Count(text, old) != 1 {
		f.t.Fatalf("%s: %q stands there %d times", name, old, strings.Count(text, old))
	}
	f.write(name, strings.Replace(text, old, with, 1))
}

func (f *fake) read(name string) string {
	f.t.Helper()
	data, err := os.ReadFile(f.path(name))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(data)
}

func (f *fake) remove(name string) {
	f.t.Helper()
	if err := os.Remove(f.path(name)); err != nil {
		f.t.Fatal(err)
	}
}

// want checks what a file contains; "" if it must not be there.
func (f *fake) want(name, text string) {
	f.t.Helper()
	data, err := os.ReadFile(f.path(name))
	if text == "" && !os.IsNotExist(err) {
		f.t.Errorf("%s is there", name)
	}
	if string(data) != text {
		f.t.Errorf("%s is\n%s\nwant\n%s", name, data, text)
	}
}

// run runs the command and checks its status. It returns what was printed.
func (f *fake) run(status int, args ...string) string {
	f.t.Helper()
	var out bytes.Buffer
	if got := run(args, f.root, &out, &out); got != status {
		f.t.Errorf("parts %v: status %d, want %d\n%s", args, got, status, &out)
	}
	return out.String()
}

// carry carries and checks the report. Then it does so again, with its memory and without: that must change nothing.
func (f *fake) carry(report ...string) {
	f.t.Helper()
	if got, want := f.run(statusOK, "carry"), strings.Join(report, "\n")+"\n"; got != want {
		f.t.Errorf("carry reports\n%swant\n%s", got, want)
	}
	f.idle()
	f.forget()
	f.idle()
}

// idle checks that there is nothing more to carry.
func (f *fake) idle() {
	f.t.Helper()
	before := f.snapshot()
	f.run(statusOK, "carry")
	if after := f.snapshot(); after != before {
		f.t.Errorf("carrying again makes of\n%s\nthis:\n%s", before, after)
	}
}

// forget takes carry's memory away.
func (f *fake) forget() { os.Remove(f.path(".git/parts-carried.json")) }

// snapshot returns all files with their modes in one text.
func (f *fake) snapshot() string {
	f.t.Helper()
	files, err := listFiles(f.root)
	if err != nil {
		f.t.Fatal(err)
	}
	var b strings.Builder
	for _, name := range files {
		info, err := os.Stat(f.path(name))
		if err != nil {
			f.t.Fatal(err)
		}
		b.WriteString(info.Mode().String() + " " + name + "\n" + f.read(name) + "\n")
	}
	return b.String()
}

// wantLine checks that a line of out contains all the texts.
func wantLine(t *testing.T, out string, texts ...string) {
	t.Helper()
lines:
	for line := range strings.Lines(out) {
		for _, text := range texts {
			if !strings.Contains(line, text) {
				continue lines
			}
		}
		return
	}
	t.Errorf("no line with %q in\n%s", texts, out)
}
