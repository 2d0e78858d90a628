package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// changesFile is what "go run ./shared/parts update" writes.
const changesFile = "docs/changes.txt"

// changes returns the lines about the step from one part to the next, those about its tests left out.
func (b *book) changes(old, new string) (string, error) {
	all, err := b.text(changesFile)
	if err != nil {
		return "", err
	}
	heading := old + " -> " + new + "\n"
	_, step, ok := strings.Cut(all, "\n"+heading)
	if !ok {
		return "", fmt.Errorf("%s has no step %s", changesFile, strings.TrimSpace(heading))
	}
	step, _, ok = strings.Cut(step, "\nits tests\n")
	if !ok {
		return "", fmt.Errorf("%s: the step %s has no line \"its tests\"", changesFile, strings.TrimSpace(heading))
	}
	return heading + step, nil
}

// text returns a text file of the repository.
func (b *book) text(name string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", fmt.Errorf("%s is not in the repository", name)
	}
	text, err := os.ReadFile(filepath.Join(b.root, filepath.FromSlash(name)))
	if err != nil {
		return "", err
	}
	if len(text) == 0 || !utf8.Valid(text) {
		return "", fmt.Errorf("%s is empty, or no text", name)
	}
	return spaceAtEnd.ReplaceAllString(string(text), ""), nil
}
