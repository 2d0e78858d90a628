package pages

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"framebyframe/shared/book/parts"
)

// mutations are changes of one thing in part 1, each with the directive whose block must no longer be true.
var mutations = []struct{ name, directive, file, old, new string }{
	{"a byte of the reply", "<!-- lab: 1 show=all mask=clock,usec,rtt -- arping -I tap0 -c1 10.0.0.4 -->",
		"arp.go", "sha: s.mac,", "sha: MAC{0x02, 0, 0, 0, 0, 0x05},"},
	{"the words of the trace", "<!-- lab: show=trace mask=clock 1 -- arping -I tap0 -c1 10.0.0.4 -->",
		"arp.go", "is-at", "is-on"},
}

// TestMutations makes a block with the real lab and the real part, changes one thing in the part by way of an overlay, and
// checks the block.
func TestMutations(t *testing.T) {
	tree, err := parts.Open(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			page := filepath.Join(t.TempDir(), "a.md")
			if err := os.WriteFile(page, []byte(m.directive+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if wrong, err := Fill(t.Context(), tree, Kinds, []string{page}, new(bytes.Buffer)); err != nil {
				t.Fatal(err)
			} else if len(wrong) > 0 {
				t.Skip("SKIP: the lab does not run here: ", wrong[0])
			}
			if wrong, err := Check(t.Context(), tree, Kinds, []string{page}); err != nil || len(wrong) > 0 {
				t.Fatalf("without a change: %v, %v", wrong, err)
			}
			file := tree.Path("part1-ethernet-arp/stack/" + m.file)
			text, err := os.ReadFile(file)
			if err != nil || !strings.Contains(string(text), m.old) {
				t.Fatalf("%s has no %q (%v)", file, m.old, err)
			}
			changed := filepath.Join(t.TempDir(), m.file)
			if err := os.WriteFile(changed, []byte(strings.ReplaceAll(string(text), m.old, m.new)), 0o600); err != nil {
				t.Fatal(err)
			}
			overlay, err := parts.Overlay{file: changed}.Write(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv("GOFLAGS", overlay) // all go commands of the test see it
			if wrong, err := Check(t.Context(), tree, Kinds, []string{page}); err != nil || len(wrong) == 0 {
				t.Errorf("%s became %s in %s, and the block is still true (%v)", m.old, m.new, m.file, err)
			}
		})
	}
}
