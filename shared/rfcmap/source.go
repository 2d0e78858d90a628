package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A part is what the rows can name of a part's source.
type part struct {
	dir   string            // "part3-tcp-handshake"
	code  map[string]string // declarations, methods as Type.Method, and the files that have them
	tests map[string]string // the same of TestX, BenchmarkX and FuzzX
	words map[string]bool   // what the tests have between quotation marks: names of cases, for one
	cited map[string]bool   // "RFC 791": what the code, tests apart, refers to
}

// parts are all of them, the first one first.
type parts []*part

var (
	partDir = regexp.MustCompile(`^part[1-9]-`)
	citedIn = regexp.MustCompile(`RFC [0-9]+`)
)

// readParts reads all parts of a checkout.
func readParts(root string) (parts, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	var all parts
	for _, entry := range entries {
		if !entry.IsDir() || !partDir.MatchString(entry.Name()) {
			continue
		}
		p, err := readPart(root, entry.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func readPart(root, dir string) (*part, error) {
	p := &part{dir, map[string]string{}, map[string]string{}, map[string]bool{}, map[string]bool{}}
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		if name := filepath.Base(file); strings.HasSuffix(name, "_test.go") {
			p.addTests(name, parsed)
		} else {
			p.addCode(name, parsed)
			for _, rfc := range citedIn.FindAllString(string(text), -1) {
				p.cited[rfc] = true
			}
		}
	}
	return p, nil
}

// addCode notes what a file declares.
func (p *part) addCode(name string, file *ast.File) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			p.code[methodName(d)] = name
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					p.code[s.Name.Name] = name
				case *ast.ValueSpec:
					for _, ident := range s.Names {
						p.code[ident.Name] = name
					}
				}
			}
		}
	}
}

// methodName returns Type.Method, or the name of a function.
func methodName(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return d.Name.Name
	}
	of := d.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	if ident, ok := of.(*ast.Ident); ok {
		return ident.Name + "." + d.Name.Name
	}
	return d.Name.Name
}

// addTests notes the tests of a file, and the names that their cases may have.
func (p *part) addTests(name string, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			for _, kind := range []string{"Test", "Fuzz", "Benchmark"} {
				if n.Recv == nil && strings.HasPrefix(n.Name.Name, kind) {
					p.tests[n.Name.Name] = name
				}
			}
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil {
				p.words[text] = true
			}
		}
		return true
	})
}

// hasTest reports whether there is such a test. A case of it is written behind a colon: "TestScriptListen: second, any
// ACK is bad".
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

// named returns the part that a cell names by its number.
func (all parts) named(number string) (*part, bool) {
	for _, p := range all {
		if strings.HasPrefix(p.dir, "part"+number+"-") {
			return p, true
		}
	}
	return nil, false
}

// first returns the first part that has all of these declarations and tests.
func (all parts) first(code, tests []string) (*part, bool) {
	for _, p := range all {
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
