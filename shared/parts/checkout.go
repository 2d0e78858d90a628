package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"framebyframe/shared/worktree"
)

const moduleName = worktree.Module

// part is one of the directories partN-name at the root of the checkout.
type part struct {
	number int
	name   string // of the directory
}

// checkout is a working tree of this module.
type checkout struct {
	root  string
	parts []part   // in order
	files []string // all files that git has or would add, relative to root, with slashes
}

// openCheckout returns the checkout that dir is in.
func openCheckout(dir string) (*checkout, error) {
	root, err := worktree.Root(dir)
	if err != nil {
		return nil, err
	}
	c := &checkout{root: root}
	if c.files, err = listFiles(root); err != nil {
		return nil, err
	}
	return c, c.findParts()
}

// listFiles lists the files below root. Git knows best which ones belong to the project; without git, as in an unpacked
// archive, it is all of them.
func listFiles(root string) ([]string, error) {
	var files []string
	out, err := git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return walkFiles(root)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if _, err := os.Lstat(filepath.Join(root, name)); err == nil { // git lists what was deleted, too
			files = append(files, name)
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

func walkFiles(root string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, file)
		files = append(files, filepath.ToSlash(name))
		return err
	})
	slices.Sort(files)
	return files, err
}

var partName = regexp.MustCompile(`^part([0-9]+)-[^/]+$`)

// findParts fills in c.parts from c.files.
func (c *checkout) findParts() error {
	for _, file := range c.files {
		dir, _, _ := strings.Cut(file, "/")
		match := partName.FindStringSubmatch(dir)
		if match == nil || dir == file || len(c.parts) > 0 && c.parts[len(c.parts)-1].name == dir {
			continue
		}
		number, err := strconv.Atoi(match[1])
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		c.parts = append(c.parts, part{number, dir})
	}
	slices.SortFunc(c.parts, func(a, b part) int { return cmp.Compare(a.number, b.number) })
	for i := 1; i < len(c.parts); i++ {
		if c.parts[i-1].number == c.parts[i].number {
			return fmt.Errorf("%s and %s have the same number: rename one of them", c.parts[i-1].name, c.parts[i].name)
		}
	}
	if len(c.parts) == 0 {
		return fmt.Errorf("there is no part in %s: its directories are named part1-ethernet-arp and so on", c.root)
	}
	return nil
}

// exerciseFile is the name of the tests for a chapter's exercises. It belongs to one part alone: it is neither carried nor
// counted.
const exerciseFile = "exercise_test.go"

// filesIn returns the names of the files in the directory dir, relative to it, without the exercises.
func (c *checkout) filesIn(dir string) []string {
	var names []string
	for _, file := range c.files {
		if name, ok := strings.CutPrefix(file, dir+"/"); ok && name != exerciseFile {
			names = append(names, name)
		}
	}
	return names
}

// path returns where the file with that name, relative to the root, is on this computer.
func (c *checkout) path(name string) string { return filepath.Join(c.root, filepath.FromSlash(name)) }

// isTest reports whether a file of a part is only there for its tests.
func isTest(name string) bool {
	return strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "testdata/") || strings.Contains(name, "/testdata/")
}

// isGo reports whether the go tool takes a file for a source file.
func isGo(name string) bool {
	return path.Ext(name) == ".go" && !strings.HasPrefix(name, "testdata/") && !strings.Contains(name, "/testdata/")
}

// file is what a file contains; a nil *file is a file that does not exist.
type file struct {
	data []byte
	exec bool // may be run as a program
}

func same(a, b *file) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.exec == b.exec && bytes.Equal(a.data, b.data)
}

// tree is files by their name relative to the root.
type tree map[string]*file

// workTree reads the parts as they are now.
func (c *checkout) workTree() (tree, error) {
	t := make(tree)
	for _, p := range c.parts {
		for _, name := range c.filesIn(p.name) {
			name = p.name + "/" + name
			info, err := os.Lstat(c.path(name))
			if err != nil {
				return nil, err
			}
			if !info.Mode().IsRegular() {
				return nil, fmt.Errorf("%s is not a regular file, and carry knows no other: put a copy in its place", name)
			}
			data, err := os.ReadFile(c.path(name))
			if err != nil {
				return nil, err
			}
			t[name] = &file{data, info.Mode()&0o100 != 0}
		}
	}
	return t, nil
}
