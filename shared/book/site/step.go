package site

import (
	"fmt"
	"regexp"
	"strings"

	"framebyframe/shared/book/parts"
	"framebyframe/shared/book/steps"
)

// addSteps adds, for each part but the first, a page with what it changes in the part before, and one that shows the
// chapter beside it.
func (t *siteTree) addSteps() error {
	for i, c := range t.chapters {
		if i == 0 {
			continue
		}
		text, err := t.step(t.tree.Parts[i-1], t.tree.Parts[i])
		if err != nil {
			return err
		}
		t.pages = append(t.pages,
			page{Title: fmt.Sprintf("Part %d: the diff", i+1), URL: c.Step, Layout: "single", Repo: "step", Chapter: i + 1, text: text},
			page{Title: c.Title, URL: fmt.Sprintf("/beside/%d.html", i+1), Layout: "beside", Repo: "beside", Chapter: i + 1})
	}
	return nil
}

// stepURL is where the page with a step is.
func stepURL(old, new string) string { return "/diff/" + old + "--" + new + ".html" }

// step returns the Markdown that shows what a part changes, in the order of its chapter.
func (t *siteTree) step(old, new parts.Part) (string, error) {
	pieces, err := steps.Pieces(t.tree, old, new)
	if err != nil {
		return "", err
	}
	var changed, added, gone, tests strings.Builder
	for _, p := range pieces {
		name := new.Name + "/" + p.Name
		switch {
		case p.Kind == 'M':
			fmt.Fprintf(&changed, "### %s\n\n<div class=\"from\"><a href=\"%s\">the whole file</a></div>\n\n`````diff\n%s`````\n\n", p.Name, t.links[name], p.Text)
		case p.Kind == 'A':
			fmt.Fprintf(&added, "| [%s](%s) | %d |\n", p.Name, name, strings.Count(p.Text, "\n"))
		default:
			fmt.Fprintf(&gone, "- [%s](%s/%[1]s)\n", p.Name, old.Name)
		}
	}
	for _, name := range t.files {
		if file, ok := strings.CutPrefix(name, new.Name+"/"); ok && parts.IsTest(file) && parts.IsGo(file) && !parts.Exists(t.tree.Path(old.Name+"/"+file)) {
			fmt.Fprintf(&tests, "- [%s](%s)\n", file, name)
		}
	}
	text := fmt.Sprintf("# From %s to %s\n\nWhat `go run ./shared/book diff %d %d` shows. All files that are not named here are the same in both parts.\n\n", old.Name, new.Name, old.Number, new.Number) +
		"## Changed\n\n" + changed.String() + "## New\n\n| file | lines |\n| --- | --- |\n" + added.String() + "\n"
	if gone.Len() > 0 {
		text += "## Gone\n\n" + gone.String() + "\n"
	}
	return text + "## New tests\n\n" + tests.String(), nil
}

// sourceLine matches the comments that say which code or diff stands below (shared/book/pages).
var sourceLine = regexp.MustCompile(`(?m)^([ \t>]*)<!--\s*(code|diff):\s*(\S+)\s+(\S+).*-->[ \t]*$`)

// withSources puts in, above each block of code and each diff, a link to where it comes from.
func (t *siteTree) withSources(name, text string) string {
	return sourceLine.ReplaceAllStringFunc(text, func(comment string) string {
		found := sourceLine.FindStringSubmatch(comment)
		prefix, kind, file, second := found[1], found[2], found[3], found[4]
		label, url := file, t.links[file]
		if kind == "diff" {
			old, _, _ := strings.Cut(file, "/")
			new, _, _ := strings.Cut(second, "/")
			label, url = "what changed from "+old+" to "+new, stepURL(old, new)
		} else if src, err := parts.Parse(t.tree.Path(file)); err == nil && src.Line(second) > 0 {
			url += fmt.Sprintf("#L-%d", src.Line(second))
		}
		return fmt.Sprintf("%s<div class=\"from\"><a href=\"%s\">%s</a></div>\n%s", prefix, url, label, strings.TrimRight(prefix, " \t"))
	})
}
