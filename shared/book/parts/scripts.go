package parts

import (
	"errors"
	"fmt"
	"go/ast"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// ScriptDir is where the scripts are that all parts are tested with.
const ScriptDir = "shared/suite/scripts"

// A Script is one script of the suite, as far as the pages want to know it.
type Script struct {
	File string            // without directory and .txt
	Name string            // what stands in "-- NAME --"
	Keys map[string]string // from, until, try, here and so on; shared/suite/scripts/scripts.go explains them
}

var (
	sectionLine = regexp.MustCompile(`^== .+ ==$`)
	scriptLine  = regexp.MustCompile(`^-- (.+) --$`)
	keyLine     = regexp.MustCompile(`^([a-z-]+): +(.+)$`)
)

// Scripts returns the suite's scripts, in the order of the files' names.
func (t *Tree) Scripts() (all []Script, err error) {
	files, _ := filepath.Glob(t.Path(ScriptDir + "/*.txt")) // fails for a malformed pattern only
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		all = append(all, scriptsOf(strings.TrimSuffix(filepath.Base(file), ".txt"), string(text))...)
	}
	return all, nil
}

// scriptsOf reads a file. A script has the keys of its file and of its section, too.
func scriptsOf(file, text string) (all []Script) {
	keys := map[string]string{} // those that are being filled
	ofFile := keys
	ofSection := map[string]string{}
	for _, line := range strings.Split(text, "\n") {
		if sectionLine.MatchString(line) {
			ofSection = map[string]string{}
			keys = ofSection
			continue
		}
		if m := scriptLine.FindStringSubmatch(line); m != nil {
			keys = map[string]string{} // a definition's are nobody's
			if !strings.HasPrefix(m[1], "define ") {
				maps.Copy(keys, ofFile)
				maps.Copy(keys, ofSection)
				all = append(all, Script{file, m[1], keys})
			}
			continue
		}
		if m := keyLine.FindStringSubmatch(line); m != nil {
			keys[m[1]] = m[2]
		}
	}
	return all
}

// Fits reports whether a script holds for a part.
func (s Script) Fits(p Part) bool {
	from, _ := strconv.Atoi(s.Keys["from"])
	until, err := strconv.Atoi(s.Keys["until"])
	return from <= p.Number && (err != nil || p.Number <= until)
}

// A SuiteTest is a test of the suite that is written in Go. It is run as TestSuite/NAME.
type SuiteTest struct {
	Name        string
	From, Until int    // the parts that it fits; Until is 0 for all later ones
	File        string // of the function, from the root
	Doc         string // what stands above it
}

// Fits reports whether the test holds for a part.
func (s SuiteTest) Fits(p Part) bool {
	return s.From <= p.Number && (s.Until == 0 || p.Number <= s.Until)
}

// SuiteTests returns the rows of the table goTests in shared/suite.
func (t *Tree) SuiteTests() (all []SuiteTest, err error) {
	files, _ := filepath.Glob(t.Path(path.Dir(ScriptDir) + "/*.go")) // fails for a malformed pattern only
	functions := map[string]SuiteTest{}                              // File and Doc of each
	var table *ast.CompositeLit
	for _, file := range files {
		src, err := Parse(file)
		if err != nil {
			return nil, err
		}
		for _, decl := range src.AST.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				functions[FuncName(f)] = SuiteTest{File: t.Name(file), Doc: f.Doc.Text()}
			}
		}
		ast.Inspect(src.AST, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && v.Names[0].Name == "goTests" && len(v.Values) == 1 {
				table, _ = v.Values[0].(*ast.CompositeLit)
			}
			return table == nil
		})
	}
	if table == nil {
		return nil, nil
	}
	for _, elt := range table.Elts {
		row, ok := elt.(*ast.CompositeLit)
		if !ok || len(row.Elts) != 4 {
			return nil, errors.New("goTests in shared/suite: a row is not name, from, until, function")
		}
		text := make([]string, 4)
		for i, cell := range row.Elts {
			switch cell := cell.(type) {
			case *ast.BasicLit:
				text[i] = cell.Value
			case *ast.Ident:
				text[i] = cell.Name
			}
		}
		s := functions[text[3]]
		s.Name, err = strconv.Unquote(text[0])
		s.From, _ = strconv.Atoi(text[1])
		s.Until, _ = strconv.Atoi(text[2])
		if err != nil || s.From == 0 || s.File == "" {
			return nil, fmt.Errorf("goTests in shared/suite: cannot read the row %v", text)
		}
		all = append(all, s)
	}
	return all, nil
}
