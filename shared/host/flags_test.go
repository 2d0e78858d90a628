package host

import (
	"bytes"
	"errors"
	"flag"
	"strings"
	"testing"
)

// parse reads a command line, one argument between two blanks.
func parse(line string) (fs *flag.FlagSet, number int, file, usage string, err error) {
	fs = flag.NewFlagSet("part", flag.ContinueOnError)
	fs.Func("n", "a `N` (default 1)", Number(&number, -1, 10))
	fs.Func("file", "a `FILE`", NewFile(&file))
	fs.Func("drop", "repeatable `N`", func(string) error { return nil })
	fs.Int("m", 7, "another `M`")
	fs.Bool("q", false, "quiet")
	var out bytes.Buffer
	err = Parse(fs, strings.Split(line, " "), &out, "drop")
	return fs, number, file, out.String(), err
}

func TestParse(t *testing.T) {
	for line, want := range map[string]string{
		"-n 3 -m 4 -file x -q -q -drop 1 -drop 2": "",
		"-n=010":         "", // ten
		"-n=-1":          "",
		"-n 1 -n 1":      "for flag -n: this flag was given before",
		"-m=1 --m 2":     "for flag -m: this flag was given before",
		"-n 11":          "for flag -n: want a number from -1 to 10",
		"-n -2":          "for flag -n: want a number from -1 to 10",
		"-n +3":          "for flag -n: want a number",
		"-n 0x3":         "for flag -n: want a number",
		"-n ":            "for flag -n: want a number",
		"-n":             "needs an argument: -n",
		"-file ":         "for flag -file: want the name of a file",
		"-file .":        "this is a directory",
		"-file a/b":      "",
		"-q x":           `unexpected argument "x"`,
		"-q -- x":        `unexpected argument "x"`,
		"-p":             "not defined: -p",
		"-q=1 -q=0 -q=x": "for -q",
	} {
		_, _, _, usage, err := parse(line)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", line, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%s: %v, want a line with %q", line, err, want)
		case usage != "":
			t.Errorf("%s: the usage is for -h alone", line)
		}
	}
	if _, n, file, _, _ := parse("-n 010 -file x"); n != 10 || file != "x" {
		t.Errorf("-n 010 is %d, -file x is %q", n, file)
	}
}

// What guards against a second value does not show in the help.
func TestHelp(t *testing.T) {
	_, _, _, usage, err := parse("-m 3 -h")
	if !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	const want = `usage: part [flags]
  -drop N
    	repeatable N
  -file FILE
    	a FILE
  -m M
    	another M (default 7)
  -n N
    	a N (default 1)
  -q	quiet
`
	if usage != want {
		t.Errorf("got\n%swant\n%s", usage, want)
	}
}

func TestTogether(t *testing.T) {
	fs, _, _, _, err := parse("-n 1 -m 1")
	if err != nil {
		t.Fatal(err)
	}
	if !Given(fs, "n") || Given(fs, "q") {
		t.Error("Given")
	}
	if err := AtMostOne(fs, "q", "n", "file", "m"); err == nil || err.Error() != "-n and -m: only one of them at a time" {
		t.Errorf("AtMostOne: %v", err)
	}
	if err := AtMostOne(fs, "q", "n", "file"); err != nil {
		t.Errorf("AtMostOne: %v", err)
	}
	if err := Needs(fs, "n", "file"); err == nil || err.Error() != "-n is of use with -file only" {
		t.Errorf("Needs: %v", err)
	}
	if err := errors.Join(Needs(fs, "n", "m"), Needs(fs, "q", "file")); err != nil {
		t.Errorf("Needs: %v", err)
	}
}

// OneOf takes the names that there are, and says which those are.
func TestOneOf(t *testing.T) {
	name := "a"
	read := OneOf(&name, "a", "b")
	if err := read("b"); err != nil || name != "b" {
		t.Errorf("b: %v, %q", err, name)
	}
	for _, wrong := range []string{"", "c", "A"} {
		if err := read(wrong); err == nil || err.Error() != "want a or b" || name != "b" {
			t.Errorf("%q: %v, %q; want it refused", wrong, err, name)
		}
	}
}
