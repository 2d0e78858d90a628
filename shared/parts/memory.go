package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// memory says what was carried since the last commit, by the name of the file that it was carried to.
//
// The last commit alone is not enough to go by. After a first carry the later part holds the change. If the earlier part
// then changes the same line again, a comparison with the commit sees two parts that changed one line in two ways, which
// is a conflict; if it takes the change back, it sees a later part with a line of its own. A conflict that was resolved by
// hand would come back on every run. So the common base is what was carried last, if something was. It is kept in git's
// directory. Without it (delete the file to forget) the base is the last commit again.
type memory map[string]carried

// carried is one file of the earlier part as it was when it was carried. It holds good as long as the commits that it was
// made on do.
type carried struct {
	There    bool // false: the file was deleted
	Data     []byte
	Exec     bool
	FromHead string // hash of the earlier part's file in the last commit
	ToHead   string // hash of the later part's
	Conflict bool   // it was left to a human to put it in
}

// base returns what the files from and to have in common.
func (k *carrier) base(from, to string) *file {
	if k.remembered(from, to) {
		if m := k.memory[to]; m.There {
			return &file{m.Data, m.Exec}
		}
		return nil
	}
	if part, _, _ := strings.Cut(from, "/"); !k.committed[part] && k.work[to] != nil {
		// The earlier part was never committed. So nobody knows what changed in it, beside what is carried into it now:
		// all other differences are taken for the lesson.
		return k.before[from]
	}
	return k.head[from]
}

// remembered reports whether memory holds good for to. If to is what it is in the last commit, somebody has thrown away
// what was carried, unless that was his way to resolve a conflict.
func (k *carrier) remembered(from, to string) bool {
	m, ok := k.memory[to]
	return ok && m.FromHead == hash(k.head[from]) && m.ToHead == hash(k.head[to]) &&
		(m.Conflict || !same(k.work[to], k.head[to]))
}

// remember notes that to has got what from is now, or that a human will see to it.
func (k *carrier) remember(from, to string, conflict bool) {
	f := k.work[from]
	if same(f, k.head[from]) && !conflict {
		delete(k.memory, to) // the last commit says the same
		return
	}
	m := carried{FromHead: hash(k.head[from]), ToHead: hash(k.head[to]), Conflict: conflict}
	if f != nil {
		m.There, m.Data, m.Exec = true, f.data, f.exec
	}
	k.memory[to] = m
}

func hash(f *file) string {
	if f == nil {
		return ""
	}
	mode := []byte{'-'}
	if f.exec {
		mode[0] = 'x'
	}
	sum := sha256.Sum256(append(mode, f.data...))
	return hex.EncodeToString(sum[:])
}

// memoryFile returns where memory is kept.
func (c *checkout) memoryFile() (string, error) {
	out, err := git(c.root, "rev-parse", "--absolute-git-dir")
	return filepath.Join(strings.TrimSuffix(string(out), "\n"), "parts-carried.json"), err
}

func (c *checkout) loadMemory() (memory, error) {
	m := make(memory)
	name, err := c.memoryFile()
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil && json.Unmarshal(data, &m) != nil {
		err = errors.New(name + " is damaged: delete it and carry again")
	}
	return m, err
}

func (c *checkout) saveMemory(m memory) error {
	name, err := c.memoryFile()
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, data) || err != nil && len(m) == 0 {
		return nil
	}
	return os.WriteFile(name, data, 0o644)
}
