package site

import (
	"fmt"
	"html"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	linkIn   = regexp.MustCompile(`\s(?:href|src)="?([^"\s>]*)`)
	anchorIn = regexp.MustCompile(`\sid="?([^"\s>]+)`)
	tag      = regexp.MustCompile(`<[a-zA-Z][^>]*>`)
)

// checkLinks returns how many pages a site has, and the links in it that lead nowhere in it.
func checkLinks(dir string) (pages int, problems []string, err error) {
	site := os.DirFS(dir)
	links, anchors := map[string][]string{}, map[string][]string{} // by the page's path
	err = fs.WalkDir(site, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".html" {
			return err
		}
		text, err := fs.ReadFile(site, name)
		for _, tag := range tag.FindAllString(string(text), -1) {
			for _, found := range linkIn.FindAllStringSubmatch(tag, -1) {
				links[name] = append(links[name], html.UnescapeString(found[1]))
			}
			for _, found := range anchorIn.FindAllStringSubmatch(tag, -1) {
				anchors[name] = append(anchors[name], html.UnescapeString(found[1]))
			}
		}
		pages++
		return err
	})
	for page, list := range links {
		for _, link := range list {
			if text := deadLink(dir, page, link, anchors); text != "" {
				problems = append(problems, fmt.Sprintf("%s: %s", page, text))
			}
		}
	}
	slices.Sort(problems)
	return pages, slices.Compact(problems), err
}

// deadLink says why a link of a page leads nowhere; "" if it does not, or leads out of the site.
func deadLink(dir, page, link string, anchors map[string][]string) string {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme != "" || u.Host != "":
		return ""
	case strings.HasPrefix(u.Path, "/"):
		return link + " works on a server only"
	}
	target := path.Join(path.Dir(page), u.Path)
	if u.Path == "" {
		target = page
	}
	if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(target))); err != nil || info.IsDir() {
		return link + " leads nowhere"
	}
	if u.Fragment != "" && !slices.Contains(anchors[target], u.Fragment) {
		return link + ": that page has no such place"
	}
	return ""
}
