package steps

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"

	"framebyframe/shared/book/parts"
)

const (
	gopacket = "github.com/google/gopacket"
	shared   = parts.Module + "/shared/"
)

// forTests are the packages that only tests use, and programs that exist to test: what a part is made of does without.
var forTests = []string{gopacket, shared + "script", shared + "suite", shared + "grade"}

// mayTest and mayShow are the directories that may use those packages, and those that may use a part.
var (
	mayTest = []string{"shared/script", "shared/suite", "shared/grade", "shared/bench", "shared/interop"}
	mayShow = []string{"shared/page", "shared/explain", "shared/suite", "shared/grade", "shared/bench", "shared/interop"}
)

// checkImports checks who imports what, and that each part is a program and a flat package stack.
func checkImports(t *parts.Tree) ([]string, error) {
	files, err := t.Files()
	if err != nil {
		return nil, err
	}
	var failures []string
	for _, name := range files {
		if !parts.IsGo(name) {
			continue
		}
		src, err := parts.Parse(t.Path(name))
		if err != nil {
			failures = append(failures, fmt.Sprintf("%s: %v: it must compile before it can be checked", name, err))
			continue
		}
		if want := packageOf(t, name); want != "" && src.AST.Name.Name != want && src.AST.Name.Name != want+"_test" {
			failures = append(failures, fmt.Sprintf("%s: package %s, want %s: a part is a program, and below it its package stack", name, src.AST.Name.Name, want))
		}
		for _, spec := range src.AST.Imports {
			if why := forbidden(t, name, importPath(spec)); why != "" {
				failures = append(failures, fmt.Sprintf("%s imports %s: %s", name, importPath(spec), why))
			}
		}
	}
	return failures, nil
}

// importPath returns what spec imports.
func importPath(spec *ast.ImportSpec) string {
	path, _ := strconv.Unquote(spec.Path.Value) // the parser has checked it
	return path
}

// packageOf returns the package that a file of a part belongs to; "" for any other file.
func packageOf(t *parts.Tree, name string) string {
	p, ok := t.Of(name)
	rest, inStack := strings.CutPrefix(name, p.Name+"/"+parts.StackDir+"/")
	switch {
	case !ok:
		return ""
	case inStack && !strings.Contains(rest, "/"):
		return parts.StackDir
	}
	return "main"
}

// forbidden returns why the file name may not import path, and "" if it may.
func forbidden(t *parts.Tree, name, path string) string {
	test := strings.HasSuffix(name, "_test.go")
	in := func(dirs []string) bool {
		return slices.ContainsFunc(dirs, func(dir string) bool { return within(name, dir) })
	}
	of, inPart := t.Of(name)
	used, usesPart := t.Of(strings.TrimPrefix(path, parts.Module+"/"))
	switch {
	case !test && !in(mayTest) && slices.ContainsFunc(forTests, func(pkg string) bool { return within(path, pkg) }):
		return "only tests may, and what exists to test"
	case usesPart && inPart && used != of:
		return "each part is complete by itself, so copy what is needed"
	case usesPart && strings.HasPrefix(name, "shared/") && !test && !in(mayShow):
		return "shared/ serves all parts and knows none; run the part as a program"
	case !test && packageOf(t, name) == parts.StackDir && within(path, parts.Module):
		return "a stack is the lesson, and uses nothing of this repository"
	}
	return ""
}

// within reports whether path is dir, or below it.
func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }
