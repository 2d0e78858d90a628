package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// checkLayers checks each part against layers.txt.
func checkLayers(c *checkout) ([]string, error) {
	table, err := parseLayers(layersText)
	if err != nil {
		return nil, err
	}
	var failures []string
	fset := token.NewFileSet()
	sources := make(map[string][]*ast.File)
	for _, p := range c.parts {
		for _, name := range c.filesIn(p.name) {
			if !isGo(name) || isTest(name) {
				continue
			}
			if _, ok := table.of(name); !ok {
				failures = append(failures, fmt.Sprintf("%s/%s belongs to no layer: name it in shared/parts/layers.txt", p.name, name))
			}
			f, err := parseSource(fset, c.path(p.name+"/"+name))
			if err != nil {
				return append(failures, fmt.Sprintf("%s does not compile: %v", p.name, err)), nil
			}
			if f != nil {
				sources[p.name] = append(sources[p.name], f)
			}
		}
	}
	imp, err := c.importer(fset, sources)
	if err != nil {
		return nil, err
	}
	for _, p := range c.parts {
		failures = append(failures, checkPart(table, p.name, fset, sources[p.name], imp)...)
	}
	return failures, nil
}

// parseSource reads a file, or returns nil if it is not for Linux, where the parts run.
func parseSource(fset *token.FileSet, name string) (*ast.File, error) {
	linux := build.Default
	linux.GOOS, linux.CgoEnabled = "linux", false
	if ok, err := linux.MatchFile(filepath.Dir(name), filepath.Base(name)); err != nil || !ok {
		return nil, err
	}
	return parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
}

// importer returns an importer for all that the sources import. The go command knows where the compiled packages are, and
// compiles those that are not there yet.
func (c *checkout) importer(fset *token.FileSet, sources map[string][]*ast.File) (types.Importer, error) {
	paths := make(map[string]bool)
	for _, files := range sources {
		for _, f := range files {
			for _, spec := range f.Imports {
				paths[importPath(spec)] = true
			}
		}
	}
	export := make(map[string]string) // the file with what a package exports
	if len(paths) > 0 {
		args := []string{"list", "-e", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}", "--"}
		cmd := exec.Command("go", append(args, slices.Sorted(maps.Keys(paths))...)...)
		cmd.Dir, cmd.Env = c.root, append(os.Environ(), "GOOS=linux")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
		}
		for line := range strings.Lines(string(out)) {
			path, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			export[path] = name
		}
	}
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if export[path] == "" {
			return nil, fmt.Errorf("%s does not compile, or is not there", path)
		}
		return os.Open(export[path])
	}), nil
}

// checkPart checks the files of one part.
func checkPart(table layers, name string, fset *token.FileSet, files []*ast.File, imp types.Importer) []string {
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	conf := types.Config{Importer: imp}
	pkg, err := conf.Check(moduleName+"/"+name, fset, files, info)
	if err != nil {
		return []string{fmt.Sprintf("%s does not compile, so its layers cannot be checked: %v", name, err)}
	}
	found := make(map[string]int) // what is forbidden, and the first line where it is done
	for ident, object := range info.Uses {
		if object.Pkg() != pkg || !object.Pos().IsValid() {
			continue
		}
		at := fset.Position(ident.Pos())
		user, declarer := filepath.Base(at.Filename), filepath.Base(fset.Position(object.Pos()).Filename)
		may, ok := table.of(user)
		of, known := table.of(declarer)
		if !ok || !known || may.mayUse(of, object.Name()) {
			continue
		}
		text := fmt.Sprintf("%s/%s uses %s (%s): layer %s may not know layer %s", name, user, object.Name(), declarer, may.name, of.name)
		if line, ok := found[text]; !ok || at.Line < line {
			found[text] = at.Line
		}
	}
	var failures []string
	for _, text := range slices.Sorted(maps.Keys(found)) {
		failures = append(failures, fmt.Sprintf("%s (line %d)", text, found[text]))
	}
	return failures
}
