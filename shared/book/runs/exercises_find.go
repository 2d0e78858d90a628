package runs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"framebyframe/shared/book/parts"
)

// An exercise is a test that fails and what makes it pass.
type exercise struct {
	part     parts.Part
	number   int
	test     string   // the function
	dir      string   // one of parts.TestDirs
	solution string   // the file, from the root
	wrong    []string // files with what only looks like a solution
}

var (
	exerciseTest = regexp.MustCompile(`^TestExercise([1-9][0-9]*)[A-Z]\w*$`)
	exerciseTag  = regexp.MustCompile(`(?m)^//go:build exercise\b`)
	solutionName = regexp.MustCompile(`^part([0-9]+)-exercise([1-9][0-9]*)\.diff$`)
	wrongName    = regexp.MustCompile(`^(part[0-9]+-exercise[1-9][0-9]*)-[\w-]+\.diff$`)
)

// findExercises returns the exercises in order, and what is wrong with them before anything is run: each has a test, a
// solution, and a word about both in the part's chapter.
func findExercises(t *parts.Tree) (all []exercise, problems []string, err error) {
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for _, p := range t.Parts {
		found, err := exercisesOf(p, wrong)
		if err != nil {
			return nil, nil, err
		}
		chapter, text, err := t.Chapter(p)
		if err != nil && len(found) > 0 {
			wrong("%v", err)
			continue
		}
		for i := range found {
			e := &found[i]
			e.solution = fmt.Sprintf("docs/solutions/part%d-exercise%d.diff", p.Number, e.number)
			if e.number != i+1 {
				wrong("%s: %s comes where exercise %d should", p.Name, e.test, i+1)
			}
			if !parts.Exists(t.Path(e.solution)) {
				wrong("%s: %s has no solution %s", p.Name, e.test, e.solution)
			}
			for _, name := range []string{fmt.Sprintf("TestExercise%d", e.number), filepath.Base(e.solution)} {
				if !regexp.MustCompile(regexp.QuoteMeta(name) + `(?:[^0-9]|$)`).MatchString(text) { // TestExercise1 is not TestExercise12
					wrong("%s: %s does not mention %s", p.Name, chapter, name)
				}
			}
		}
		all = append(all, found...)
	}
	files, _ := filepath.Glob(t.Path("docs/solutions/wrong/*")) // fails for a malformed pattern only
	for _, file := range files {
		name, of := t.Name(file), -1
		if found := wrongName.FindStringSubmatch(filepath.Base(file)); found != nil {
			of = slices.IndexFunc(all, func(e exercise) bool { return e.solution == "docs/solutions/"+found[1]+".diff" })
		}
		if of < 0 {
			wrong("%s: a wrong solution is named part1-exercise1-what.diff, and there is such an exercise", name)
			continue
		}
		all[of].wrong = append(all[of].wrong, name)
	}
	files, _ = filepath.Glob(t.Path("docs/solutions/*.*"))
	for _, file := range files {
		name := t.Name(file)
		if !solutionName.MatchString(filepath.Base(file)) {
			wrong("%s: a solution is named part1-exercise1.diff", name)
		} else if !slices.ContainsFunc(all, func(e exercise) bool { return e.solution == name }) {
			wrong("%s is the solution of no exercise: there is no such part, or no such test in it", name)
		}
	}
	return all, problems, nil
}

// exercisesOf returns the exercises of a part by their numbers, without their solutions.
func exercisesOf(p parts.Part, wrong func(string, ...any)) (all []exercise, err error) {
	for _, dir := range parts.TestDirs {
		src, err := parts.Parse(filepath.Join(p.Dir, dir, parts.ExerciseFile))
		if errors.Is(err, os.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		if before, _, _ := strings.Cut(string(src.Text), "\npackage "); !exerciseTag.MatchString(before) {
			wrong("%s: %s has no line //go:build exercise above its package, so its tests would fail for everybody", p.Name, parts.ExerciseFile)
		}
		for _, f := range src.Tests() {
			if found := exerciseTest.FindStringSubmatch(f.Name.Name); found != nil {
				number, _ := strconv.Atoi(found[1]) // digits
				all = append(all, exercise{part: p, number: number, test: f.Name.Name, dir: dir})
			} else {
				wrong("%s: %s: the test of an exercise is named TestExercise1Name", p.Name, f.Name.Name)
			}
		}
	}
	slices.SortFunc(all, func(a, b exercise) int { return a.number - b.number })
	return all, nil
}

// ExerciseProblems returns what is wrong with the exercises before anything is run.
func ExerciseProblems(t *parts.Tree) ([]string, error) {
	_, problems, err := findExercises(t)
	return problems, err
}
