package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// recorderText is the Go file that the overlay adds to the part's tests.
//
//go:embed recorder.go.txt
var recorderText string

// recordLimit is for building the part's tests and one journey, which takes no time.
const recordLimit = 5 * time.Minute

// record runs a journey in the part in dir. It returns the lines that the recorder wrote.
func record(ctx context.Context, dir, name string) ([]string, error) {
	temp, err := os.MkdirTemp("", "journey")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	overlay, err := makeOverlay(dir, temp)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, recordLimit)
	defer cancel()
	events := filepath.Join(temp, "events")
	cmd := exec.CommandContext(ctx, "go", "test", "-vet=off", "-count=1", "-overlay", overlay,
		"-run", "^TestJourney$/^"+regexp.QuoteMeta(name)+"$", "./"+filepath.Base(dir))
	cmd.Dir = filepath.Dir(dir)
	cmd.Env = append(os.Environ(), "JOURNEY_FILE="+events)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w:\n%s", err, out)
	}
	text, err := os.ReadFile(events)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s has no journey %q; it has %s", filepath.Base(dir), name, strings.Join(journeysOf(dir), ", "))
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), err
}

// makeOverlay writes the part's files anew into temp. It returns the file that tells the go command so.
func makeOverlay(dir, temp string) (string, error) {
	files, _ := filepath.Glob(filepath.Join(dir, "*.go")) // fails for a malformed pattern only
	replace := map[string]string{}
	put := func(path string, text []byte) error {
		replace[path] = filepath.Join(temp, filepath.Base(path))
		return os.WriteFile(replace[path], text, 0o600)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := instrument(path)
		if err == nil {
			err = put(path, text)
		}
		if err != nil {
			return "", err
		}
	}
	if err := put(filepath.Join(dir, "journey_recorder_test.go"), []byte(recorderText)); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(temp, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o600)
}

// journeyName matches where a part's tests name a journey.
var journeyName = regexp.MustCompile(`(?m)^\tjourneys\["([^"]+)"\] = `)

// journeysOf returns the names of the journeys of the part in dir.
func journeysOf(dir string) []string {
	var names []string
	files, _ := filepath.Glob(filepath.Join(dir, "journey*_test.go")) // fails for a malformed pattern only
	for _, path := range files {
		text, _ := os.ReadFile(path) // one that cannot be read has none
		for _, found := range journeyName.FindAllSubmatch(text, -1) {
			names = append(names, string(found[1]))
		}
	}
	slices.Sort(names)
	return names
}
