package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// addSteps adds, for each part but the first, a page with what it changes in the part before, and one that shows the
// chapter beside it.
func (t *siteTree) addSteps() error {
	for i, c := range t.chapters {
		if i == 0 {
			continue
		}
		text, err := t.step(t.chapters[i-1].Part, c.Part)
		if err != nil {
			return err
		}
		t.pages = append(t.pages,
			page{Title: fmt.Sprintf("Part %d: the diff", i+1), URL: c.Step, Layout: "single", Repo: "step", Chapter: i + 1, text: text},
			page{Title: c.Title, URL: fmt.Sprintf("/beside/%d.html", i+1), Layout: "beside", Repo: "beside", Chapter: i + 1})
	}
	return nil
}

// step returns the Markdown that shows what a part changes.
func (t *siteTree) step(old, new string) (string, error) {
	var changed, added, gone, tests strings.Builder
	for _, name := range t.files {
		file, ok := strings.CutPrefix(name, old+"/")
		if ok && strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go") && !exists(filepath.Join(t.root, new, file)) {
			fmt.Fprintf(&gone, "- [%s](%s)\n", file, name)
		}
		if file, ok = strings.CutPrefix(name, new+"/"); !ok || !strings.HasSuffix(file, ".go") {
			continue
		}
		switch before := filepath.Join(t.root, old, file); {
		case strings.HasSuffix(file, "_test.go"):
			if !exists(before) {
				fmt.Fprintf(&tests, "- [%s](%s)\n", file, name)
			}
		case !exists(before):
			text, err := os.ReadFile(filepath.Join(t.root, name))
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&added, "| [%s](%s) | %d |\n", file, name, strings.Count(string(text), "\n"))
		default:
			diff, err := t.diff(old+"/"+file, name)
			if err != nil {
				return "", err
			}
			if diff != "" {
				fmt.Fprintf(&changed, "### %s\n\n<div class=\"from\"><a href=\"%s\">the whole file</a></div>\n\n`````diff\n%s`````\n\n", file, t.links[name], diff)
			}
		}
	}
	text := fmt.Sprintf("# From %s to %s\n\nWhat `diff -ru --exclude=*_test.go %s %s` shows. All files that are not named here are the same in both parts.\n\n", old, new, old, new) +
		"## Changed\n\n" + changed.String() + "## New\n\n| file | lines |\n| --- | --- |\n" + added.String() + "\n"
	if gone.Len() > 0 {
		text += "## Gone\n\n" + gone.String() + "\n"
	}
	return text + "## New tests\n\n" + tests.String(), nil
}

// diff runs diff, as a reader would. It returns "" for files that are the same.
func (t *siteTree) diff(old, new string) (string, error) {
	cmd := exec.Command("diff", "-u", "-L", old, "-L", new, old, new)
	cmd.Dir = t.root
	text, err := cmd.Output()
	var status *exec.ExitError
	if errors.As(err, &status) && status.ExitCode() == 1 { // they differ
		err = nil
	}
	if err != nil {
		return "", fmt.Errorf("diff %s %s: %w", old, new, err)
	}
	return string(text), nil
}

// sourceLine matches the comments that say which code or diff stands below (shared/chapters).
var sourceLine = regexp.MustCompile(`(?m)^([ \t>]*)<!--\s*(code|diff):\s*(\S+)\s+(\S+).*-->[ \t]*$`)

// withSources puts in, above each block of code and each diff, a link to where it comes from.
func (t *siteTree) withSources(name, text string) string {
	return sourceLine.ReplaceAllStringFunc(text, func(comment string) string {
		found := sourceLine.FindStringSubmatch(comment)
		prefix, kind, file, second := found[1], found[2], found[3], found[4]
		label, url := file, t.links[file]
		if kind == "diff" {
			label, url = "what changed from "+file+" to "+second, "/diff/"+file+"--"+second+".html"
		} else if line := lineOf(filepath.Join(t.root, file), second); line > 0 {
			url += fmt.Sprintf("#L-%d", line)
		}
		return fmt.Sprintf("%s<div class=\"from\"><a href=\"%s\">%s</a></div>\n%s", prefix, url, label, strings.TrimRight(prefix, " \t"))
	})
}
