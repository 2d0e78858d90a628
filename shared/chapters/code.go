package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A source is one Go file, parsed.
type source struct {
	text  []byte
	file  *token.File
	names []string // of its declarations, in order
	decls map[string]ast.Decl
}

// code returns the text of declarations in a file, with their doc comments and an empty line between.
func (b *book) code(name string, wanted []string) (string, error) {
	src, err := parseSource(filepath.Join(b.root, filepath.FromSlash(name)))
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	var texts []string
	var shown []ast.Decl
	for _, want := range wanted {
		decl, ok := src.decls[plainName(want)]
		if !ok {
			return "", fmt.Errorf("%s has no %s; it has %s", name, want, strings.Join(src.names, ", "))
		}
		if slices.Contains(shown, decl) {
			return "", fmt.Errorf("%s is declared together with another of these names; leave it out", want)
		}
		shown = append(shown, decl)
		texts = append(texts, src.textOf(decl))
	}
	return strings.Join(texts, "\n\n"), nil
}

func parseSource(path string) (*source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	src := &source{text: text, file: set.File(file.Pos()), decls: map[string]ast.Decl{}}
	for _, decl := range file.Decls {
		for _, name := range namesOf(decl) {
			if name != "_" {
				src.names = append(src.names, name)
				src.decls[name] = decl
			}
		}
	}
	return src, nil
}

// namesOf returns what a declaration declares; a method is Type.Method.
func namesOf(decl ast.Decl) []string {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		return []string{receiver(d.Recv.List[0].Type) + "." + d.Name.Name}
	case *ast.GenDecl:
		var names []string
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
		return names
	}
	return nil
}

// receiver returns the name of a receiver's type.
func receiver(expr ast.Expr) string {
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.Name
		default:
			return ""
		}
	}
}

// plainName turns (*Type).Method into Type.Method.
func plainName(name string) string {
	return strings.Replace(strings.TrimPrefix(name, "(*"), ").", ".", 1)
}

// textOf returns whole lines: a comment behind a declaration belongs to it.
func (s *source) textOf(decl ast.Decl) string {
	from := decl.Pos()
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Doc != nil {
			from = d.Doc.Pos()
		}
	case *ast.GenDecl:
		if d.Doc != nil {
			from = d.Doc.Pos()
		}
	}
	first, last := s.file.Offset(from), s.file.Offset(decl.End())
	if rest := bytes.IndexByte(s.text[last:], '\n'); rest >= 0 {
		return string(s.text[first : last+rest])
	}
	return string(s.text[first:])
}
