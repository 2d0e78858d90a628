package pages

import (
	"fmt"
	"path/filepath"
	"strings"

	"framebyframe/shared/book/parts"
)

// ownsToEnd reports whether a kind's block goes up to <!-- end -->: Markdown, not code.
func ownsToEnd(kind string) bool { return kind == kindGaps || kind == kindParts }

// gapTable returns the Markdown table of what a part cannot do yet.
func (b *book) gapTable(name string) ([]string, error) {
	p, err := b.tree.Find(name)
	if err != nil {
		return nil, err
	}
	list, err := b.gapsOf(p)
	table := []string{"| What you try | What happens here |", "| --- | --- |"}
	for _, g := range list {
		table = append(table, fmt.Sprintf("| %s | %s |", cell(g.try), cell(g.here)))
	}
	return table, err
}

// partLists returns the Markdown lists of what each part can and cannot do. What it can do are the lines that begin with
// "Can:" in what stands above a test, so that somebody has tried; they count in the first part that has them. What it
// cannot do are its gaps. The links are those of a page in the repository's root.
func (b *book) partLists() (lines []string, err error) {
	seen := map[string]bool{}
	for i, p := range b.tree.Parts {
		chapter, text, err := b.tree.Chapter(p)
		if err != nil {
			return nil, err
		}
		title, _, _ := strings.Cut(text, "\n")
		title, ok := strings.CutPrefix(title, "# ")
		if !ok {
			return nil, fmt.Errorf("%s does not begin with a title", chapter)
		}
		can, err := b.canOf(p, seen)
		if err != nil {
			return nil, err
		}
		gaps, err := b.gapsOf(p)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, fmt.Sprintf("**[%s](%s)**, in [%s](%s), can", title, chapter, p.Name, p.Name), "")
		lines = append(append(lines, can...), "", "and cannot yet:", "")
		for _, g := range gaps {
			lines = append(lines, "- "+oneLine(g.try)+": "+oneLine(g.here))
		}
	}
	return lines, nil
}

// canOf returns what a part's tests and the suite's say that it can do, and that is not in seen, and adds it there.
func (b *book) canOf(p parts.Part, seen map[string]bool) (lines []string, err error) {
	note := func(doc string) {
		for _, line := range strings.Split(doc, "\n") {
			if line, ok := strings.CutPrefix(line, "Can: "); ok && !seen[line] {
				seen[line] = true
				lines = append(lines, "- "+oneLine(line))
			}
		}
	}
	for _, dir := range parts.TestDirs {
		files, _ := filepath.Glob(filepath.Join(p.Dir, dir, "*_test.go")) // fails for a malformed pattern only
		for _, name := range files {
			src, err := parts.Parse(name)
			if err != nil {
				return nil, err
			}
			for _, f := range src.Tests() {
				note(f.Doc.Text())
			}
		}
	}
	shared, err := b.tree.SuiteTests()
	if err != nil {
		return nil, err
	}
	for _, s := range shared {
		if s.Fits(p) {
			note(s.Doc)
		}
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("no test of %s says what the part can do; write \"// Can: …\" above one", p.Name)
	}
	return lines, nil
}

// A gap is one thing that a part cannot do yet.
type gap struct{ try, here string }

// gapsOf returns what a part cannot do yet: what the suite's scripts with "try" and "here" say that show it.
func (b *book) gapsOf(p parts.Part) (all []gap, err error) {
	scripts, err := b.tree.Scripts()
	for _, s := range scripts {
		if s.Keys["try"] != "" && s.Fits(p) {
			all = append(all, gap{s.Keys["try"], s.Keys["here"]})
		}
	}
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("no script in %s says what %s cannot do yet", parts.ScriptDir, p.Name)
	}
	return all, err
}

// oneLine puts single spaces between the words of text.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// cell makes text fit into a cell of a table.
func cell(text string) string { return strings.ReplaceAll(oneLine(text), "|", `\|`) }
