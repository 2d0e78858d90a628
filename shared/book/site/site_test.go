package site

import (
	"path/filepath"
	"strings"
	"testing"

	"framebyframe/shared/book/parts"
)

const goodPage = `<!DOCTYPE html><html><head><link rel="stylesheet" href="../style.css"></head><body>
<h2 id="a-b">a</h2><a href="#a-b">here</a> <a href="b.html#L-7">there</a> <a href="https://example.com/no">far</a>
<pre>&lt;a href="no.html"&gt;</pre><script src="../m.js"></script></body></html>`

// TestCheckLinks changes a page that is right in each way that must be noticed.
func TestCheckLinks(t *testing.T) {
	for _, test := range []struct{ old, new, says string }{
		{"", "", ""},
		{`"#a-b"`, `"#a-c"`, "docs/a.html: #a-c: that page has no such place"},
		{`id="a-b"`, `id="b-a"`, "#a-b: that page has no such place"},
		{`b.html#L-7`, `b.html#L-8`, "b.html#L-8: that page has no such place"},
		{`b.html#L-7`, `c.html`, "c.html leads nowhere"},
		{`b.html#L-7`, `../docs`, "../docs leads nowhere"},
		{`../style.css`, `/style.css`, "works on a server only"},
		{`../m.js`, `../n.js`, "../n.js leads nowhere"},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{
			"style.css": "", "m.js": "", "docs/a.html": strings.Replace(goodPage, test.old, test.new, 1),
			"docs/b.html": `<span class="ln" id="L-7">`,
		} {
			if err := writeFile(filepath.Join(dir, name), text); err != nil {
				t.Fatal(err)
			}
		}
		pages, problems, err := checkLinks(dir)
		got := strings.Join(problems, "\n")
		if err != nil || pages != 2 || (test.says == "") != (got == "") || !strings.Contains(got, test.says) {
			t.Errorf("%s -> %s: %d pages, %q, %v; want %q", test.old, test.new, pages, got, err, test.says)
		}
	}
}

// TestClearSite removes an older site, and nothing that is something else.
func TestClearSite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "site")
	if err := clearSite(dir); err != nil {
		t.Errorf("nothing is there yet: %v", err)
	}
	if err := writeFile(filepath.Join(dir, "letter.txt"), "dear"); err != nil {
		t.Fatal(err)
	}
	if err := clearSite(dir); err == nil || !parts.Exists(filepath.Join(dir, "letter.txt")) {
		t.Errorf("somebody's letter is gone: %v", err)
	}
	if err := writeFile(filepath.Join(dir, "chroma.css"), ""); err != nil {
		t.Fatal(err)
	}
	if err := clearSite(dir); err != nil || parts.Exists(dir) {
		t.Errorf("the old site is still there: %v", err)
	}
}
