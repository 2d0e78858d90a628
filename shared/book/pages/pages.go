// Package pages keeps the pages true. The Markdown files show source code, diffs and transcripts; it fills those blocks from
// the source and from real runs, or says where a page no longer tells what the code does.
//
// A block belongs to a directive, an HTML comment that stands alone on the line above it (see Help). All but gaps and parts
// own the fenced block directly below; where there is none, it is put in. gaps and parts own everything up to a line with
// <!-- end -->. The block of bytes is the author's, who parts the frame into fields and puts a note after each; only the
// bytes are checked.
//
// The text around the blocks is checked, too: files, functions, tests and flags that it names in backticks must exist.
package pages

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"framebyframe/shared/book/parts"
)

// Help explains the directives.
var Help = `A block of a page belongs to the directive on the line above it:
  <!-- code: FILE DECL [DECL …] -->       declarations: name, Type.Method
  <!-- diff: DIR DIR [FILE …] -->         what differs in files that both have
  <!-- lab: [OPTION …] PART … -->         go run ./shared/lab PART …
  <!-- run: [OPTION …] COMMAND -->        any other command's stdout
  <!-- gaps: PART --> … <!-- end -->      the table from shared/suite's gaps.txt
  <!-- parts: --> … <!-- end -->          what each part can and cannot do (README.md):
                                          "Can:" lines of its tests, and gaps.txt
  <!-- bytes: CAPTURE N [FROM:TO] -->     frame N (the first is 1) of a .cap file,
                                          or its bytes FROM to TO-1 alone. You write
                                          the lines: pairs of hex digits, two spaces,
                                          a note. All pairs must make the frame
  <!-- changes: PART PART -->             the step's lines of docs/changes.txt
  <!-- text: FILE -->                     a text file
  <!-- journey: PART NAME -->             the functions that a packet passes, as
                                          go run ./shared/book journey shows them
Options: show=stdout|trace|all (lab: what is shown), status=N (what the command
ends with, if not 0), NAME=VALUE (lab: environment), and mask=NAME[,NAME], which
hides times:
` + maskHelp()

// Still are the kinds of blocks that can be made without running anything that takes long.
var Still = slices.DeleteFunc(slices.Clone(Kinds), func(kind string) bool { return kind == kindLab || kind == kindRun || kind == kindJourney })

// Fill makes the blocks of these kinds anew, on the pages that are named, or on all. It returns what is wrong.
func Fill(ctx context.Context, t *parts.Tree, kinds, named []string, stdout io.Writer) ([]string, error) {
	b := newBook(ctx, t)
	defer b.close()
	return b.each(named, func(p *page) ([]problem, error) { return b.fill(p, kinds, stdout) })
}

// Check compares them, and the text around them, with what there is.
func Check(ctx context.Context, t *parts.Tree, kinds, named []string) ([]string, error) {
	b := newBook(ctx, t)
	defer b.close()
	return b.each(named, func(p *page) ([]problem, error) { return b.check(p, kinds), nil })
}

// each does something to each page and returns what is wrong with the pages, in order.
func (b *book) each(named []string, do func(*page) ([]problem, error)) ([]string, error) {
	files, err := b.pageFiles(named)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, file := range files {
		p, err := readPage(b.tree, file)
		if err != nil {
			return nil, err
		}
		wrong, err := do(p)
		if err != nil {
			return nil, err
		}
		wrong = append(p.problems, wrong...)
		slices.SortStableFunc(wrong, func(x, y problem) int { return x.line - y.line })
		for _, w := range wrong {
			all = append(all, w.String())
		}
		if b.ctx.Err() != nil {
			return all, fmt.Errorf("interrupted: %w", context.Cause(b.ctx))
		}
	}
	return all, nil
}

// pageFiles returns the full paths of the Markdown files to work on.
func (b *book) pageFiles(named []string) (files []string, err error) {
	for _, name := range named {
		file, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	if len(named) > 0 {
		return files, nil
	}
	for _, pattern := range []string{"docs/*.md", "README.md", "CONTRIBUTING.md"} {
		some, _ := filepath.Glob(b.tree.Path(pattern)) // fails for a malformed pattern only
		files = append(files, some...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is neither docs/*.md nor README.md in %s: write a chapter first", b.tree.Root)
	}
	return files, nil
}

// ParseKinds reads a list of kinds.
func ParseKinds(text string) ([]string, error) {
	kinds := strings.Split(text, ",")
	for _, kind := range kinds {
		if !slices.Contains(Kinds, kind) {
			return nil, fmt.Errorf("-only: there is no kind %q; there is %s", kind, strings.Join(Kinds, ", "))
		}
	}
	return kinds, nil
}
