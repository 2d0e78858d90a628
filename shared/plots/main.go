// Command plots draws the pictures of the chapters, docs/plots/*.svg, from recordings that the tests of part 4 and part 5
// make in virtual time. The same code gives the same pictures, byte by byte; with -check, the command fails where they are
// not those of the code.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"framebyframe/shared/worktree"
)

const usage = `usage: go run ./shared/plots [-check]

Draws docs/plots/*.svg from recordings of the parts' tests.
  -check   change nothing; fail where a picture is not what it should be
`

const plotsDir = "docs/plots"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the whole program. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("plots", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	check := flags.Bool("check", false, "")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	if err := work(ctx, *check, stdout); err != nil {
		fmt.Fprintf(stderr, "plots: %v\n", err)
		return 1
	}
	return 0
}

// work draws all pictures and writes or compares them.
func work(ctx context.Context, check bool, stdout io.Writer) error {
	root, err := worktree.Root(".")
	if err != nil {
		return err
	}
	drawn, err := drawAll(ctx, root)
	if err != nil {
		return err
	}
	there, _ := filepath.Glob(filepath.Join(root, plotsDir, "*.svg")) // fails for a malformed pattern only
	var stale []string
	for _, file := range there {
		if name := filepath.Base(file); drawn[name] == "" {
			stale = append(stale, name+" (nothing draws it: delete it)")
		}
	}
	for name, text := range drawn {
		file := filepath.Join(root, plotsDir, name)
		if have, err := os.ReadFile(file); err == nil && string(have) == text {
			continue
		}
		stale = append(stale, name)
		if check {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	slices.Sort(stale)
	if check && len(stale) > 0 {
		return fmt.Errorf("these of %s are not what the parts do: %s; \"go run ./shared/plots\" draws them anew", plotsDir, strings.Join(stale, ", "))
	}
	_, err = fmt.Fprintf(stdout, "%d pictures, of which these were not what the parts do: %s\n", len(drawn), strings.Join(append(stale, "."), " "))
	return err
}

// drawAll returns the pictures by their file names.
func drawAll(ctx context.Context, root string) (map[string]string, error) {
	dir, err := os.MkdirTemp("", "plots")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for _, part := range []string{"4", "5"} {
		if err := record(ctx, root, part, filepath.Join(dir, part)); err != nil {
			return nil, err
		}
	}
	drawn := map[string]string{}
	for _, d := range drawings {
		rows, err := readRows(filepath.Join(dir, d.part, d.recording+".tsv"))
		if err != nil {
			return nil, err
		}
		drawn[d.recording+".svg"] = d.draw(d, rows).SVG()
	}
	return drawn, nil
}

// record has a part's tests write their recordings to dir.
func record(ctx context.Context, root, part, dir string) error {
	parts, _ := filepath.Glob(filepath.Join(root, "part"+part+"-*")) // fails for a malformed pattern only
	if len(parts) != 1 {
		return fmt.Errorf("there is no part %s", part)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-vet=off", "-count=1", "./"+filepath.Base(parts[0]),
		"-run", "^TestRecordings$", "-args", "-record", dir)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the recordings of part %s: %w\n%s", part, err, out)
	}
	return nil
}
