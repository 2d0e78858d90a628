package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"framebyframe/shared/book/parts"
)

// A part is one chapter's program.
type part struct {
	Number int    // 0 if unknown
	Name   string // its directory's name, such as part1-ethernet-arp, or the program's
	Dir    string // where its source is; "" if program is set
	File   string // the program, built already; "" if dir is set
}

// title names the part for a reader.
func (p part) title() string {
	if p.Number == 0 {
		return p.Name
	}
	return fmt.Sprintf("part %d", p.Number)
}

// listParts returns the parts below root that have source code, in order.
func listParts(root string) []part {
	var all []part
	for _, p := range parts.List(root) {
		all = append(all, part{Number: p.Number, Name: p.Name, Dir: p.Dir})
	}
	return all
}

// partIn returns the part whose source is in dir.
func partIn(dir string) (part, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return part{}, err
	}
	if sources, _ := filepath.Glob(filepath.Join(full, "*.go")); len(sources) == 0 {
		return part{}, failure{statusUsage, fmt.Sprintf("there is no Go source in %s", dir)}
	}
	p := part{Name: filepath.Base(full), Dir: full}
	p.Number = parts.Number(p.Name) // another name than partN-… leaves the number 0
	return p, nil
}

// findPart returns the part that name means: a number, a directory, or a program that is built already.
func findPart(name string) (part, error) {
	if isNumber(name) {
		all, err := allParts()
		if err != nil {
			return part{}, err
		}
		return numbered(all, name)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return part{}, failure{statusUsage, fmt.Sprintf("%q is not a part: give a number, a part's directory or a built part", name)}
	case info.IsDir():
		return partIn(name)
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
		return part{}, failure{statusUsage, fmt.Sprintf("%s is neither a directory nor a program", name)}
	}
	return part{Name: filepath.Base(name), File: name}, nil
}

// allParts returns the parts of the checkout that the working directory is in.
func allParts() ([]part, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	root, err := parts.Root(here)
	if err != nil {
		return nil, err
	}
	all := listParts(root)
	if len(all) == 0 {
		return nil, errors.New("there is no part in " + root)
	}
	return all, nil
}

// numbered picks the part with that number, or says which there are.
func numbered(all []part, number string) (part, error) {
	var there []string
	for _, p := range all {
		if strconv.Itoa(p.Number) == number {
			return p, nil
		}
		there = append(there, fmt.Sprintf("%d (%s)", p.Number, p.Name))
	}
	return part{}, failure{statusUsage, fmt.Sprintf("there is no part %s; there is %s", number, strings.Join(there, ", "))}
}
