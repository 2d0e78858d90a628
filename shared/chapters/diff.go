package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// diff returns the unified diff of files between two parts. Without files it is of all that both parts have, tests left
// out: what the next layer costs in code that was there.
func (b *book) diff(old, new string, files []string) (string, error) {
	for _, part := range []string{old, new} {
		if !exists(filepath.Join(b.root, part)) {
			return "", fmt.Errorf("there is no part %s; name the directory of a part", part)
		}
	}
	if len(files) == 0 {
		files = b.inBoth(old, new)
	} else if err := b.mustBeInBoth(old, new, files); err != nil {
		return "", err
	}
	var all strings.Builder
	for _, file := range files {
		text, err := diffFiles(path.Join(old, file), path.Join(new, file), filepath.Join(b.root, old, file), filepath.Join(b.root, new, file))
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

// inBoth returns the Go files, without tests, that both parts have.
func (b *book) inBoth(old, new string) []string {
	var files []string
	paths, _ := filepath.Glob(filepath.Join(b.root, old, "*.go")) // fails for a malformed pattern only
	for _, path := range paths {
		file := filepath.Base(path)
		if !strings.HasSuffix(file, "_test.go") && exists(filepath.Join(b.root, new, file)) {
			files = append(files, file)
		}
	}
	return files
}

// mustBeInBoth returns an error for a file that one of the parts has not.
func (b *book) mustBeInBoth(old, new string, files []string) error {
	for _, file := range files {
		for _, part := range []string{old, new} {
			if !exists(filepath.Join(b.root, part, file)) {
				return fmt.Errorf("%s has no %s; show a file that only one part has with a code directive", part, file)
			}
		}
	}
	return nil
}

// diffFiles runs diff, as a reader would. The labels replace names and dates. It returns "" for files that are the same.
func diffFiles(oldLabel, newLabel, old, new string) (string, error) {
	cmd := exec.Command("diff", "-u", "-L", oldLabel, "-L", newLabel, old, new)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	text, err := cmd.Output()
	var status *exec.ExitError
	switch {
	case errors.As(err, &status) && status.ExitCode() == 1: // they differ
		return string(text), nil
	case errors.As(err, &status):
		return "", fmt.Errorf("diff %s %s: %s", old, new, status.Stderr)
	case err != nil:
		return "", fmt.Errorf("diff cannot run (on Debian and Ubuntu: sudo apt install diffutils): %w", err)
	}
	return "", nil
}

// diffTexts returns the unified diff between what a block has and what it should have.
func diffTexts(have, want []string) (string, error) {
	dir, err := os.MkdirTemp("", "chapters")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	h, w := filepath.Join(dir, "have"), filepath.Join(dir, "want")
	for file, lines := range map[string][]string{h: have, w: want} {
		text := ""
		if len(lines) > 0 {
			text = strings.Join(lines, "\n") + "\n"
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return diffFiles("what stands there", "what should", h, w)
}
