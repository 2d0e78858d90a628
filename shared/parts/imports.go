package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
)

const (
	gopacket  = "github.com/google/gopacket"
	scriptPkg = moduleName + "/shared/script"
)

// checkImports checks who imports what, and that each part is one flat package main.
func checkImports(c *checkout) ([]string, error) {
	var failures []string
	for _, name := range c.files {
		if !isGo(name) {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), c.path(name), nil, parser.ImportsOnly)
		if err != nil {
			failures = append(failures, fmt.Sprintf("%s: %v: it must compile before it can be checked", name, err))
			continue
		}
		if inPart(name) && f.Name.Name != "main" {
			failures = append(failures, fmt.Sprintf("%s: package %s: all files of a part are in package main", name, f.Name.Name))
		}
		for _, spec := range f.Imports {
			path := importPath(spec)
			if why := forbidden(name, path); why != "" {
				failures = append(failures, fmt.Sprintf("%s imports %s: %s", name, path, why))
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

// forbidden returns why the file name may not import path, and "" if it may.
func forbidden(name, path string) string {
	test := strings.HasSuffix(name, "_test.go")
	inScript := strings.HasPrefix(name, "shared/script/")
	switch {
	case within(path, gopacket) && !test && !inScript:
		return "only tests and shared/script may, for the stack must do without it"
	case within(path, scriptPkg) && !test && !inScript:
		return "only tests may"
	case importsPart(path) && inPart(name):
		return "each part is complete by itself, so copy what is needed"
	case importsPart(path) && strings.HasPrefix(name, "shared/") && !test:
		return "shared/ serves all parts and knows none; run the part as a program"
	}
	return ""
}

// within reports whether path is the package pkg, or one below it.
func within(path, pkg string) bool { return path == pkg || strings.HasPrefix(path, pkg+"/") }

// inPart reports whether a file belongs to a part.
func inPart(name string) bool {
	dir, _, ok := strings.Cut(name, "/")
	return ok && partName.MatchString(dir)
}

// importsPart reports whether path is a part's package.
func importsPart(path string) bool {
	name, ok := strings.CutPrefix(path, moduleName+"/")
	return ok && inPart(name+"/")
}
