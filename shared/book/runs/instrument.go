package runs

import (
	"bytes"
	"fmt"
	"go/ast"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"framebyframe/shared/book/parts"
)

// deviceCall matches a call of the stack's device.
var deviceCall = regexp.MustCompile(`\b(\w+\.dev)\.(Read|Write)\(`)

// instrument returns the text of a part's file with a call of journeyEnter at the beginning of each function, and with its
// calls of the device told to the recorder. Lines stay where they are.
func instrument(path string) ([]byte, error) {
	src, err := parts.Parse(path)
	if err != nil {
		return nil, err
	}
	text := src.Text
	for _, decl := range slices.Backward(src.AST.Decls) { // from the end, so that the places of the others stay
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		at := src.Offset(f.Body.Lbrace) + 1
		call := fmt.Sprintf(" defer journeyEnter(%q, %q, %v)(); ", parts.FuncName(f), filepath.Base(path), isSmall(f))
		text = slices.Concat(text[:at], []byte(call), text[at:])
	}
	if !bytes.Contains(text, []byte("journeyEnter(")) {
		return text, nil
	}
	return deviceCall.ReplaceAll(text, []byte("journey$2($1, ")), nil
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
