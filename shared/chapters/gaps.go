package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
)

// gaps returns the Markdown table of what a part cannot do yet.
func (b *book) gaps(part string) ([]string, error) {
	list, err := b.gapList(part)
	table := []string{"| What you try | What happens here |", "| --- | --- |"}
	for _, g := range list {
		table = append(table, fmt.Sprintf("| %s | %s |", cell(g.try), cell(g.here)))
	}
	return table, err
}

// A gap is one thing that a part cannot do yet.
type gap struct{ try, here string }

// gapList returns what a part cannot do yet. It comes from the list that the part's own test asserts:
//
//	var gaps = []gap{{"what a reader would try", "what happens here", …}, …}
func (b *book) gapList(part string) ([]gap, error) {
	name := part + "/gap_test.go"
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(b.root, part, "gap_test.go"), nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	list := findGaps(file)
	if list == nil {
		return nil, fmt.Errorf("%s has no \"var gaps = []gap{…}\"", name)
	}
	var all []gap
	for i, element := range list.Elts {
		try, here, err := gapOf(element)
		if err != nil {
			return nil, fmt.Errorf("%s: gap %d: %w", name, i+1, err)
		}
		all = append(all, gap{try, here})
	}
	return all, nil
}

// findGaps returns the value of the variable gaps, or nil.
func findGaps(file *ast.File) *ast.CompositeLit {
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			value, ok := spec.(*ast.ValueSpec)
			if !ok || len(value.Names) != 1 || value.Names[0].Name != "gaps" || len(value.Values) != 1 {
				continue
			}
			if list, ok := value.Values[0].(*ast.CompositeLit); ok {
				return list
			}
		}
	}
	return nil
}

// gapOf returns the first two fields of an entry, by position or by the names try and here.
func gapOf(element ast.Expr) (try, here string, err error) {
	entry, ok := element.(*ast.CompositeLit)
	if !ok {
		return "", "", fmt.Errorf("write the entry out: {\"…\", \"…\"}")
	}
	fields := map[string]ast.Expr{}
	for i, value := range entry.Elts {
		if pair, ok := value.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok {
				fields[key.Name] = pair.Value
			}
		} else if i < 2 {
			fields[[]string{"try", "here"}[i]] = value
		}
	}
	if try, err = stringOf(fields["try"]); err != nil {
		return "", "", fmt.Errorf("try: %w", err)
	}
	if here, err = stringOf(fields["here"]); err != nil {
		return "", "", fmt.Errorf("here: %w", err)
	}
	return try, here, nil
}

// stringOf returns the value of a string literal, or of several with + between.
func stringOf(expr ast.Expr) (string, error) {
	switch e := expr.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			return strconv.Unquote(e.Value)
		}
	case *ast.BinaryExpr:
		left, err := stringOf(e.X)
		if err != nil {
			return "", err
		}
		right, err := stringOf(e.Y)
		return left + right, err
	}
	return "", fmt.Errorf("this must be a string literal, so that the chapter can show it")
}

// cell makes text fit into a cell of a table.
func cell(text string) string {
	return strings.ReplaceAll(oneLine(text), "|", `\|`)
}
