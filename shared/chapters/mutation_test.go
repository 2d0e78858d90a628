package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"framebyframe/shared/worktree"
)

// mutations are changes of one thing in part 1, each with the directive whose block must no longer be true.
var mutations = []struct{ name, directive, file, old, new string }{
	{"a byte of the reply", "<!-- lab: 1 show=all mask=clock,usec,rtt -- arping -I tap0 -c1 10.0.0.4 -->",
		"arp.go", "sha: s.mac,", "sha: MAC{0x02, 0, 0, 0, 0, 0x05},"},
	{"the words of the trace", "<!-- lab: show=trace mask=clock 1 -- arping -I tap0 -c1 10.0.0.4 -->",
		"arp_packet.go", "is-at", "is-on"},
}

// TestMutations makes a block with the real lab and the real part, changes one thing in the part by way of an overlay, and
// checks the block.
func TestMutations(t *testing.T) {
	root, err := worktree.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a.md")
			if err := os.WriteFile(file, []byte(m.directive+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			page := func() (*page, *book) {
				p, err := readPage(root, file)
				if err != nil || len(p.problems) > 0 {
					t.Fatal(err, p.problems)
				}
				b := newBook(t.Context(), root)
				t.Cleanup(b.close)
				return p, b
			}
			p, b := page()
			if wrong, err := b.fill(p, kinds, new(bytes.Buffer)); err != nil {
				t.Fatal(err)
			} else if len(wrong) > 0 {
				t.Skip("SKIP: the lab does not run here: ", wrong[0].text)
			}
			p, b = page()
			if text := b.stale(p.blocks[0], p.owned(p.blocks[0])); text != "" {
				t.Fatalf("without a change: %s", text)
			}
			mutate(t, filepath.Join(root, "part1-ethernet-arp", m.file), m.old, m.new)
			p, b = page()
			if b.stale(p.blocks[0], p.owned(p.blocks[0])) == "" {
				t.Errorf("%s became %s in %s, and the block is still true:\n%s", m.old, m.new, m.file, p.text)
			}
		})
	}
}

// mutate has all go commands of the test see a file with one text in place of another.
func mutate(t *testing.T, file, old, new string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q", file, old)
	}
	changed := filepath.Join(t.TempDir(), filepath.Base(file))
	mutated := strings.ReplaceAll(string(text), old, new)
	if err := os.WriteFile(changed, []byte(mutated), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: changed}})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(name, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOFLAGS", "-overlay="+name)
}
