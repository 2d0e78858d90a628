// Command chapters keeps the chapters true. The Markdown files show source code, diffs and transcripts; it fills those
// blocks from the source and from real runs, and with -check it fails where a chapter no longer tells what the code does.
//
// A block belongs to a directive, an HTML comment that stands alone on the line above it:
//
//	<!-- code: part1-ethernet-arp/arp.go receiveARP arpTable.lookup -->
//	<!-- diff: part1-ethernet-arp part2-ipv4-icmp stack.go -->
//	<!-- lab: mask=usec,rtt 1 -- arping -I tap0 -c3 10.0.0.4 -->
//	<!-- lab: show=trace mask=clock status=1 1 -q -- ping -c1 10.0.0.4 -->
//	<!-- run: mask=took go run ./shared/lab demo -->
//	<!-- gaps: part1-ethernet-arp -->
//	<!-- bytes: part1-ethernet-arp/testdata/arping.cap 2 14:42 -->
//	<!-- changes: part1-ethernet-arp part2-ipv4-icmp -->
//	<!-- text: docs/throughput.txt -->
//	<!-- journey: part1-ethernet-arp request -->
//	<!-- parts: -->
//
// All but gaps and parts own the fenced block directly below; where there is none, it is put in. gaps and parts own
// everything up to a line with <!-- end -->. The block of bytes is the author's, who parts the frame into fields and puts
// a note behind each; only the bytes are checked.
//
// The text around the blocks is checked, too: files, functions, tests and flags that it names in backticks must exist.
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
	"slices"
	"strings"
	"syscall"

	"framebyframe/shared/worktree"
)

const usage = `usage: go run ./shared/chapters [-check] [-only KIND,…] [FILE.md …]

Fills the generated blocks of docs/*.md, README.md and CONTRIBUTING.md, or of the
files named.
  -check       change nothing; show what is stale, unowned, or leads nowhere
  -only KINDS  only these kinds of blocks: code, diff, lab, run, gaps, bytes,
               changes, text, journey, parts

A block belongs to the directive on the line above it:
  <!-- code: FILE DECL [DECL …] -->       declarations: name, Type.Method
  <!-- diff: PART PART [FILE …] -->       what differs in files that both have
  <!-- lab: [OPTION …] PART … -->         go run ./shared/lab PART …
  <!-- run: [OPTION …] COMMAND -->        any other command's stdout
  <!-- gaps: PART --> … <!-- end -->      the table from the part's gap_test.go
  <!-- parts: --> … <!-- end -->          what each part can and cannot do (README.md):
                                          "Can:" lines of its tests, and gap_test.go
  <!-- bytes: CAPTURE N [FROM:TO] -->     frame N (the first is 1) of a .cap file,
                                          or its bytes FROM to TO-1 alone. You write
                                          the lines: pairs of hex digits, two spaces,
                                          a note. All pairs must make the frame
  <!-- changes: PART PART -->             the step's lines of docs/changes.txt
  <!-- text: FILE -->                     a text file
  <!-- journey: PART NAME -->             the functions that a packet passes, as
                                          go run ./shared/journey shows them
Options: show=stdout|trace|all (lab: what is shown), status=N (what the command
ends with, if not 0), NAME=VALUE (lab: environment), and mask=NAME[,NAME], which
hides times:
`

// Exit statuses.
const (
	statusFailed = 1 // something is stale or wrong
	statusUsage  = 2
)

// A request is what the command line asks for.
type request struct {
	check bool
	kinds []string
	files []string // as given; none: the default ones
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the whole program. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	req, err := parseArgs(args)
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(stderr, "chapters: %v\n\n", err)
		}
		fmt.Fprint(stderr, usage+maskHelp())
		return statusUsage
	}
	problems, err := work(ctx, req, stdout)
	if err != nil {
		fmt.Fprintf(stderr, "chapters: %v\n", err)
		return statusFailed
	}
	for _, p := range problems {
		fmt.Fprintln(stderr, p)
	}
	if len(problems) > 0 {
		fmt.Fprintf(stderr, "chapters: %d to repair; \"go run ./shared/chapters\" fills stale blocks, the rest is for you\n", len(problems))
		return statusFailed
	}
	return 0
}

// parseArgs reads the command line (without the program's name).
func parseArgs(args []string) (request, error) {
	req := request{}
	flags := flag.NewFlagSet("chapters", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&req.check, "check", false, "")
	only := flags.String("only", strings.Join(kinds, ","), "")
	if err := flags.Parse(args); err != nil {
		return req, err
	}
	req.files = flags.Args()
	for _, kind := range strings.Split(*only, ",") {
		if !slices.Contains(kinds, kind) {
			return req, fmt.Errorf("-only: there is no kind %q; there is %s", kind, strings.Join(kinds, ", "))
		}
		req.kinds = append(req.kinds, kind)
	}
	return req, nil
}

// work fills or checks the pages and returns what is wrong with them.
func work(ctx context.Context, req request, stdout io.Writer) ([]problem, error) {
	root, err := worktree.Root(".")
	if err != nil {
		return nil, err
	}
	b := newBook(ctx, root)
	defer b.close()
	files, err := pageFiles(root, req.files)
	if err != nil {
		return nil, err
	}
	var problems []problem
	for _, file := range files {
		p, err := readPage(root, file)
		if err != nil {
			return nil, err
		}
		found := slices.Clone(p.problems)
		if req.check {
			found = append(found, b.check(p, req.kinds)...)
		} else {
			wrong, err := b.fill(p, req.kinds, stdout)
			if err != nil {
				return nil, err
			}
			found = append(found, wrong...)
		}
		slices.SortStableFunc(found, func(x, y problem) int { return x.line - y.line })
		problems = append(problems, found...)
		if err := ctx.Err(); err != nil {
			return problems, fmt.Errorf("interrupted: %w", context.Cause(ctx))
		}
	}
	return problems, nil
}

// pageFiles returns the full paths of the Markdown files to work on.
func pageFiles(root string, named []string) ([]string, error) {
	if len(named) > 0 {
		files := make([]string, len(named))
		for i, name := range named {
			file, err := filepath.Abs(name)
			if err != nil {
				return nil, err
			}
			files[i] = file
		}
		return files, nil
	}
	files, _ := filepath.Glob(filepath.Join(root, "docs", "*.md")) // fails for a malformed pattern only
	for _, name := range []string{"README.md", "CONTRIBUTING.md"} {
		if file := filepath.Join(root, name); exists(file) {
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is neither docs/*.md nor README.md in %s: write a chapter first", root)
	}
	return files, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
