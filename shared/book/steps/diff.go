package steps

import (
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"

	"framebyframe/shared/book/parts"
)

// A Piece is what a step does with one file.
type Piece struct {
	Name string // from the part's directory
	Kind byte   // as in parts.Change: A, D or M
	Text string // M: what differs; A: the whole file
}

// named matches what a chapter shows or names of a file.
var named = regexp.MustCompile(`<!-- (?:code|diff): .*-->`)

// Pieces returns what a step does, in the order in which its chapter shows the files; then the rest, what has changed
// first. Tests are left out.
func Pieces(t *parts.Tree, from, to parts.Part) ([]Piece, error) {
	all, err := compare(&parts.Tree{Root: t.Root, Parts: []parts.Part{from, to}})
	if err != nil {
		return nil, err
	}
	_, chapter, err := t.Chapter(to)
	if err != nil {
		return nil, err
	}
	shown := fmt.Sprint(named.FindAllString(chapter, -1))
	place := func(c change) int {
		base := regexp.MustCompile(`[ /]` + regexp.QuoteMeta(path.Base(c.Name)) + ` `)
		if at := base.FindStringIndex(shown); at != nil {
			return at[0]
		}
		return len(shown) + slices.Index([]byte("MAD"), c.Kind)
	}
	files := slices.DeleteFunc(all[0].files, func(c change) bool { return c.Kind == '=' || parts.IsTest(c.Name) })
	slices.SortStableFunc(files, func(a, b change) int { return place(a) - place(b) })
	var pieces []Piece
	for _, c := range files {
		p := Piece{Name: c.Name, Kind: c.Kind}
		old, new := from.Name+"/"+c.Name, to.Name+"/"+c.Name
		switch c.Kind {
		case 'M':
			p.Text, err = parts.Diff(old, new, t.Path(old), t.Path(new))
		case 'A':
			p.Text, err = t.Read(new)
		}
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, p)
	}
	return pieces, nil
}

// Diff prints a step.
func Diff(t *parts.Tree, from, to parts.Part, out io.Writer) error {
	pieces, err := Pieces(t, from, to)
	for _, p := range pieces {
		switch p.Kind {
		case 'M':
			fmt.Fprintf(out, "%s\n", p.Text)
		case 'A':
			fmt.Fprintf(out, "=== %s/%s is new:\n\n%s\n", to.Name, p.Name, p.Text)
		case 'D':
			fmt.Fprintf(out, "=== %s/%s is gone\n\n", from.Name, p.Name)
		}
	}
	return err
}
