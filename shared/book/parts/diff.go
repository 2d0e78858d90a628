package parts

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Diff runs diff on two files, as a reader would. The labels replace names and dates. It returns "" for files that are the
// same.
func Diff(oldLabel, newLabel, old, new string) (string, error) {
	out, err := Run(context.Background(), Command{Limit: time.Minute, Args: []string{"diff", "-u", "-L", oldLabel, "-L", newLabel, old, new}})
	if err == nil && out.Status > 1 {
		err = errors.New(strings.TrimSpace(out.Stderr))
	}
	return out.Stdout, err
}

// DiffLines returns the unified diff between what stands somewhere and what should.
func DiffLines(have, want []string) (string, error) {
	dir, err := os.MkdirTemp("", "diff")
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
	return Diff("what stands there", "what should", h, w)
}
