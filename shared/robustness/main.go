// Command robustness makes docs/robustness.md: the table of everything bad that is done to the parts, and what became of it.
//
// The rows come from the tests themselves. A test that does something bad reports a row when it has passed (robust_test.go
// in each part): what it did, how often, and what the stack lost by it. This command runs the tests of all parts, and those
// against another stack, collects the rows, fuzzes each target for a while, and writes the table.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

const usage = `usage: go run ./shared/robustness [-fuzz 60s] [-short]
       go run ./shared/robustness -fuzzonly [-fuzz 60s]
       go run ./shared/robustness -check LOG...

Without -check: runs all tests of the parts, with -args -long, then each fuzz target
for a while, and writes docs/robustness.md. That takes long.

With -fuzzonly: fuzzes each target, and writes nothing.

With -check: LOG is what "go test -v" printed. Fails if a row of the table has no
test that reported it, or the other way round. Figures are not compared.

`

// table is the file that the command writes, seen from the checkout's root.
const table = "docs/robustness.md"

// errStale says that the table and the tests do not agree; what exactly has been printed.
var errStale = errors.New(table + " is not what the tests report; run: go run ./shared/robustness")

func main() {
	fuzz := flag.Duration("fuzz", time.Minute, "fuzz each target for this long; 0: not at all")
	short := flag.Bool("short", false, "run the tests as \"go test\" does, without -args -long")
	only := flag.Bool("fuzzonly", false, "fuzz each target, nothing else")
	checked := flag.Bool("check", false, "compare the table with the output of \"go test -v\"")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	if *checked != (flag.NArg() > 0) || *checked && *only || *fuzz < 0 {
		flag.Usage()
		os.Exit(2)
	}
	var err error
	if *only {
		err = report(*fuzz, os.Stdout)
	} else if *checked {
		err = check(flag.Args(), os.Stdout)
	} else {
		err = write(*short, *fuzz, os.Stdout)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "robustness: %v\n", err)
		os.Exit(1)
	}
}

// report fuzzes each target for a while and prints what was tried.
func report(fuzz time.Duration, out io.Writer) error {
	rows, err := fuzzAll(fuzz, out)
	for _, row := range rows {
		fmt.Fprintf(out, "%s: %s\n", row.What, row.Tried)
	}
	return err
}

// write runs everything and writes the table.
func write(short bool, fuzz time.Duration, progress io.Writer) error {
	rows, err := runTests(short, progress)
	if err != nil {
		return err
	}
	fuzzed, err := fuzzAll(fuzz, progress)
	if err != nil {
		return err
	}
	rows = append(rows, fuzzed...)
	where := machine() + ", with -args -long"
	if short {
		where = machine() + ", in the short run of \"go test\""
	}
	page := render(merge(rows), where)
	return os.WriteFile(table, page, 0o644)
}

// check compares the table with the rows in the logs, and the fuzz targets with those there are.
func check(logs []string, out io.Writer) error {
	var rows []row
	for _, name := range logs {
		log, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		found, err := readLog(bytes.NewReader(log))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, found...)
	}
	targets, err := fuzzAll(0, out)
	if err != nil {
		return err
	}
	rows = append(rows, targets...)
	page, err := os.ReadFile(table)
	if err != nil {
		return err
	}
	if !sameRows(keys(merge(rows)), pageKeys(page), out) {
		return errStale
	}
	fmt.Fprintf(out, "%s: %d rows, each with a test that passed\n", table, len(merge(rows)))
	return nil
}
