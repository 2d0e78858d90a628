package pages

import (
	"fmt"
	"go/ast"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"framebyframe/shared/book/parts"
	"framebyframe/shared/book/steps"
)

// code returns the text of declarations in a file, with their doc comments and an empty line between.
func (b *book) code(name string, wanted []string) (string, error) {
	src, err := parts.Parse(b.tree.Path(name))
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	var texts []string
	var shown []ast.Decl
	for _, want := range wanted {
		decl, ok := src.Decl(want)
		if !ok {
			return "", fmt.Errorf("%s has no %s; it has %s", name, want, strings.Join(src.Names, ", "))
		}
		if slices.Contains(shown, decl) {
			return "", fmt.Errorf("%s is declared together with another of these names; leave it out", want)
		}
		shown = append(shown, decl)
		texts = append(texts, src.Lines(decl))
	}
	return strings.Join(texts, "\n\n"), nil
}

// diff returns the unified diff of files between two directories. Without files it is of all Go files that both have, tests
// left out: what the next layer costs in code that was there.
func (b *book) diff(old, new string, files []string) (string, error) {
	for _, dir := range []string{old, new} {
		if !parts.Exists(b.tree.Path(dir)) {
			return "", fmt.Errorf("there is no %s; name a part's directory, or its stack", dir)
		}
	}
	if len(files) == 0 {
		all, _ := filepath.Glob(b.tree.Path(old + "/*.go")) // fails for a malformed pattern only
		for _, file := range all {
			if name := filepath.Base(file); !parts.IsTest(name) && parts.Exists(b.tree.Path(new+"/"+name)) {
				files = append(files, name)
			}
		}
	}
	var all strings.Builder
	for _, file := range files {
		for _, dir := range []string{old, new} {
			if !parts.Exists(b.tree.Path(dir + "/" + file)) {
				return "", fmt.Errorf("%s has no %s; show a file that only one of them has with a code directive", dir, file)
			}
		}
		a, z := path.Join(old, file), path.Join(new, file)
		text, err := parts.Diff(a, z, b.tree.Path(a), b.tree.Path(z))
		if err != nil {
			return "", err
		}
		all.WriteString(text)
	}
	if all.Len() == 0 {
		return "", fmt.Errorf("nothing differs between %s and %s in: %s; leave the block out", old, new, strings.Join(files, " "))
	}
	return all.String(), nil
}

// changes returns the lines about the step from one part to the next, those about its tests left out.
func (b *book) changes(old, new string) (string, error) {
	all, err := b.text(steps.ChangesFile)
	if err != nil {
		return "", err
	}
	heading := old + " -> " + new + "\n"
	_, step, ok := strings.Cut(all, "\n"+heading)
	if !ok {
		return "", fmt.Errorf("%s has no step %s", steps.ChangesFile, strings.TrimSpace(heading))
	}
	step, _, _ = strings.Cut(step, "\nits tests\n")
	return heading + step, nil
}

// text returns a text file of the repository.
func (b *book) text(name string) (string, error) {
	text, err := b.tree.Read(name)
	if err == nil && (text == "" || !utf8.ValidString(text)) {
		err = fmt.Errorf("%s is empty, or no text", name)
	}
	return spaceAtEnd.ReplaceAllString(text, ""), err
}

// journey returns the functions that a packet passes, as go run ./shared/book journey finds them.
func (b *book) journey(d directive) (string, error) {
	p, err := b.tree.Find(d.args[0])
	if err != nil {
		return "", err
	}
	d.command = fmt.Sprintf("go run ./shared/book journey %d %s", p.Number, d.args[1])
	return b.runTranscript(d)
}

// spaceAtEnd matches what no reader sees and many an editor takes away.
var spaceAtEnd = regexp.MustCompile(`(?m)[ \t\r]+$`)
