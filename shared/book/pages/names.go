package pages

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"framebyframe/shared/book/parts"
)

// What a name in backticks looks like if it is one of this repository's code.
var (
	testName   = regexp.MustCompile(`^(?:Test|Fuzz|Benchmark)[A-Z]\w*`)           // TestARPReply/from_the_kernel
	memberName = regexp.MustCompile(`^\(?\*?([A-Za-z]\w*)\)?\.(\w+)(?:\(.*\))?$`) // Stack.receiveARP, (*Stack).Run()
	mixedName  = regexp.MustCompile(`^([a-z]+[A-Z]\w*)(?:\(.*\))?$`)              // receiveARP, parseEther(b)
	flagName   = regexp.MustCompile(`^-([a-z][\w-]*)`)                            // -drop '1:[S.]'
	flagCall   = regexp.MustCompile(`(?i)\b(?:flag|flags|fs|p)\.\w+\((?:[^",]*, ?)?"([\w-]+)"`)
)

// otherNames are written like ours and are not: tcpdump's words.
var otherNames = map[string]bool{"sackOK": true}

// goFlags are those of the go command that a chapter may speak of.
var goFlags = map[string]bool{"run": true, "v": true, "race": true, "tags": true, "count": true, "bench": true, "args": true,
	"short": true, "fuzz": true, "fuzztime": true, "timeout": true, "cover": true, "overlay": true, "h": true, "help": true, "x": true} // -x is the arrow of a frame that was lost

// names is what the repository's code calls things.
type names struct {
	idents map[string]bool // every identifier
	types  map[string]bool // those behind the word type
	flags  map[string]bool // of the shared programs and the tests; the parts' own are asked for with -h
}

// allNames reads all Go files of the parts and of shared, once.
func (b *book) allNames() (*names, error) {
	if b.names != nil {
		return b.names, nil
	}
	n := &names{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for _, pattern := range []string{"part*/*.go", "part*/*/*.go", "shared/*/*.go", "shared/*/*/*.go", "docs/solutions/*.diff"} {
		files, _ := filepath.Glob(b.tree.Path(pattern)) // fails for a malformed pattern only
		for _, file := range files {
			if err := n.read(file); err != nil {
				return nil, err
			}
		}
	}
	b.names = n
	return n, nil
}

// read notes what a file names, and the flags that it declares, or that a solution of an exercise will.
func (n *names) read(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for _, found := range flagCall.FindAllSubmatch(text, -1) {
		n.flags[string(found[1])] = true
	}
	if !strings.HasSuffix(file, ".go") {
		return nil
	}
	src, err := parts.Parse(file)
	if err != nil {
		return err
	}
	ast.Inspect(src.AST, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.Ident:
			n.idents[node.Name] = true
		case *ast.TypeSpec:
			n.types[node.Name.Name] = true
		}
		return true
	})
	return nil
}

// checkNames returns the names in backticks in a page's text that the repository's code does not have.
func (p *page) checkNames(b *book) []problem {
	var problems []problem
	var n *names
	for at, line := range p.lines {
		if p.isCode(at + 1) {
			continue
		}
		for _, span := range codeSpan.FindAllStringSubmatch(line, -1) {
			if n == nil {
				var err error
				if n, err = b.allNames(); err != nil {
					return append(problems, problem{p.name, at + 1, err.Error()})
				}
			}
			if text := p.unknown(b, n, strings.TrimSpace(span[2])); text != "" {
				problems = append(problems, problem{p.name, at + 1, text})
			}
		}
	}
	return problems
}

// unknown says which name in a text is nobody's; "" if none is.
func (p *page) unknown(b *book, n *names, text string) string {
	if found := testName.FindString(text); found != "" && !n.idents[found] && !p.isPrefix(n, found) {
		return fmt.Sprintf("there is no test %s", found)
	}
	if found := memberName.FindStringSubmatch(text); found != nil && found[2] != "go" && n.types[found[1]] && !n.idents[found[2]] {
		return fmt.Sprintf("%s has no %s", found[1], found[2])
	}
	if found := mixedName.FindStringSubmatch(text); found != nil && !n.idents[found[1]] && !otherNames[found[1]] {
		return fmt.Sprintf("nothing in the code is named %s", found[1])
	}
	if found := flagName.FindStringSubmatch(text); found != nil && !n.flags[found[1]] && !goFlags[found[1]] && !p.hasFlag(b, found[1]) {
		return fmt.Sprintf("no part has a flag -%s; if it is a tool's, name the tool before it, or show a command with it", found[1])
	}
	return ""
}

// isPrefix reports whether some test begins so, as -run would find it.
func (p *page) isPrefix(n *names, name string) bool {
	for ident := range n.idents {
		if strings.HasPrefix(ident, name) {
			return true
		}
	}
	return false
}

// hasFlag reports whether a part has a flag, or a command in one of the page's blocks or directives.
func (p *page) hasFlag(b *book, name string) bool {
	for _, part := range b.tree.Parts {
		if known, err := b.flagsOf(part.Name); err == nil {
			if _, ok := known[name]; ok {
				return true
			}
		}
	}
	with := regexp.MustCompile(`(?:^|[ '"(])-` + regexp.QuoteMeta(name) + `\b`)
	for at, line := range p.lines {
		if p.isCode(at+1) && with.MatchString(line) {
			return true
		}
	}
	return false
}
