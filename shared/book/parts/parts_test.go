package parts_test

import (
	"path/filepath"
	"strings"
	"testing"

	"framebyframe/shared/book/desk"
	"framebyframe/shared/book/parts"
)

func TestRoot(t *testing.T) {
	for text, found := range map[string]bool{
		"module framebyframe\n\ngo 1.25.0\n":          true,
		"// a word\nmodule\tframebyframe // more\r\n": true,
		"module framebyframe/shared/bench\n":          false,
		"module another\n// module framebyframe\n":    false,
	} {
		d := desk.New(t, "a/b/c", "", "go.mod", text)
		got, err := parts.Root(d.Path("a/b"))
		if found && (err != nil || got != d.Root) {
			t.Errorf("%q: %q, %v, want %q", text, got, err, d.Root)
		}
		if !found && (err == nil || !strings.Contains(err.Error(), "change into one")) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestParts(t *testing.T) {
	d := desk.New(t, "part10-j/a", "", "part2-b/a", "", "part1-a/a", "", "partial-x/main.go", "", "part3-empty/a", "")
	d.Remove("part3-empty/main.go")
	tree := d.Tree()
	if len(tree.Parts) != 3 || tree.Parts[2].Number != 10 || tree.Parts[0].Name != "part1-a" {
		t.Errorf("%v", tree.Parts)
	}
	for name, want := range map[string]int{"1": 1, "part10-j": 10, "./part2-b/": 2, "3": 0, "b": 0} {
		if p, err := tree.Find(name); p.Number != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
	d.Write("part1-b/main.go", "")
	if _, err := parts.Open(d.Root); err == nil || !strings.Contains(err.Error(), "same number") {
		t.Errorf("%v", err)
	}
}

// A test runs on the part that it stands in and on all later ones, until one has a file of the same name.
func TestTestFiles(t *testing.T) {
	d := desk.New(t, "part1-a/stack/a_test.go", "", "part1-a/stack/b_test.go", "", "part1-a/lab_test.go", "",
		"part1-a/exercise_test.go", "", "part2-b/stack/b_test.go", "", "part3-c/stack/c_test.go", "", "part3-c/stack/exercise_test.go", "")
	tree := d.Tree()
	for at, want := range []string{"a@1 b@1", "a@1 b@2", "a@1 b@2 c@3"} {
		var got []string
		for _, f := range tree.TestFiles(tree.Parts[at], parts.StackDir) {
			got = append(got, strings.TrimSuffix(f.Name, "_test.go")+"@"+f.From.Name[4:5])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("part %d: %s, want %s", at+1, got, want)
		}
	}
	overlay := tree.Inherited(tree.Parts[2])
	if len(overlay) != 3 || overlay[d.Path("part3-c/lab_test.go")] != d.Path("part1-a/lab_test.go") || overlay[d.Path("part3-c/stack/b_test.go")] != d.Path("part2-b/stack/b_test.go") {
		t.Errorf("%v", overlay)
	}
}

func TestSource(t *testing.T) {
	d := desk.New(t, "a.go", "package a\n\n// T is\n// a type.\ntype T int\n\nconst (\n\tx = 1\n\ty = 2\n)\n\n// m is one.\nfunc (t *T) m() {} // the end\n\n"+
		"func m() {}\n\ntype l[E any] []E\n\nfunc (l l[E]) n() {}\n\nfunc TestX() {}\n\nfunc Testify() {}\n\nfunc (T) TestY() {}\n\nfunc TestMain() {}\n")
	src, err := parts.Parse(d.Path("a.go"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"T": 3, "x": 7, "y": 7, "T.m": 12, "(*T).m": 12, "m": 15, "l.n": 19, "U.m": 0, "z": 0} {
		if got := src.Line(name); got != want {
			t.Errorf("%s is at line %d, want %d", name, got, want)
		}
	}
	decl, _ := src.Decl("T.m")
	if got := src.Lines(decl); got != "// m is one.\nfunc (t *T) m() {} // the end" {
		t.Errorf("%q", got)
	}
	if tests := src.Tests(); len(tests) != 1 || tests[0].Name.Name != "TestX" {
		t.Errorf("%v", tests)
	}
}

// What differs is counted as it is in the working tree, new files included, and git's own index sees nothing of it.
func TestCompare(t *testing.T) {
	d := desk.Committed(t, "part1-a/a.go", "1\n2\n3\n", "part1-a/b.go", "b\n", "part1-a/x.cap", "\x00a", "part2-b/a.go", "1\n2\n3\n", "part2-b/x.cap", "\x00a")
	d.Write("part2-b/a.go", "1\n3\n4\n5\n")
	d.Write("part2-b/new.go", "n\n")
	d.Write("part2-b/x.cap", "\x00b")
	tree := d.Tree()
	x, err := tree.NewIndex(false)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	from, _ := x.Dir(tree.Parts[0])
	to, _ := x.Dir(tree.Parts[1])
	got, err := x.Compare(from, to)
	want := []parts.Change{{Name: "a.go", Kind: 'M', Added: 2, Removed: 1}, {Name: "b.go", Kind: 'D', Removed: 1}, {Name: "main.go", Kind: '='}, {Name: "new.go", Kind: 'A', Added: 1}, {Name: "x.cap", Kind: 'M'}}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%v, %v", got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%v, want %v", got[i], want[i])
		}
	}
	if staged, _ := tree.Git(nil, "diff", "--cached", "--name-only"); staged != "" {
		t.Errorf("staged: %s", staged)
	}
}

// What a command starts ends with it.
func TestRunLimit(t *testing.T) {
	_, err := parts.Run(t.Context(), parts.Command{Limit: 100e6, Args: []string{"sh", "-c", "sleep 60; true"}})
	if err == nil || !strings.Contains(err.Error(), "did not end within") {
		t.Errorf("%v", err)
	}
	if _, err := parts.Run(t.Context(), parts.Command{Limit: 1e9, Args: []string{filepath.Join(t.TempDir(), "no")}}); err == nil || !strings.Contains(err.Error(), "cannot run") {
		t.Errorf("%v", err)
	}
}
