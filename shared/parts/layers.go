package main

import (
	_ "embed"
	"fmt"
	"path"
	"slices"
	"strings"
)

// layersText is the table of the layers. Its head says how to read it.
//
//go:embed layers.txt
var layersText string

// layer is files that may use the same other files.
type layer struct {
	name  string
	files []string // patterns of path.Match
	uses  []use
}

// use is one permission: of everything in a layer, or of the names in it that a pattern matches.
type use struct {
	layer string // "*": any layer
	name  string // pattern of path.Match
}

// layers is the whole table, in order.
type layers []layer

// parseLayers reads the table.
func parseLayers(text string) (layers, error) {
	var t layers
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		field := strings.Fields(line)
		switch {
		case len(field) == 0:
		case len(field) == 2 && field[0] == "layer":
			t = append(t, layer{name: field[1]})
		case field[0] == "files" && len(t) > 0:
			t[len(t)-1].files = append(t[len(t)-1].files, field[1:]...)
		case field[0] == "uses" && len(t) > 0:
			for _, what := range field[1:] {
				name, pattern, ok := strings.Cut(what, ".")
				if !ok {
					pattern = "*"
				}
				t[len(t)-1].uses = append(t[len(t)-1].uses, use{name, pattern})
			}
		default:
			return nil, fmt.Errorf("layers.txt:%d: %q is none of the three kinds of lines that its head explains", i+1, line)
		}
	}
	return t, t.validate()
}

// validate checks that the table speaks of its own layers only, in patterns that can match.
func (t layers) validate() error {
	known := func(name string) bool {
		return name == "*" || slices.ContainsFunc(t, func(l layer) bool { return l.name == name })
	}
	for _, l := range t {
		for _, pattern := range l.files {
			if _, err := path.Match(pattern, ""); err != nil {
				return fmt.Errorf("layers.txt: layer %s: %q: %w", l.name, pattern, err)
			}
		}
		for _, u := range l.uses {
			if _, err := path.Match(u.name, ""); err != nil || !known(u.layer) {
				return fmt.Errorf("layers.txt: layer %s uses %s.%s: there is no such layer, or the pattern is malformed", l.name, u.layer, u.name)
			}
		}
	}
	return nil
}

// of returns the layer of a file: the first with a pattern that matches.
func (t layers) of(file string) (layer, bool) {
	i := slices.IndexFunc(t, func(l layer) bool {
		return slices.ContainsFunc(l.files, func(pattern string) bool { return matches(pattern, file) })
	})
	if i < 0 {
		return layer{}, false
	}
	return t[i], true
}

// mayUse reports whether files of l may use what is declared with that name in the layer of.
func (l layer) mayUse(of layer, name string) bool {
	return l.name == of.name || slices.ContainsFunc(l.uses, func(u use) bool {
		return (u.layer == "*" || u.layer == of.name) && matches(u.name, name)
	})
}

func matches(pattern, name string) bool {
	ok, _ := path.Match(pattern, name) // validate has seen the pattern
	return ok
}
