package runs

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"framebyframe/shared/book/parts"
)

// recorderText is the Go file that the overlay adds to the part's tests.
//
//go:embed recorder.go.txt
var recorderText []byte

// Journey returns which functions of a part a packet passes, in order, as text.
//
// It builds the part's tests with one call added at the beginning of each function of the stack, by way of an overlay, so
// that nothing in the part's directory changes, and runs one of the journeys of TestJourney: there a frame comes in, or a
// program writes, or a timer fires, in virtual time. Each call between that moment and the next silence is a line, indented
// by who called it; a function whose call is above the arrow and to the left of it has not returned yet when the frame is
// handed to the device.
func Journey(ctx context.Context, t *parts.Tree, part, name string, all bool) (string, error) {
	p, err := t.Find(part)
	if err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp("", "journey")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	overlay, err := instrumented(t, p, temp)
	if err != nil {
		return "", err
	}
	events := filepath.Join(temp, "events")
	out, err := testRun{part: p, dir: parts.StackDir, overlay: overlay, env: []string{"JOURNEY_FILE=" + events},
		flags: []string{"-vet=off", "-count=1", "-run", "^TestJourney$/^" + regexp.QuoteMeta(name) + "$"}}.run(ctx, t)
	if err := errors.Join(err, failure("the tests of "+p.Name, out)); err != nil {
		return "", err
	}
	text, err := os.ReadFile(events)
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%s has no journey %q; it has %s", p.Name, name, strings.Join(journeysOf(t, p), ", "))
	}
	legs, err := grow(strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), all)
	return layOut(legs), err
}

// instrumented writes the files of a part's stack anew into temp, and returns the overlay with them.
func instrumented(t *parts.Tree, p parts.Part, temp string) (parts.Overlay, error) {
	overlay := t.Inherited(p)
	put := func(path string, text []byte) error {
		overlay[path] = filepath.Join(temp, filepath.Base(path))
		return os.WriteFile(overlay[path], text, 0o600)
	}
	files, _ := filepath.Glob(filepath.Join(p.Dir, parts.StackDir, "*.go")) // fails for a malformed pattern only
	for _, path := range files {
		if parts.IsTest(path) {
			continue
		}
		text, err := instrument(path)
		if err == nil {
			err = put(path, text)
		}
		if err != nil {
			return nil, err
		}
	}
	return overlay, put(filepath.Join(p.Dir, parts.StackDir, "journey_recorder_test.go"), recorderText)
}

// journeyName matches where a part's tests name a journey.
var journeyName = regexp.MustCompile(`(?m)^\tjourneys\["([^"]+)"\] = `)

// journeysOf returns the names of the journeys of a part.
func journeysOf(t *parts.Tree, p parts.Part) (names []string) {
	for _, file := range t.TestFiles(p, parts.StackDir) {
		text, _ := os.ReadFile(file.Path) // one that cannot be read has none
		for _, found := range journeyName.FindAllSubmatch(text, -1) {
			names = append(names, string(found[1]))
		}
	}
	slices.Sort(names)
	return names
}
