// Package site makes a small web site of this repository: the chapters, each beside what its part changes, and every
// source file. Hugo renders the very Markdown that stands in docs; what is here puts the pages together and checks the
// links of what came out. The pages can be opened from the disk, and need no Internet. Debian's Hugo does it or, where there
// is none, one that Go fetches and builds; npm fetches the script that draws the pictures, and without it their text is shown.
package site

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"framebyframe/shared/book/parts"
	"framebyframe/shared/page/web"
)

// hugoModule is what is run where no hugo is installed: the last one that Go 1.25 builds.
const hugoModule = "github.com/gohugoio/hugo@v0.162.1"

// Make makes the site in the directory out anew, and fails if one of its links leads nowhere.
func Make(ctx context.Context, t *parts.Tree, out string, stdout, stderr io.Writer) (err error) {
	if out == "" {
		out = t.Path("site")
	}
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "site")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.CopyFS(work, os.DirFS(t.Path("shared/book/site"))); err != nil {
		return err
	}
	b := &builder{ctx: ctx, work: work, stderr: stderr}
	tree, err := readTree(t)
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
	if err := web.Write(ctx, filepath.Join(out, "page")); err != nil {
		return err
	}
	pages, problems, err := checkLinks(out)
	if err != nil {
		return err
	}
	for _, chapter := range tree.chapters {
		if page := filepath.Join(out, filepath.FromSlash(chapter.URL)); !parts.Exists(page) {
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
	if !parts.Exists(filepath.Join(out, "chroma.css")) {
		return fmt.Errorf("%s holds something else than an older site: name another directory with -o", out)
	}
	return os.RemoveAll(out)
}

// A builder runs what others wrote.
type builder struct {
	ctx    context.Context
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
