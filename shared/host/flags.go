// Package host is what the programs of all parts do alike.
package host

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Parse reads a command line of which every part is a flag. Its error is one line that names
// the flag. A flag that takes a value may be given once, for one of two values would be
// ignored, unless its name is among repeatable. If -h is given it writes the flags to usage
// and returns flag.ErrHelp.
func Parse(flags *flag.FlagSet, args []string, usage io.Writer, repeatable ...string) error {
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	again := refuseAgain(flags, repeatable)
	err := flags.Parse(args)
	again()
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(usage, "usage: %s [flags]\n", flags.Name())
		flags.SetOutput(usage)
		flags.PrintDefaults()
		return err
	case err != nil:
		return err
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q: a flag begins with -", flags.Arg(0))
	}
	return nil
}

// refuseAgain makes each flag refuse a second value, until the function that it returns
// is called.
func refuseAgain(flags *flag.FlagSet, repeatable []string) (undo func()) {
	before := make(map[string]flag.Value)
	flags.VisitAll(func(f *flag.Flag) {
		if b, ok := f.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
			return // it has no value: twice is as good as once
		}
		before[f.Name] = f.Value
		f.Value = &once{Value: f.Value}
	})
	for _, name := range repeatable {
		flags.Lookup(name).Value = before[name]
	}
	return func() {
		for name, value := range before {
			flags.Lookup(name).Value = value
		}
	}
}

// once is a flag's value that can be set once.
type once struct {
	flag.Value
	given bool
}

func (o *once) Set(text string) error {
	if o.given {
		return errors.New("this flag was given before")
	}
	o.given = true
	return o.Value.Set(text)
}

// Given reports whether the command line has the flag, whatever its value.
func Given(flags *flag.FlagSet, name string) (given bool) {
	flags.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

// AtMostOne returns an error if the command line has two of the flags, each of which asks for
// something else that the program is to do.
func AtMostOne(flags *flag.FlagSet, names ...string) error {
	first := ""
	for _, name := range names {
		switch {
		case !Given(flags, name):
		case first != "":
			return fmt.Errorf("-%s and -%s: only one of them at a time", first, name)
		default:
			first = name
		}
	}
	return nil
}

// Needs returns an error if the command line has the flag name without the flag other, to
// which it belongs.
func Needs(flags *flag.FlagSet, name, other string) error {
	if Given(flags, name) && !Given(flags, other) {
		return fmt.Errorf("-%s is of use with -%s only", name, other)
	}
	return nil
}

// Number returns a function for flags.Func that reads a decimal number of from to upTo into n.
// (flags.Int would also take 0x10, and 010 for 8.)
func Number(n *int, from, upTo int) func(text string) error {
	return func(text string) error {
		v, err := strconv.Atoi(text)
		if err != nil || v < from || v > upTo || strings.HasPrefix(text, "+") {
			return fmt.Errorf("want a number from %d to %d", from, upTo)
		}
		*n = v
		return nil
	}
}

// OneOf returns a function for flags.Func that reads one of some names into name.
func OneOf(name *string, names ...string) func(text string) error {
	return func(text string) error {
		if !slices.Contains(names, text) {
			return fmt.Errorf("want %s", strings.Join(names, " or "))
		}
		*name = text
		return nil
	}
}

// NewFile returns a function for flags.Func that reads the name of a file that is to be
// written. Whether that is possible will show when it is.
func NewFile(name *string) func(text string) error {
	return func(text string) error {
		if text == "" {
			return errors.New("want the name of a file")
		}
		if info, err := os.Stat(text); err == nil && info.IsDir() {
			return errors.New("want the name of a file, and this is a directory")
		}
		*name = text
		return nil
	}
}

// A WrongFlag is an error about a flag's value that shows only when the program is under way:
// it ends with the status for a wrong command line all the same.
type WrongFlag string

func (w WrongFlag) Error() string { return string(w) }
