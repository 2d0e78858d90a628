package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A part is a directory with exercises, or one that a solution is meant for.
type part struct {
	root, name string // name is the directory's
	number     int
	exercises  []exercise
	problems   []string // with what belongs together; without any, there is an exercise 1, 2, 3 …
}

// An exercise is a test that fails and what makes it pass.
type exercise struct {
	number   int
	test     string // the function
	solution string // the file, from the root
}

func (p *part) dir() string { return filepath.Join(p.root, p.name) }

func (p *part) wrong(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

var (
	partForm     = regexp.MustCompile(`^part([0-9]+)-[\w-]+$`)
	testForm     = regexp.MustCompile(`^TestExercise([1-9][0-9]*)[A-Z]\w*$`)
	tagLine      = regexp.MustCompile(`(?m)^//go:build exercise\b`)
	solutionForm = regexp.MustCompile(`^part([0-9]+)-exercise([1-9][0-9]*)\.diff$`)
)

// findParts returns the parts, and what is wrong with their exercises before anything is run.
func findParts(root string) ([]*part, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	solutions, err := findSolutions(root)
	if err != nil {
		return nil, err
	}
	var parts []*part
	for _, entry := range entries {
		found := partForm.FindStringSubmatch(entry.Name())
		if found == nil {
			continue
		}
		p := &part{root: root, name: entry.Name()}
		p.number, _ = strconv.Atoi(found[1]) // digits
		if err := p.find(solutions[p.number]); err != nil {
			return nil, err
		}
		delete(solutions, p.number)
		if len(p.exercises) > 0 || len(p.problems) > 0 {
			parts = append(parts, p)
		}
	}
	for number := range solutions {
		return nil, fmt.Errorf("there are solutions for part %d, but there is no such part", number)
	}
	return parts, nil
}

// findSolutions returns the files in docs/solutions by part and exercise.
func findSolutions(root string) (map[int]map[int]string, error) {
	found := map[int]map[int]string{}
	files, _ := filepath.Glob(filepath.Join(root, "docs", "solutions", "*")) // fails for a malformed pattern only
	for _, file := range files {
		name := filepath.Base(file)
		match := solutionForm.FindStringSubmatch(name)
		if match == nil {
			return nil, fmt.Errorf("docs/solutions/%s: a solution is named part1-exercise1.diff", name)
		}
		part, _ := strconv.Atoi(match[1]) // digits
		number, _ := strconv.Atoi(match[2])
		if found[part] == nil {
			found[part] = map[int]string{}
		}
		found[part][number] = "docs/solutions/" + name
	}
	return found, nil
}

// find brings the part's tests, solutions and chapter together.
func (p *part) find(solutions map[int]string) error {
	tests, err := p.findTests()
	if err != nil {
		return err
	}
	chapter, text := p.chapter()
	for _, number := range slices.Sorted(maps.Keys(tests)) {
		test, solution := tests[number], solutions[number]
		delete(solutions, number)
		if number != len(p.exercises)+1 {
			p.wrong("%s: %s comes, and there is no exercise %d", p.name, test, len(p.exercises)+1)
		}
		if solution == "" {
			p.wrong("%s: %s has no solution docs/solutions/part%d-exercise%d.diff", p.name, test, p.number, number)
		}
		for _, name := range []string{fmt.Sprintf("TestExercise%d", number), filepath.Base(solution)} {
			if !mentions(text, name) {
				p.wrong("%s: %s does not mention %s", p.name, chapter, name)
			}
		}
		p.exercises = append(p.exercises, exercise{number, test, solution})
	}
	for _, number := range slices.Sorted(maps.Keys(solutions)) {
		p.wrong("%s: %s has no test TestExercise%d…", p.name, solutions[number], number)
	}
	return nil
}

// findTests returns the tests in exercise_test.go by their numbers.
func (p *part) findTests() (map[int]string, error) {
	tests := map[int]string{}
	text, err := os.ReadFile(filepath.Join(p.dir(), "exercise_test.go"))
	if os.IsNotExist(err) {
		return tests, nil
	} else if err != nil {
		return nil, err
	}
	if before, _, _ := strings.Cut(string(text), "\npackage "); !tagLine.MatchString(before) {
		p.wrong("%s: exercise_test.go has no line //go:build exercise above its package, so its tests would fail for everybody", p.name)
	}
	file, err := parser.ParseFile(token.NewFileSet(), p.name+"/exercise_test.go", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") {
			continue
		}
		found := testForm.FindStringSubmatch(f.Name.Name)
		if found == nil {
			p.wrong("%s: %s: the test of an exercise is named TestExercise1Name", p.name, f.Name.Name)
			continue
		}
		number, _ := strconv.Atoi(found[1]) // digits
		if tests[number] != "" {
			p.wrong("%s: %s and %s are of the same exercise", p.name, tests[number], f.Name.Name)
		}
		tests[number] = f.Name.Name
	}
	return tests, nil
}

// chapter returns the name and the text of the part's chapter.
func (p *part) chapter() (name, text string) {
	files, _ := filepath.Glob(filepath.Join(p.root, "docs", fmt.Sprintf("%d-*.md", p.number))) // fails for a malformed pattern only
	if len(files) != 1 {
		return fmt.Sprintf("docs/%d-….md", p.number), ""
	}
	all, _ := os.ReadFile(files[0]) // what cannot be read mentions nothing
	return "docs/" + filepath.Base(files[0]), string(all)
}

// mentions reports whether text has a name that no digit follows: TestExercise1 is not TestExercise12.
func mentions(text, name string) bool {
	return regexp.MustCompile(regexp.QuoteMeta(name) + `(?:[^0-9]|$)`).MatchString(text)
}
