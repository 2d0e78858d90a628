// Command journey shows which functions of a part a packet passes, in order.
//
// It builds the part's tests with one call added at the beginning of each function, by way of an overlay, so that nothing
// in the part's directory changes, and runs one of the journeys of TestJourney: there a frame comes in, or a program
// writes, or a timer fires, in virtual time. Each call between that moment and the next silence is a line, indented by
// who called it; a function whose call is above the arrow and to the left of it has not returned yet when the frame is
// handed to the device.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"framebyframe/shared/worktree"
)

const usage = `usage: go run ./shared/journey [-all] PART JOURNEY

Shows the functions that a packet passes in a part, in order, with their files.
PART is 1 to 5, or a directory; a JOURNEY that there is not brings the list of those
that there are.
  -all   show also the small ones: functions of a single statement that call no other,
         and what the trace does
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the whole program. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("journey", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	all := flags.Bool("all", false, "")
	err := flags.Parse(args)
	if err == nil && flags.NArg() != 2 {
		err = errors.New("name a part and a journey")
	}
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(stderr, "journey: %v\n\n", err)
		}
		fmt.Fprint(stderr, usage)
		return 2
	}
	text, err := journey(ctx, flags.Arg(0), flags.Arg(1), *all)
	if err != nil {
		fmt.Fprintf(stderr, "journey: %v\n", err)
		return 1
	}
	fmt.Fprint(stdout, text)
	return 0
}

// journey returns the functions of a journey, as text.
func journey(ctx context.Context, part, name string, all bool) (string, error) {
	root, err := worktree.Root(".")
	if err != nil {
		return "", err
	}
	dir, err := findPart(root, part)
	if err != nil {
		return "", err
	}
	events, err := record(ctx, dir, name)
	if err != nil {
		return "", err
	}
	legs, err := grow(events, all)
	return layOut(legs), err
}

// findPart returns the directory of a part, given by its number or its name.
func findPart(root, part string) (string, error) {
	found, _ := filepath.Glob(filepath.Join(root, "part"+part+"-*")) // fails for a malformed pattern only
	if len(found) == 1 {
		return found[0], nil
	}
	name := filepath.Base(part)
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); !strings.HasPrefix(name, "part") || err != nil {
		return "", fmt.Errorf("there is no part %s; give its number, or its directory such as part1-ethernet-arp", part)
	}
	return dir, nil
}
