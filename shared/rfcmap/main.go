// Command rfcmap keeps docs/rfc-map.md true: the table of what RFC 9293 demands, where the parts do it, and which tests
// would fail if they did not; and a second one, of the other RFCs.
//
// It reads the tables and the parts' source. Every number of RFC 9293 must have one row; the declarations and tests that
// a row names must exist in the part that it names, and not all of them in an earlier one; and what is not as the RFC
// wants it must have a reason. What no command can see, whether a test fails for the right reason, is for whoever writes
// the row: break the code, and look.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"framebyframe/shared/worktree"
)

const usage = `usage: go run ./shared/rfcmap [-check]

Checks docs/rfc-map.md against the source of the parts, has each name in its
tables lead to the file that declares it, and counts. With -check it changes nothing.

`

// mapFile is the page, seen from the checkout's root.
const mapFile = "docs/rfc-map.md"

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program. It returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("rfcmap", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	checkOnly := flags.Bool("check", false, "")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	root, err := worktree.Root(".")
	if err == nil {
		err = work(root, *checkOnly, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "rfcmap: %v\n", err)
		return 1
	}
	return 0
}

// work checks the page, and writes it with its links unless it is only to be checked.
func work(root string, checkOnly bool, stdout io.Writer) error {
	file := filepath.Join(root, mapFile)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	parts, err := readParts(root)
	if err != nil {
		return err
	}
	p := parsePage(string(text))
	problems := p.check(parts)
	linked := p.link(parts)
	if linked != string(text) {
		if checkOnly {
			problems = append(problems, "the links, or the line below "+summaryMark+", are stale: go run ./shared/rfcmap")
		} else if err := os.WriteFile(file, []byte(linked), 0o644); err != nil {
			return err
		}
	}
	for _, problem := range problems {
		fmt.Fprintf(stdout, "%s: %s\n", mapFile, problem)
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s is not what the source says (%d to repair)", mapFile, len(problems))
	}
	fmt.Fprintln(stdout, p.summary())
	return nil
}
