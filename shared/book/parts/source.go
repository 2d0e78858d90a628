package parts

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
)

// A Source is one Go file, parsed.
type Source struct {
	Text  []byte
	AST   *ast.File
	Names []string // of its declarations, in order; a method is Type.Method
	decls map[string]ast.Decl
	file  *token.File
}

// Parse reads a Go file.
func Parse(path string) (*Source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	s := &Source{Text: text, AST: tree, decls: map[string]ast.Decl{}, file: set.File(tree.FileStart)}
	for _, decl := range tree.Decls {
		for _, name := range namesOf(decl) {
			if name != "_" {
				s.Names = append(s.Names, name)
				s.decls[name] = decl
			}
		}
	}
	return s, nil
}

// namesOf returns what a declaration declares.
func namesOf(decl ast.Decl) (names []string) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		return []string{FuncName(d)}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

// FuncName returns the name of a function; a method is Type.Method.
func FuncName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	for expr := f.Recv.List[0].Type; ; {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.Name + "." + f.Name.Name
		default:
			return f.Name.Name
		}
	}
}

// Decl returns the declaration of a name. A method may be written (*Type).Method, too.
func (s *Source) Decl(name string) (ast.Decl, bool) {
	decl, ok := s.decls[strings.Replace(strings.TrimPrefix(name, "(*"), ").", ".", 1)]
	return decl, ok
}

// Offset returns the place of a position in the text.
func (s *Source) Offset(pos token.Pos) int { return s.file.Offset(pos) }

// start returns where a declaration begins, its doc comment included.
func start(decl ast.Decl) token.Pos {
	var doc *ast.CommentGroup
	switch d := decl.(type) {
	case *ast.FuncDecl:
		doc = d.Doc
	case *ast.GenDecl:
		doc = d.Doc
	}
	if doc != nil {
		return doc.Pos()
	}
	return decl.Pos()
}

// Lines returns the text of a declaration, in whole lines: a comment after it on its last line belongs to it.
func (s *Source) Lines(decl ast.Decl) string {
	first, last := s.Offset(start(decl)), s.Offset(decl.End())
	if rest := bytes.IndexByte(s.Text[last:], '\n'); rest >= 0 {
		return string(s.Text[first : last+rest])
	}
	return string(s.Text[first:])
}

// Line returns the line on which a declaration begins; 0 if there is none with this name.
func (s *Source) Line(name string) int {
	decl, ok := s.Decl(name)
	if !ok {
		return 0
	}
	return s.file.Line(start(decl))
}

var testName = regexp.MustCompile(`^(Test|Fuzz|Benchmark|Example)([^a-z]|$)`)

// Tests returns the tests of a file: what go test would run.
func (s *Source) Tests() (all []*ast.FuncDecl) {
	for _, decl := range s.AST.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && testName.MatchString(f.Name.Name) && f.Name.Name != "TestMain" {
			all = append(all, f)
		}
	}
	return all
}
