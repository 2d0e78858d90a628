package worktree

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRoot(t *testing.T) {
	for text, found := range map[string]bool{
		"module framebyframe\n\ngo 1.25.0\n":          true,
		"// a word\nmodule\tframebyframe // more\r\n": true,
		"module framebyframe/shared/bench\n":          false,
		"module another\n// module framebyframe\n":    false,
	} {
		root := t.TempDir()
		below := filepath.Join(root, "a", "b")
		if err := os.MkdirAll(below, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "go.mod"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := Root(below)
		if found && (err != nil || got != root) {
			t.Errorf("%q: %q, %v, want %q", text, got, err, root)
		}
		if !found && (err == nil || !strings.Contains(err.Error(), "change into one")) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
