package runs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"framebyframe/shared/book/parts"
)

const plotsDir = "docs/plots"

// Plots draws the pictures of the chapters, docs/plots/*.svg, from recordings that tests make in virtual time: the same
// code gives the same pictures, byte by byte. With check it writes nothing, and returns what is wrong.
func Plots(ctx context.Context, t *parts.Tree, check bool, stdout io.Writer) ([]string, error) {
	drawn, err := drawAll(ctx, t)
	if err != nil {
		return nil, err
	}
	there, _ := filepath.Glob(t.Path(plotsDir + "/*.svg")) // fails for a malformed pattern only
	var stale []string
	for _, file := range there {
		if name := filepath.Base(file); drawn[name] == "" {
			stale = append(stale, name+" (nothing draws it: delete it)")
		}
	}
	for name, text := range drawn {
		file := t.Path(plotsDir + "/" + name)
		if have, err := os.ReadFile(file); err == nil && string(have) == text {
			continue
		}
		stale = append(stale, name)
		if check {
			continue
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			return nil, err
		}
	}
	slices.Sort(stale)
	if check && len(stale) > 0 {
		return []string{fmt.Sprintf("these of %s are not what the parts do: %s; \"go run ./shared/book plots\" draws them anew", plotsDir, strings.Join(stale, ", "))}, nil
	}
	fmt.Fprintf(stdout, "%d pictures, of which these were not what the parts do: %s\n", len(drawn), strings.Join(append(stale, "."), " "))
	return nil, nil
}

// drawAll returns the pictures by their file names.
func drawAll(ctx context.Context, t *parts.Tree) (map[string]string, error) {
	dir, err := os.MkdirTemp("", "plots")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	drawn := map[string]string{}
	for _, d := range drawings {
		recordings := filepath.Join(dir, strconv.Itoa(d.part))
		if !parts.Exists(recordings) {
			if err := record(ctx, t, d.part, recordings); err != nil {
				return nil, err
			}
		}
		events, err := readEvents(filepath.Join(recordings, d.recording+".tsv"))
		if err != nil {
			return nil, err
		}
		drawn[d.recording+".svg"] = d.draw(d, events).SVG()
	}
	return drawn, nil
}

// record has a part's tests write their recordings to dir.
func record(ctx context.Context, t *parts.Tree, number int, dir string) error {
	p, err := t.Find(strconv.Itoa(number))
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	out, err := testRun{part: p, dir: parts.StackDir, flags: []string{"-vet=off", "-count=1", "-run", "^TestRecordings$", "-args", "-record", dir}}.run(ctx, t)
	return errors.Join(err, failure("the recordings of "+p.Name, out))
}

// An event is one line of a recording: record_test.go of part 4 and its neighbours say which there are.
type event struct {
	at      float64 // seconds
	what    string
	numbers []float64
	word    string // the last column, if it is no number
}

// readEvents reads a recording.
func readEvents(file string) ([]event, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []event
	for number, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		columns := strings.Split(line, "\t")
		if len(columns) < 3 {
			return nil, fmt.Errorf("%s:%d: %q is no row", file, number+1, line)
		}
		e := event{what: columns[1]}
		if e.at, err = strconv.ParseFloat(columns[0], 64); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, number+1, err)
		}
		for _, column := range columns[2:] {
			v, err := strconv.ParseFloat(column, 64)
			if err != nil {
				e.word = column
				break
			}
			e.numbers = append(e.numbers, v)
		}
		all = append(all, e)
	}
	return all, nil
}

// only returns the events of one kind.
func only(all []event, what string) (some []event) {
	for _, e := range all {
		if e.what == what {
			some = append(some, e)
		}
	}
	return some
}
