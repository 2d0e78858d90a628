package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// checkout makes a small module with two parts and an empty directory for a third.
func checkout(t *testing.T, module string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                     "// a comment\nmodule " + module + "\n",
		"part1-ethernet-arp/main.go": "package main\n",
		"part2-ipv4-icmp/main.go":    "package main\n",
		"part3-tcp-handshake/notes":  "",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFindPart(t *testing.T) {
	root := checkout(t, "framebyframe")
	program := filepath.Join(root, "part1.bin")
	if err := os.WriteFile(program, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(root, "part2-ipv4-icmp"))
	for _, test := range []struct{ name, want, fails string }{
		{"1", "part1-ethernet-arp", ""},
		{"2", "part2-ipv4-icmp", ""},
		{".", "part2-ipv4-icmp", ""},
		{"../part1-ethernet-arp", "part1-ethernet-arp", ""},
		{"../part1.bin", "part1.bin", ""},
		{"3", "", "no part 3; there is 1 (part1-ethernet-arp), 2 (part2-ipv4-icmp)"},
		{"../part3-tcp-handshake", "", "no Go source"},
		{"main.go", "", "neither a directory nor a program"},
		{"nowhere", "", "not a part"},
	} {
		p, err := findPart(test.name)
		switch {
		case test.fails == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)):
			t.Errorf("%s: error %v, want %q", test.name, err, test.fails)
		case p.Name != test.want:
			t.Errorf("%s: found %q, want %q", test.name, p.Name, test.want)
		}
	}
	if p, _ := findPart("."); p.Number != 2 {
		t.Errorf("the part in the working directory has number %d, want 2", p.Number)
	}
}

func TestFindRootOutside(t *testing.T) {
	t.Chdir(checkout(t, "another"))
	if _, err := findPart("1"); err == nil || !strings.Contains(err.Error(), "checkout") {
		t.Errorf("in another module: error %v", err)
	}
}

func TestReadyWatcher(t *testing.T) {
	for _, test := range []struct {
		name   string
		pieces []string
		want   string
	}{
		{"a whole line", []string{"ready: yes\n"}, "ready: yes"},
		{"in pieces, after others", []string{"not ready: no\nrea", "dy: y", "es\nready: again\n"}, "ready: yes"},
		{"unfinished", []string{"ready: ye"}, ""},
		{"after a very long line", []string{strings.Repeat("x", 5000), "\nready: yes\n"}, "ready: yes"},
	} {
		var out bytes.Buffer
		w := newReadyWatcher(&out)
		for _, piece := range test.pieces {
			w.Write([]byte(piece))
		}
		if got := w.readyLine(); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		if out.String() != strings.Join(test.pieces, "") {
			t.Errorf("%s: passed on %q", test.name, out.String())
		}
	}
}

// readyLine returns the line that said ready, or "".
func (w *readyWatcher) readyLine() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said
}
