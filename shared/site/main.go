// Command site makes a small web site of this repository: the chapters, each beside what its part changes, and every
// source file. Hugo renders the very Markdown that stands in docs; what is here puts the pages together and checks the
// links of what came out. The pages can be opened from the disk, and need no Internet.
package main

import (
	"context"
	"errors"
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

const usage = `usage: go run ./shared/site [-o DIR]

Makes the site in DIR (site) anew, and fails if one of its links leads nowhere.
Hugo renders it: Debian's (sudo apt install hugo), or, where there is none, one
that Go fetches and builds, which takes minutes once. npm fetches the script that
draws the pictures (sudo apt install npm); without it their text is shown.
`

// hugoModule is what is run where no hugo is installed: the last one that Go 1.25 builds.
const hugoModule = "github.com/gohugoio/hugo@v0.162.1"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("site", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	out := flags.String("o", "", "")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	if err := makeSite(ctx, *out, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "site: %v\n", err)
		return 1
	}
	return 0
}

func makeSite(ctx context.Context, out string, stdout, stderr io.Writer) error {
	root, err := worktree.Root(".")
	if err != nil {
		return err
	}
	if out == "" {
		out = filepath.Join(root, "site")
	}
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "site")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.CopyFS(work, os.DirFS(filepath.Join(root, "shared", "site"))); err != nil {
		return err
	}
	b := &builder{ctx: ctx, root: root, work: work, stderr: stderr}
	tree, err := b.readTree()
	if err != nil {
		return err
	}
	if err := errors.Join(tree.write(work), b.fetchMermaid(), b.writeColours()); err != nil {
		return err
	}
	if err := clearSite(out); err != nil {
		return err
	}
	var said strings.Builder // its statistics, if all went well
	if err := b.hugo(&said, "--destination", out); err != nil {
		return fmt.Errorf("%s\n%w", said.String(), err)
	}
	pages, problems, err := checkLinks(out)
	if err != nil {
		return err
	}
	for _, chapter := range tree.chapters {
		if page := filepath.Join(out, filepath.FromSlash(chapter.URL)); !exists(page) {
			problems = append(problems, chapter.Repo+" has no page")
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s", strings.Join(problems, "\n"))
	}
	_, err = fmt.Fprintf(stdout, "%d pages, no dead link: open %s\n", pages, filepath.Join(out, "index.html"))
	return err
}

// clearSite removes what an earlier run made, and nothing else.
func clearSite(out string) error {
	entries, err := os.ReadDir(out)
	if err != nil || len(entries) == 0 {
		return nil
	}
	if !exists(filepath.Join(out, "chroma.css")) {
		return fmt.Errorf("%s holds something else than an older site: name another directory with -o", out)
	}
	return os.RemoveAll(out)
}

// A builder runs what others wrote.
type builder struct {
	ctx    context.Context
	root   string // the repository
	work   string // what hugo works in
	stderr io.Writer
}

// hugo runs Hugo on what is in the work directory.
func (b *builder) hugo(stdout io.Writer, args ...string) error {
	words := []string{"hugo"}
	if _, err := exec.LookPath("hugo"); err != nil {
		words = []string{"go", "run", hugoModule}
	}
	cmd := exec.CommandContext(b.ctx, words[0], slices.Concat(words[1:], args)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = b.work, stdout, b.stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "HUGO_CACHEDIR="+filepath.Join(b.work, "cache"))
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(words, " "), err)
	}
	return nil
}

// writeColours has Hugo write the style sheets for code, a light and a dark one.
func (b *builder) writeColours() error {
	if _, err := exec.LookPath("hugo"); err != nil {
		fmt.Fprintf(b.stderr, "hugo is not installed (sudo apt install hugo): go builds %s, which takes some minutes the first time\n", hugoModule)
	}
	var css strings.Builder
	if err := b.hugo(&css, "gen", "chromastyles", "--style=github"); err != nil {
		return err
	}
	css.WriteString("@media (prefers-color-scheme: dark) {\n")
	if err := b.hugo(&css, "gen", "chromastyles", "--style=github-dark"); err != nil {
		return err
	}
	css.WriteString("}\n")
	return os.WriteFile(filepath.Join(b.work, "static", "chroma.css"), []byte(css.String()), 0o644)
}

// fetchMermaid has npm fetch the script that package-lock.json names, and check it.
func (b *builder) fetchMermaid() error {
	if _, err := exec.LookPath("npm"); err != nil {
		fmt.Fprintln(b.stderr, "npm is not installed (sudo apt install npm): instead of the pictures, their text is shown")
		return nil
	}
	cmd := exec.CommandContext(b.ctx, "npm", "ci", "--silent", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir, cmd.Stderr = b.work, b.stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	return os.Rename(filepath.Join(b.work, "node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js"), filepath.Join(b.work, "static", "mermaid.js"))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
