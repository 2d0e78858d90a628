package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// git runs git in dir and returns what it prints. Settings that would change the answer are overruled.
func git(dir string, args ...string) ([]byte, error) { return gitWith(dir, nil, args...) }

func gitWith(dir string, stdin io.Reader, args ...string) ([]byte, error) {
	overrule := []string{"-C", dir, "-c", "merge.conflictStyle=merge", "-c", "core.quotePath=false"}
	cmd := exec.Command("git", append(overrule, args...)...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = stdin, &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}

// exitStatus returns the status that git ended with, or -1 if it could not be run.
func exitStatus(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

// headTree reads the parts as they were committed last. Without a commit there are none.
func (c *checkout) headTree() (tree, error) {
	if _, err := git(c.root, "rev-parse", "--git-dir"); err != nil {
		return nil, fmt.Errorf("carry compares with the last commit: %w", err)
	}
	t := make(tree)
	if _, err := git(c.root, "rev-parse", "--verify", "--quiet", "HEAD"); err != nil {
		return t, nil
	}
	args := []string{"ls-tree", "-r", "-z", "HEAD", "--"}
	for _, p := range c.parts {
		args = append(args, p.name)
	}
	list, err := git(c.root, args...)
	if err != nil {
		return nil, err
	}
	var names, blobs []string
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		about, name, _ := strings.Cut(entry, "\t")
		if field := strings.Fields(about); len(field) == 3 && field[1] == "blob" && path.Base(name) != exerciseFile {
			t[name] = &file{exec: field[0] == "100755"}
			names, blobs = append(names, name), append(blobs, field[2])
		}
	}
	return t, c.readBlobs(t, names, blobs)
}

// readBlobs fills in the contents of the files of t with these names from git's blobs.
func (c *checkout) readBlobs(t tree, names, blobs []string) error {
	out, err := gitWith(c.root, strings.NewReader(strings.Join(blobs, "\n")+"\n"), "cat-file", "--batch")
	if err != nil || len(blobs) == 0 {
		return err
	}
	r := bufio.NewReader(bytes.NewReader(out))
	for _, name := range names {
		line, err := r.ReadString('\n') // "<hash> blob <size>", then so many bytes and a newline
		field := strings.Fields(line)
		if err != nil || len(field) != 3 {
			return fmt.Errorf("git cat-file: %s: unexpected answer %q", name, line)
		}
		size, err := strconv.Atoi(field[2])
		if err != nil {
			return fmt.Errorf("git cat-file: %s: %w", name, err)
		}
		data := make([]byte, size+1)
		if _, err := io.ReadFull(r, data); err != nil {
			return fmt.Errorf("git cat-file: %s: %w", name, err)
		}
		t[name].data = data[:size]
	}
	return nil
}

var errBinary = errors.New("a binary file")

// mergeFile merges the changes from base to theirs into ours. If both changed the same lines, conflict is true and the
// result contains both, between markers that bear the names ourName and theirName.
func mergeFile(ours, base, theirs []byte, ourName, theirName string) (merged []byte, conflict bool, err error) {
	for _, data := range [][]byte{ours, base, theirs} {
		if bytes.IndexByte(data, 0) >= 0 {
			return nil, true, errBinary
		}
	}
	dir, err := os.MkdirTemp("", "parts")
	if err != nil {
		return nil, false, err
	}
	defer os.RemoveAll(dir)
	for name, data := range map[string][]byte{"ours": ours, "base": base, "theirs": theirs} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return nil, false, err
		}
	}
	merged, err = git(dir, "merge-file", "-p", "-L", ourName, "-L", "the last commit", "-L", theirName, "ours", "base", "theirs")
	if status := exitStatus(err); status > 0 && status < 128 { // the number of conflicts
		return merged, true, nil
	}
	return merged, false, err
}

// countLines returns how many lines must be added and removed to make the file b of the file a, and the smallest such
// numbers, so that no version of git comes to others.
func countLines(root, a, b string) (added, removed int, err error) {
	out, err := git(root, "diff", "--no-index", "--numstat", "--diff-algorithm=minimal", "--no-ext-diff", "--no-textconv", "--", a, b)
	if status := exitStatus(err); status != 0 && status != 1 {
		return 0, 0, err
	}
	field := strings.Fields(string(out))
	if len(field) < 2 || field[0] == "-" { // the same but for its mode, or binary
		return 0, 0, nil
	}
	added, err = strconv.Atoi(field[0])
	if err != nil {
		return 0, 0, err
	}
	removed, err = strconv.Atoi(field[1])
	return added, removed, err
}
