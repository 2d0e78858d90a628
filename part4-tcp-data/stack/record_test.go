package stack

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
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

// The application at the other end reads 20,000 bytes four times a second, which is less
// than comes: the window closes, and each time that enough is read it opens again.
func init() {
	recordings["window"] = func(t *testing.T) *suite.Recording {
		from, to, r := recordPair(t, wire.Faults{Delay: 20 * time.Millisecond, Rate: 10e6}, func(*Stack) {})
		defer to.s.Close()
		defer from.s.Close()
		go from.Write(pattern(300_000)) // does not end: we close before
		for range 8 {
			time.Sleep(250 * time.Millisecond)
			if _, err := to.Read(make([]byte, 20_000)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(100 * time.Millisecond)
		closed := 0 // acknowledgments that leave no room for a full segment
		for line := range strings.Lines(r.Text()) {
			var at float64
			var ack, edge int
			if n, _ := fmt.Sscanf(line, "%g\tack\t%d\t%d", &at, &ack, &edge); n == 3 && edge-ack < from.effSndMSS() {
				closed++
			}
		}
		if closed < 5 || r.Rows("lost") != 0 {
			t.Errorf("the window was closed %d times, want about 8; %d segments were lost, want none", closed, r.Rows("lost"))
		}
		return r
	}
}
