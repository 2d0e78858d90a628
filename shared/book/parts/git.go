package parts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// gitLimit is more than git needs on any machine.
const gitLimit = 2 * time.Minute

// Git runs git in the checkout and returns what it prints. What a user may have set and would change the answer is overruled.
func (t *Tree) Git(env []string, args ...string) (string, error) {
	overrule := []string{"git", "-c", "merge.conflictStyle=merge", "-c", "core.quotePath=false", "-c", "safe.directory=*"}
	out, err := Run(context.Background(), Command{Dir: t.Root, Env: env, Limit: gitLimit, Args: append(overrule, args...)})
	if err == nil && out.Status != 0 {
		err = fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(out.Stderr))
	}
	return out.Stdout, err
}

// Files lists the files that belong to the project, those included that are not committed yet.
func (t *Tree) Files() ([]string, error) {
	list, err := t.Git(nil, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	files := slices.DeleteFunc(fields0(list), func(name string) bool { return !Exists(t.Path(name)) }) // deleted, and not committed
	slices.Sort(files)
	return slices.Compact(files), nil
}

// fields0 returns what stands between NULs.
func fields0(text string) []string {
	if text = strings.TrimSuffix(text, "\x00"); text == "" {
		return nil
	}
	return strings.Split(text, "\x00")
}

// An Index holds the parts as they are in the working tree, beside the index of the author, who sees nothing of it.
type Index struct {
	t   *Tree
	dir string
	env []string
}

// NewIndex makes an index. Unless keep is set, git forgets the files that it has taken in once the index is closed.
func (t *Tree) NewIndex(keep bool) (*Index, error) {
	dir, err := os.MkdirTemp("", "index")
	if err != nil {
		return nil, err
	}
	x := &Index{t, dir, []string{"GIT_INDEX_FILE=" + filepath.Join(dir, "index")}}
	objects, err := t.Git(nil, "rev-parse", "--path-format=absolute", "--git-path", "objects")
	if !keep {
		x.env = append(x.env, "GIT_OBJECT_DIRECTORY="+dir, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+strings.TrimSpace(objects))
	}
	if err == nil {
		_, err = x.Git("read-tree", "HEAD")
	}
	if err == nil {
		err = x.Add()
	}
	if err != nil {
		x.Close()
		return nil, fmt.Errorf("the parts are compared by git, so there must be a commit: %w", err)
	}
	return x, nil
}

// Close removes the index.
func (x *Index) Close() { os.RemoveAll(x.dir) }

// Git runs git on this index.
func (x *Index) Git(args ...string) (string, error) { return x.t.Git(x.env, args...) }

// Add takes in the parts as they are now.
func (x *Index) Add() error {
	args := []string{"add", "-A", "--"}
	for _, p := range x.t.Parts {
		args = append(args, p.Name)
	}
	_, err := x.Git(args...)
	return err
}

// Dir returns git's name for what is in a part; "" if it is not there.
func (x *Index) Dir(p Part) (string, error) {
	all, err := x.Git("write-tree")
	if err != nil {
		return "", err
	}
	return x.Resolve(strings.TrimSpace(all) + ":" + p.Name), nil
}

// Resolve returns the full name of a revision; "" if there is none such.
func (x *Index) Resolve(revision string) string {
	name, err := x.Git("rev-parse", "--verify", "--quiet", revision)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(name)
}

// A Change is how a file differs between two directories.
type Change struct {
	Name           string
	Kind           byte // A: it is new; D: it is gone; M: it has changed; '=': it is the same
	Added, Removed int  // lines; 0 in a binary file
}

// Compare returns all files of two directories, as Dir names them, in the order of their names. The numbers of lines are
// the smallest possible, so that no version of git comes to others.
func (x *Index) Compare(from, to string) ([]Change, error) {
	var all []Change
	for _, side := range []struct{ args, dir string }{{"D", from}, {"A", to}} {
		list, err := x.Git("ls-tree", "-r", "-z", "--name-only", side.dir)
		if err != nil {
			return nil, err
		}
		for _, name := range fields0(list) {
			if at := slices.IndexFunc(all, func(c Change) bool { return c.Name == name }); at >= 0 {
				all[at].Kind = '='
			} else {
				all = append(all, Change{Name: name, Kind: side.args[0]})
			}
		}
	}
	numbers, err := x.Git("diff-tree", "-r", "-z", "--no-renames", "--minimal", "--numstat", from, to)
	if err != nil {
		return nil, err
	}
	for _, line := range fields0(numbers) {
		field := strings.SplitN(line, "\t", 3)
		at := slices.IndexFunc(all, func(c Change) bool { return c.Name == field[2] })
		if c := &all[at]; c.Kind == '=' {
			c.Kind = 'M'
		}
		fmt.Sscan(field[0], &all[at].Added) // "-" in a binary file
		fmt.Sscan(field[1], &all[at].Removed)
	}
	slices.SortFunc(all, func(a, b Change) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}
