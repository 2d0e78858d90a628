// Package worktree finds the working tree of this module, for the commands that work on it.
package worktree

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Module is the module's name.
const Module = "framebyframe"

// Root returns the module's directory, going up from dir. The error says what to do.
func Root(dir string) (string, error) {
	from, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := from; ; {
		text, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && slices.ContainsFunc(strings.Split(string(text), "\n"), isModule) {
			return at, nil
		}
		up := filepath.Dir(at)
		if up == at {
			return "", fmt.Errorf("%s is not inside a checkout of Frame by Frame; change into one and try again", from)
		}
		at = up
	}
}

// isModule reports whether a line of a go.mod names this module.
func isModule(line string) bool {
	fields := strings.Fields(line)
	return len(fields) >= 2 && fields[0] == "module" && fields[1] == Module
}
