package pages

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"framebyframe/shared/book/parts"
)

var (
	// The target of [text](target), ![text](target), [name]: target, and of HTML's href and src.
	linkTarget = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)|^\s*\[[^\]]+\]:\s*<?([^\s>]+)|\b(?:href|src)="([^"]+)"`)
	codeSpan   = regexp.MustCompile("(`+)(.+?)(`+)")
	// What looks like a file of this repository. A … or a * in it means that it is a pattern.
	repoPath = regexp.MustCompile(`^(?:\./)?((?:part[0-9]+-[\w-]+|shared|docs|\.ci)(?:/[\w.-]+)*?)(?:/\.\.\.)?/?(?::[0-9]+)?$`)
	scheme   = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)
)

// checkPaths returns the links and the file names in the page's text, outside its blocks, that lead nowhere.
func (p *page) checkPaths() []problem {
	var problems []problem
	for at, line := range p.lines {
		if p.isCode(at + 1) {
			continue
		}
		for _, missing := range append(p.deadLinks(line), p.deadNames(line)...) {
			problems = append(problems, problem{p.name, at + 1, missing})
		}
	}
	return problems
}

// isCode reports whether a line is a directive's or a fenced block's, which other checks look at.
func (p *page) isCode(line int) bool {
	for _, b := range p.blocks {
		if line == b.line || !ownsToEnd(b.kind) && line > b.first && line <= b.last {
			return true
		}
	}
	for _, f := range p.fences {
		if line >= f.line && line <= f.line+len(f.body)+1 {
			return true
		}
	}
	return false
}

// deadLinks returns a text for each link to a file that does not exist.
func (p *page) deadLinks(line string) []string {
	var dead []string
	for _, found := range linkTarget.FindAllStringSubmatch(codeSpan.ReplaceAllString(line, ""), -1) {
		target := found[1] + found[2] + found[3] // one of them is not empty
		path, _, _ := strings.Cut(target, "#")
		path, _, _ = strings.Cut(path, "?")
		if path == "" || scheme.MatchString(path) || strings.HasPrefix(path, "//") {
			continue
		}
		if plain, err := url.PathUnescape(path); err == nil {
			path = plain
		}
		from := filepath.Dir(p.file)
		if strings.HasPrefix(path, "/") {
			from = p.tree.Root
		}
		full := filepath.Join(from, path)
		inside, err := filepath.Rel(p.tree.Root, full)
		if err != nil || !filepath.IsLocal(inside) || !parts.Exists(full) {
			dead = append(dead, fmt.Sprintf("the link to %s leads nowhere in the repository", target))
		}
	}
	return dead
}

// deadNames returns a text for each word in backticks that looks like a file of the repository and is none.
func (p *page) deadNames(line string) []string {
	var dead []string
	for _, span := range codeSpan.FindAllStringSubmatch(line, -1) {
		for _, word := range strings.Fields(span[2]) {
			if found := repoPath.FindStringSubmatch(word); found != nil && !parts.Exists(p.tree.Path(found[1])) {
				dead = append(dead, fmt.Sprintf("there is no %s in the repository", found[1]))
			}
		}
	}
	return dead
}
