package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// lineOf returns the line on which a declaration of a Go file begins, its comment included; 0 if there is none.
func lineOf(file, name string) int {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return 0
	}
	for _, decl := range tree.Decls {
		doc, declares := (*ast.CommentGroup)(nil), false
		switch d := decl.(type) {
		case *ast.FuncDecl:
			doc, declares = d.Doc, d.Name.Name == name[strings.LastIndex(name, ".")+1:] && (d.Recv != nil) == strings.Contains(name, ".")
			if declares && d.Recv != nil {
				kind := d.Recv.List[0].Type
				if star, ok := kind.(*ast.StarExpr); ok {
					kind = star.X
				}
				id, ok := kind.(*ast.Ident)
				declares = ok && strings.Trim(name[:strings.LastIndex(name, ".")], "(*)") == id.Name
			}
		case *ast.GenDecl:
			doc = d.Doc
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					declares = declares || s.Name.Name == name
				case *ast.ValueSpec:
					for _, id := range s.Names {
						declares = declares || id.Name == name
					}
				}
			}
		}
		switch {
		case !declares:
		case doc != nil:
			return set.Position(doc.Pos()).Line
		default:
			return set.Position(decl.Pos()).Line
		}
	}
	return 0
}
