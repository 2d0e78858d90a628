package site

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"framebyframe/shared/book/parts"
)

// A page is what Hugo makes one page of: the front matter, and the Markdown below it.
type page struct {
	Title   string `json:"title"`
	URL     string `json:"url"`
	Layout  string `json:"layout"`
	Repo    string `json:"repo"`    // the file's path in the repository
	Lang    string `json:"code"`    // the language of a source file
	Mermaid bool   `json:"mermaid"` // it has pictures
	Chapter int    `json:"chapter"` // a chapter's number, and that of a page that belongs to it; else 0
	text    string
}

// A chapter is what the navigation needs to know of one.
type chapter struct {
	Title string `json:"title"` // with the number
	Short string `json:"short"` // without
	URL   string `json:"url"`
	Repo  string `json:"repo"`
	Part  string `json:"part"`
	Step  string `json:"step"` // the URL of the page with the diff; "" for the first
}

// A siteTree is all that the site is made of.
type siteTree struct {
	tree     *parts.Tree
	files    []string          // of the repository, sorted
	links    map[string]string // URLs by path in the repository, of files and directories
	chapters []chapter
	pages    []page
	plain    []string // files that are copied as they are
}

var (
	title   = regexp.MustCompile(`(?m)^# (.+)$`)
	picture = regexp.MustCompile(`\.(svg|png)$`)
	// Text that nobody reads has no page: the fuzzer's inputs, and lists of checksums.
	noPage = regexp.MustCompile(`/testdata/fuzz/|^shared/bench/results/|\.sum$|package-lock\.json$`)
)

// languages names the colouring for a file's last letters; what is not here is shown without any.
var languages = map[string]string{".go": "go", ".diff": "diff", ".sh": "bash", ".css": "css", ".html": "html", ".json": "json", ".toml": "toml"}

// readTree reads the repository as it is now, changes that are not committed included.
func readTree(tree *parts.Tree) (*siteTree, error) {
	files, err := tree.Files()
	if err != nil {
		return nil, err
	}
	t := &siteTree{tree: tree, links: map[string]string{}}
	t.files = slices.DeleteFunc(files, noPage.MatchString)
	for _, name := range t.files {
		t.links[name] = urlOf(name)
		for dir := path.Dir(name); t.links[dir] == ""; dir = path.Dir(dir) {
			t.links[dir] = "/" + path.Join(dir, "index.html")
		}
	}
	t.links["."] = "/index.html"
	if err := t.findChapters(); err != nil {
		return nil, err
	}
	return t, errors.Join(t.addFiles(), t.addDirectories(), t.addSteps())
}

// urlOf returns the URL of a file's page, which mirrors its place in the repository.
func urlOf(name string) string {
	switch {
	case name == "README.md":
		return "/index.html"
	case path.Base(name) == "README.md":
		return "/" + path.Dir(name) + "/index.html"
	case strings.HasSuffix(name, ".md"):
		return "/" + strings.TrimSuffix(name, ".md") + ".html"
	case picture.MatchString(name):
		return "/" + name
	}
	return "/" + name + ".html"
}

// findChapters puts chapters and parts together: both begin with the same number.
func (t *siteTree) findChapters() error {
	for n, p := range t.tree.Parts {
		name, text, err := t.tree.Chapter(p)
		if err != nil {
			return err
		}
		c := chapter{Repo: name, URL: urlOf(name), Part: p.Name, Title: titleOf(name, text)}
		_, c.Short, _ = strings.Cut(c.Title, " ")
		if n > 0 {
			c.Step = stepURL(t.tree.Parts[n-1].Name, p.Name)
		}
		t.chapters = append(t.chapters, c)
	}
	return nil
}

func titleOf(name, text string) string {
	if found := title.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return name
}

// addFiles adds a page for each file that is text, and notes the pictures.
func (t *siteTree) addFiles() error {
	for _, name := range t.files {
		text, err := t.tree.Read(name)
		switch {
		case err != nil:
			return err
		case picture.MatchString(name):
			t.plain = append(t.plain, name)
		case strings.Contains(text, "\x00"):
			t.plain = append(t.plain, name)
			t.links[name] = "/" + name
		case strings.HasSuffix(name, ".md"):
			t.addMarkdown(name, text)
		default:
			t.plain = append(t.plain, name)
			t.pages = append(t.pages, page{Title: name, URL: urlOf(name), Layout: "source", Repo: name, Lang: languageOf(name)})
		}
	}
	return nil
}

func languageOf(name string) string {
	if lang, ok := languages[path.Ext(name)]; ok {
		return lang
	}
	return "text"
}

func (t *siteTree) addMarkdown(name, text string) {
	p := page{Title: titleOf(name, text), URL: urlOf(name), Layout: "single", Repo: name, Mermaid: strings.Contains(text, "```mermaid"), text: t.withSources(name, text)}
	for i, c := range t.chapters {
		if c.Repo == name {
			p.Chapter = i + 1
		}
	}
	t.pages = append(t.pages, p)
}

// addDirectories adds a page for each directory that has no README.md.
func (t *siteTree) addDirectories() error {
	for _, dir := range slices.Sorted(maps.Keys(t.links)) {
		url := t.links[dir]
		if url != "/"+path.Join(dir, "index.html") || slices.Contains(t.files, dir+"/README.md") || dir == "." {
			continue
		}
		p := page{Title: dir, URL: url, Layout: "single", Repo: dir + "/", text: "# " + dir + "\n\n"}
		var code, tests []string
		seen := map[string]bool{}
		for _, name := range t.files {
			rest, ok := strings.CutPrefix(name, dir+"/")
			if first, _, below := strings.Cut(rest, "/"); below {
				rest = first
			}
			switch {
			case !ok || seen[rest]:
			case strings.HasSuffix(rest, "_test.go") || rest == "testdata":
				tests = append(tests, rest)
			default:
				code = append(code, rest)
			}
			seen[rest] = true
		}
		for i, c := range t.chapters {
			if c.Part == dir || c.Part+"/"+parts.StackDir == dir {
				p.Chapter = i + 1
			}
		}
		p.text += listing("", code) + listing("## Tests\n\n", tests)
		t.pages = append(t.pages, p)
	}
	return nil
}

func listing(heading string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	text := heading
	for _, name := range names {
		text += "- [" + name + "](" + name + ")\n"
	}
	return text + "\n"
}

// write puts everything where Hugo finds it.
func (t *siteTree) write(work string) error {
	for i, p := range t.pages {
		front, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(work, "content", fmt.Sprintf("%04d.md", i)), string(front)+"\n\n"+p.text); err != nil {
			return err
		}
	}
	for _, name := range t.plain {
		text, err := t.tree.Read(name)
		if err != nil {
			return err
		}
		to := "source" // where the layout reads it
		if t.links[name] == "/"+name {
			to = "static"
		}
		if err := writeFile(filepath.Join(work, to, name), text); err != nil {
			return err
		}
	}
	tree, err := json.Marshal(map[string]any{"links": t.links, "chapters": t.chapters})
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(work, "tree.json"), string(tree)) // the layouts read it
}

func writeFile(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}
