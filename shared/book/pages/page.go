package pages

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"framebyframe/shared/book/parts"
)

// A problem is something wrong with a page.
type problem struct {
	page string // the file's path from the module's root
	line int    // counts from 1
	text string
}

func (p problem) String() string { return fmt.Sprintf("%s:%d: %s", p.page, p.line, p.text) }

// A page is one Markdown file, taken apart.
type page struct {
	tree     *parts.Tree
	name     string // its path from the module's root
	file     string // its full path
	text     string
	lines    []string
	blocks   []block
	fences   []fence   // those that no directive owns
	problems []problem // found while taking it apart
}

// A block is a directive and the lines that it owns.
type block struct {
	directive
	line        int    // of the directive
	prefix      string // what stands before the directive: indentation, or the > of a quotation
	first, last int    // the lines first to last-1, counted from 0, are the block's; none if first == last
}

// A fence is a fenced code block that no directive owns.
type fence struct {
	line     int
	language string
	body     []string
}

var (
	// A fence may be indented, quoted, or the first thing of a list item.
	fenceLine = regexp.MustCompile("^(?:[ \t>]|[-*+] |[0-9]+[.)] )*(```+|~~~+)[ \t]*([^`]*)$")
	// In text, something that looks like a directive is one, or is misspelt: only "code:" and the like stand in comments
	// that begin with a lower-case word and a colon.
	directiveLine = regexp.MustCompile(`^([ \t>]*)<!--\s*([a-z]+):(.*)$`)
	endLine       = regexp.MustCompile(`^[ \t>]*<!--\s*end\s*-->\s*$`)
	headingLine   = regexp.MustCompile(`^#{1,6} `)
)

// readPage reads a file and takes it apart.
func readPage(t *parts.Tree, file string) (*page, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	p := &page{tree: t, name: t.Name(file), file: file, text: string(text), lines: strings.Split(string(text), "\n")}
	for at := 0; at < len(p.lines); {
		at = p.scan(at)
	}
	return p, nil
}

// scan takes in what begins at a line and returns the line after it.
func (p *page) scan(at int) int {
	if open := fenceLine.FindStringSubmatch(p.lines[at]); open != nil {
		next := p.afterFence(at, open[1])
		p.fences = append(p.fences, fence{at + 1, language(open[2]), p.lines[at+1 : max(at+1, next-1)]})
		return next
	}
	found := directiveLine.FindStringSubmatch(p.lines[at])
	if found == nil {
		return at + 1
	}
	prefix, kind, rest := found[1], found[2], found[3]
	d, err := parseDirective(kind, rest)
	if err != nil {
		p.wrong(at, "%v", err)
		return p.skipOwned(at + 1)
	}
	b := block{directive: d, line: at + 1, prefix: prefix, first: at + 1}
	if ownsToEnd(kind) {
		b.last, err = p.findEnd(b.first)
	} else {
		b.last, err = p.ownedFence(b.first, fenceLanguage[kind])
	}
	if err != nil {
		p.wrong(at, "%v", err)
		return p.skipOwned(b.first)
	}
	p.blocks = append(p.blocks, b)
	return b.last
}

// wrong notes a problem with a line, counted from 0.
func (p *page) wrong(at int, format string, args ...any) {
	p.problems = append(p.problems, problem{p.name, at + 1, fmt.Sprintf(format, args...)})
}

// ownedFence returns the line after the fenced block at first, or first itself if none is there.
func (p *page) ownedFence(first int, want string) (int, error) {
	if first >= len(p.lines) {
		return first, nil
	}
	open := fenceLine.FindStringSubmatch(p.lines[first])
	if open == nil {
		return first, nil
	}
	if got := language(open[2]); got != want && got != "" {
		return 0, fmt.Errorf("the block below has the language %s, but the directive makes %s; if it is not the directive's, put an empty line between", got, want)
	}
	return p.afterFence(first, open[1]), nil
}

// skipOwned returns the line after the fenced block at first, which a directive owns that is wrong itself. One complaint
// is enough.
func (p *page) skipOwned(first int) int {
	if first < len(p.lines) {
		if open := fenceLine.FindStringSubmatch(p.lines[first]); open != nil {
			return p.afterFence(first, open[1])
		}
	}
	return first
}

// afterFence returns the line after the fenced block that opens at a line.
func (p *page) afterFence(at int, ticks string) int {
	for i := at + 1; i < len(p.lines); i++ {
		rest := strings.TrimSpace(strings.TrimLeft(p.lines[i], " \t>"))
		if len(rest) >= len(ticks) && strings.Trim(rest, ticks[:1]) == "" {
			return i + 1
		}
	}
	p.wrong(at, "this fenced block does not end; close it with %s", ticks)
	return len(p.lines)
}

// findEnd returns the line after <!-- end -->. A directive that was only just written has none yet.
func (p *page) findEnd(first int) (int, error) {
	for i := first; i < len(p.lines); i++ {
		line := p.lines[i]
		if endLine.MatchString(line) {
			return i + 1, nil
		}
		if headingLine.MatchString(line) || directiveLine.MatchString(line) || fenceLine.MatchString(line) {
			break
		}
	}
	if first >= len(p.lines) || strings.TrimSpace(p.lines[first]) == "" {
		return first, nil
	}
	return 0, fmt.Errorf("the table has no end; put <!-- end --> on a line after it")
}

// language returns the language that a fence names.
func language(info string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(info), " ")
	return strings.ToLower(first)
}
