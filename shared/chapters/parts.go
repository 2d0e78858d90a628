package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

const kindParts = "parts"

// ownsToEnd reports whether a kind's block goes up to <!-- end -->: Markdown, not code.
func ownsToEnd(kind string) bool { return kind == kindGaps || kind == kindParts }

// toEnd returns what such a block holds.
func (b *book) toEnd(d block) ([]string, error) {
	if d.kind == kindParts {
		return b.parts()
	}
	return b.gaps(d.args[0])
}

// parts returns the Markdown lists of what each part can and cannot do. What it can do are the lines that begin with
// "Can:" in what stands above a test, so that somebody has tried; they count in the first part that has them. What it
// cannot do are its gaps. The links are those of a page in the repository's root.
func (b *book) parts() ([]string, error) {
	mains, _ := filepath.Glob(filepath.Join(b.root, "part[0-9]*", "gap_test.go")) // fails for a malformed pattern only
	seen := map[string]bool{}
	var lines []string
	for i, file := range mains {
		part := filepath.Base(filepath.Dir(file))
		chapter, title, err := b.chapterOf(part)
		if err != nil {
			return nil, err
		}
		can, err := b.can(part, seen)
		if err != nil {
			return nil, err
		}
		gaps, err := b.gapList(part)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, fmt.Sprintf("**[%s](%s)**, in [%s](%s), can", title, chapter, part, part), "")
		lines = append(append(lines, can...), "", "and cannot yet:", "")
		for _, g := range gaps {
			lines = append(lines, "- "+oneLine(g.try)+": "+oneLine(g.here))
		}
	}
	return lines, nil
}

// chapterOf returns the path of a part's chapter, which has the same number, and its title.
func (b *book) chapterOf(part string) (name, title string, err error) {
	number, _, _ := strings.Cut(strings.TrimPrefix(part, "part"), "-")
	files, _ := filepath.Glob(filepath.Join(b.root, "docs", number+"-*.md")) // fails for a malformed pattern only
	if len(files) != 1 {
		return "", "", fmt.Errorf("%s has %d chapters docs/%s-….md, want one", part, len(files), number)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		return "", "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	title, ok := strings.CutPrefix(line, "# ")
	if !ok {
		return "", "", fmt.Errorf("%s does not begin with a title", files[0])
	}
	return "docs/" + filepath.Base(files[0]), title, nil
}

// can returns what a part's tests say that it can do, and that is not in seen, and adds it there.
func (b *book) can(part string, seen map[string]bool) ([]string, error) {
	files, _ := filepath.Glob(filepath.Join(b.root, part, "*_test.go")) // fails for a malformed pattern only
	var lines []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "Test") {
				continue
			}
			for _, line := range strings.Split(f.Doc.Text(), "\n") {
				if line, ok := strings.CutPrefix(line, "Can: "); ok && !seen[line] {
					seen[line] = true
					lines = append(lines, "- "+oneLine(line))
				}
			}
		}
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("no test of %s says what the part can do; write \"// Can: …\" above one", part)
	}
	return lines, nil
}

// oneLine puts single spaces between the words of text.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
