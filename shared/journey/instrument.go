package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// deviceCall matches a call of the stack's device.
var deviceCall = regexp.MustCompile(`\b(\w+\.dev)\.(Read|Write)\(`)

// instrument returns the text of a part's file with a call of journeyEnter at the beginning of each function, and with its
// calls of the device told to the recorder. Lines stay where they are.
func instrument(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, decl := range slices.Backward(file.Decls) { // from the end, so that the places of the others stay
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		at := set.Position(f.Body.Lbrace).Offset + 1
		call := fmt.Sprintf(" defer journeyEnter(%q, %q, %v)(); ", functionName(f), filepath.Base(path), isSmall(f))
		text = slices.Concat(text[:at], []byte(call), text[at:])
	}
	if !bytes.Contains(text, []byte("journeyEnter(")) {
		return text, nil
	}
	return deviceCall.ReplaceAll(text, []byte("journey$2($1, ")), nil
}

// functionName returns the name of a function, a method's with its type in front.
func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	of := f.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	if index, ok := of.(*ast.IndexExpr); ok {
		of = index.X
	}
	if name, ok := of.(*ast.Ident); ok {
		return name.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

// isSmall reports whether a function is a single statement without a block.
func isSmall(f *ast.FuncDecl) bool {
	if len(f.Body.List) > 1 {
		return false
	}
	small := true
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if block, ok := n.(*ast.BlockStmt); ok && block != f.Body {
			small = false
		}
		return small
	})
	return small
}

// isTrace reports whether a file only puts things into words.
func isTrace(file string) bool { return file == "trace.go" || strings.HasSuffix(file, "_trace.go") }
