// Command parts keeps the parts of the tutorial in step.
//
// Each part is a copy of the part before plus its lesson. The command carries a fix made in an earlier part through all
// later ones, writes the table of what each part changes, docs/changes.txt, and checks the rules that make the difference
// between two parts worth reading: how large it may be, and which file may use which (layers.txt).
package main

import (
	"fmt"
	"io"
	"os"
)

const usage = `usage: go run ./shared/parts COMMAND, anywhere in the checkout

  carry [-n]  carries what changed in a part since the last commit through all
              later parts; -n shows what would be done, and does nothing
  check       checks the parts' differences against docs/changes.txt, their
              limits, who imports what, and the layers (shared/parts/layers.txt)
  update      writes docs/changes.txt

status 0: all is well; 1: it is not, and each line says what to do; 2: wrong usage
`

// Exit statuses.
const (
	statusOK     = 0
	statusFailed = 1
	statusUsage  = 2
)

func main() { os.Exit(run(os.Args[1:], ".", os.Stdout, os.Stderr)) }

// run is the whole program, called in the directory dir. It returns the exit status.
func run(args []string, dir string, stdout, stderr io.Writer) int {
	command, ok := parseCommand(args)
	if !ok {
		fmt.Fprint(stderr, usage)
		return statusUsage
	}
	c, err := openCheckout(dir)
	if err == nil {
		err = command(c, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "parts: %v\n", err)
		return statusFailed
	}
	return statusOK
}

// parseCommand returns the function that args ask for.
func parseCommand(args []string) (func(*checkout, io.Writer) error, bool) {
	switch {
	case len(args) == 1 && args[0] == "check":
		return check, true
	case len(args) == 1 && args[0] == "update":
		return update, true
	case len(args) == 1 && args[0] == "carry":
		return carry, true
	case len(args) == 2 && args[0] == "carry" && args[1] == "-n":
		return carryNothing, true
	}
	return nil, false
}
