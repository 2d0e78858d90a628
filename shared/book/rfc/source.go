package rfc

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"framebyframe/shared/book/parts"
)

// A part is what the rows can name of a part's source.
type part struct {
	parts.Part
	code  map[string]string // declarations, methods as Type.Method, and the files that have them, from the root
	tests map[string]string // the same of the tests that run on the part: they may stand in an earlier one
	words map[string]bool   // what the tests have between quotation marks: names of cases, for one
	cited map[string]bool   // "RFC 791": what the code, tests apart, refers to
}

// all is every part, the first one first.
type all []*part

var (
	citedIn = regexp.MustCompile(`RFC [0-9]+`)
	appsIn  = regexp.MustCompile(`"framebyframe/(shared/apps[a-z/]*)"`)
)

// readParts reads all parts of a checkout.
func readParts(t *parts.Tree) (all, error) {
	var read all
	sources := map[string]*parts.Source{} // each file is read once, however many parts its tests run on
	parse := func(path string) (src *parts.Source, err error) {
		if src = sources[path]; src == nil {
			src, err = parts.Parse(path)
			sources[path] = src
		}
		return src, err
	}
	for _, of := range t.Parts {
		p := &part{of, map[string]string{}, map[string]string{}, map[string]bool{}, map[string]bool{}}
		apps := map[string]bool{} // the packages of its program's services
		for _, dir := range parts.TestDirs {
			files, _ := filepath.Glob(filepath.Join(of.Dir, dir, "*.go")) // fails for a malformed pattern only
			for app := range apps {
				services, _ := filepath.Glob(filepath.Join(t.Path(app), "*.go"))
				files = append(services, files...)
			}
			for _, file := range files {
				if parts.IsTest(file) {
					continue
				}
				src, err := parse(file)
				if err != nil {
					return nil, err
				}
				for _, name := range src.Names {
					p.code[name] = t.Name(file)
				}
				for _, rfc := range citedIn.FindAllString(string(src.Text), -1) {
					p.cited[rfc] = true
				}
				for _, app := range appsIn.FindAllStringSubmatch(string(src.Text), -1) {
					apps[app[1]] = true
				}
			}
			for _, file := range t.TestFiles(of, dir) {
				src, err := parse(file.Path)
				if err != nil {
					return nil, err
				}
				p.addTests(t.Name(file.Path), src)
			}
		}
		if err := p.addScripts(t); err != nil {
			return nil, err
		}
		read = append(read, p)
	}
	return read, nil
}

// addScripts notes the suite's tests that fit the part: of the scripts, a file is a test, and a script in it is a case;
// one in Go is TestSuite/NAME.
func (p *part) addScripts(t *parts.Tree) error {
	scripts, err := t.Scripts()
	for _, s := range scripts {
		if s.Fits(p.Part) {
			p.tests[s.File] = parts.ScriptDir + "/" + s.File + ".txt"
			p.words[s.Name] = true
		}
	}
	if err != nil {
		return err
	}
	inGo, err := t.SuiteTests()
	for _, s := range inGo {
		if s.Fits(p.Part) {
			p.tests["TestSuite/"+s.Name] = s.File
		}
	}
	return err
}

// addTests notes the tests of a file, and the names that their cases may have.
func (p *part) addTests(name string, src *parts.Source) {
	for _, f := range src.Tests() {
		p.tests[f.Name.Name] = name
	}
	ast.Inspect(src.AST, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				p.words[text] = true
			}
		}
		return true
	})
}

// hasTest reports whether such a test runs on the part. A case of it is written after a colon: "TestScriptListen: second,
// any ACK is bad".
func (p *part) hasTest(name string) bool {
	test, words, hasCase := strings.Cut(name, ": ")
	return p.tests[test] != "" && (!hasCase || p.words[words])
}

// fileOf returns the file that declares what a cell names.
func (p *part) fileOf(name string) (file string, ok bool) {
	if file, ok = p.code[name]; ok {
		return file, true
	}
	test, _, _ := strings.Cut(name, ": ")
	file, ok = p.tests[test]
	return file, ok
}

// numbered returns the part that a cell names by its number.
func (a all) numbered(number string) (*part, bool) {
	for _, p := range a {
		if strconv.Itoa(p.Number) == number {
			return p, true
		}
	}
	return nil, false
}

// first returns the first part that has all of these declarations and tests.
func (a all) first(code, tests []string) (*part, bool) {
	for _, p := range a {
		if len(p.missing(code, tests)) == 0 {
			return p, true
		}
	}
	return nil, false
}

// missing returns what of these a part has not.
func (p *part) missing(code, tests []string) []string {
	var names []string
	for _, name := range code {
		if p.code[name] == "" {
			names = append(names, name)
		}
	}
	for _, name := range tests {
		if !p.hasTest(name) {
			names = append(names, name)
		}
	}
	return names
}
