package steps

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"framebyframe/shared/book/parts"
)

// memory says what was carried last, by the part that it was carried to: without it, a mend that is mended again after it
// was carried would be a conflict with itself. It is kept in git's directory, and can be deleted.
type memory map[string]carried

// carried holds good as long as the commit does that it was made on.
type carried struct {
	Head string // the commit
	From string // the earlier part as it was then, as git names directories
}

// A carrier carries what has changed from part to part.
type carrier struct {
	t       *parts.Tree
	x       *parts.Index
	head    string
	file    string // where memory is kept
	memory  memory
	pretend bool
	out     io.Writer
}

// Carry carries what has changed in each part since the last commit into the next one, by git's three-way merge: a change
// that the next part has made in the same lines becomes a conflict, with marks. With pretend it changes nothing.
func Carry(t *parts.Tree, pretend bool, out io.Writer) error {
	if left, err := checkMarkers(t); err != nil || len(left) > 0 {
		return errors.Join(err, errors.New(strings.Join(left, "\n")))
	}
	x, err := t.NewIndex(true)
	if err != nil {
		return err
	}
	defer x.Close()
	file, err := t.Git(nil, "rev-parse", "--path-format=absolute", "--git-path", "parts-carried.json")
	if err != nil {
		return err
	}
	k := &carrier{t, x, x.Resolve("HEAD"), strings.TrimSpace(file), memory{}, pretend, out}
	if text, err := os.ReadFile(k.file); err == nil {
		_ = json.Unmarshal(text, &k.memory) // one that is damaged says nothing
	}
	for i := 1; i < len(t.Parts); i++ {
		conflicts, err := k.carryPart(t.Parts[i-1], t.Parts[i])
		if err := errors.Join(err, k.save()); err != nil {
			return err
		}
		if conflicts > 0 {
			return fmt.Errorf("conflicts in %s: %d, see above; resolve them, then carry again, for the later parts wait", t.Parts[i].Name, conflicts)
		}
	}
	return nil
}

func (k *carrier) save() error {
	if k.pretend {
		return nil
	}
	text, err := json.Marshal(k.memory)
	if err != nil {
		return err
	}
	return os.WriteFile(k.file, text, 0o644)
}

// carryPart carries what has changed in the part from to the part to, and returns how many files are in conflict.
func (k *carrier) carryPart(from, to parts.Part) (conflicts int, err error) {
	now, err := k.x.Dir(from)
	if err != nil {
		return 0, err
	}
	there, err := k.x.Dir(to)
	if err != nil {
		return 0, err
	}
	base := k.x.Resolve("HEAD:" + from.Name)
	if was, ok := k.memory[to.Name]; ok && was.Head == k.head && there != k.x.Resolve("HEAD:"+to.Name) { // else what was carried is thrown away
		base = was.From
	}
	if base == "" || base == now {
		return 0, nil
	}
	changed, err := k.x.Compare(base, now)
	if err != nil {
		return 0, err
	}
	for _, c := range changed {
		what, err := k.carryFile(base, now, to, c)
		if err != nil {
			return 0, fmt.Errorf("%s/%s: %w", to.Name, c.Name, err)
		}
		if what != "" {
			fmt.Fprintf(k.out, "%s/%s: %s\n", to.Name, c.Name, what)
		}
		if strings.HasPrefix(what, "CONFLICT") {
			conflicts++
		}
	}
	k.memory[to.Name] = carried{k.head, now}
	return conflicts, nil
}

// carryFile carries the change of one file, and says what became of it; "" if there was nothing to do.
func (k *carrier) carryFile(base, now string, to parts.Part, c change) (string, error) {
	was, is, have := k.x.Resolve(base+":"+c.Name), k.x.Resolve(now+":"+c.Name), k.x.Resolve(":"+to.Name+"/"+c.Name)
	own := filepath.Base(c.Name) == parts.ExerciseFile // no other part's matter
	switch {
	case c.Kind == '=' || is == have || own:
		return "", nil
	case have == "" && strings.HasSuffix(c.Name, "_test.go"):
		return "", nil // it runs there all the same: go run ./shared/book rerun
	case have == "" && c.Kind == 'M':
		return "left out: this part has no such file", nil
	case c.Kind == 'D' && have != was:
		return "CONFLICT: it is deleted in the part before, but this one has changes of its own: delete it, too, or bring the other back", nil
	}
	patch, err := k.x.Git("diff-tree", "-p", "--binary", "--full-index", "--no-renames", base, now, "--", c.Name)
	if err != nil {
		return "", err
	}
	temp, err := os.CreateTemp("", "patch")
	if err != nil {
		return "", err
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(patch)
	if err := errors.Join(err, temp.Close()); err != nil {
		return "", err
	}
	where := map[bool]string{false: "--index", true: "--cached"}[k.pretend]
	_, err = k.x.Git("apply", "--3way", where, "--whitespace=nowarn", "--directory="+to.Name, temp.Name())
	if unmerged, _ := k.x.Git("ls-files", "--unmerged", "--", to.Name+"/"+c.Name); err != nil && unmerged != "" {
		if k.pretend {
			return "CONFLICT", nil
		}
		_, err = k.x.Git("add", "--", to.Name+"/"+c.Name)
		return "CONFLICT: both parts changed the same lines: look for <<<<<<<", err
	}
	switch {
	case err != nil:
		return "", err
	case have == "":
		return "copied", nil
	case c.Kind == 'D':
		return "deleted", nil
	case have == was:
		return "carried", nil
	case k.x.Resolve(":"+to.Name+"/"+c.Name) == have:
		return "", nil // it has the change already
	}
	return "merged", nil
}
