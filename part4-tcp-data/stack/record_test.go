package stack

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"

	"framebyframe/shared/suite"
)

// recordDir has TestRecordings keep what it records, for the pictures of the chapters:
// "go run ./shared/book plots" does so.
var recordDir = flag.String("record", "", "write recordings to this `directory`")

func TestRecordings(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(recordings)) {
		t.Run(name, func(t *testing.T) {
			var r *suite.Recording
			synctest.Test(t, func(t *testing.T) { r = recordings[name](t) })
			if *recordDir == "" || r == nil {
				return
			}
			if err := os.WriteFile(filepath.Join(*recordDir, name+".tsv"), []byte(r.Text()), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}
