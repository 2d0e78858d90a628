package runs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDrawings draws each kind of picture from a few rows.
func TestDrawings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.tsv")
	const text = "0.1\tdata\t1\t1001\n0.1\tlost\t1\t1001\n0.2\tack\t1\t60001\n0.2\tsack\t1001\t2001\n0.3\tdata\t1\t1001\n0.4\tack\t2001\t62001\n" +
		"0.5\tcwnd\t14480\t0\tslow start\n0.9\tcwnd\t20000\t10000\trecovery\n0.6\trto\t50\t60\t10\t200\n0.9\trto\t55\t58\t9\t210.5\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := readEvents(file)
	if err != nil || len(rows) != 10 || rows[6].word != "slow start" || rows[9].numbers[3] != 210.5 {
		t.Fatalf("%v, %v", rows, err)
	}
	for _, d := range drawings {
		picture := d.draw(d, rows).SVG()
		if !strings.Contains(picture, "<svg") || strings.Contains(picture, "NaN") || strings.Contains(picture, "Inf") {
			t.Errorf("%s:\n%s", d.recording, picture)
		}
	}
	if picture := sequence(drawings[1], rows).SVG(); !strings.Contains(picture, "sent again") || !strings.Contains(picture, "lost on its way") {
		t.Errorf("a loss and a retransmission do not show:\n%s", picture)
	}
	for _, bad := range []string{"", "0.1\tdata\n", "x\tdata\t1\n"} {
		os.WriteFile(file, []byte(bad), 0o600)
		if _, err := readEvents(file); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// TestAxis checks that numbers are round and few.
func TestAxis(t *testing.T) {
	for to, want := range map[float64]float64{60: 10, 1041: 200, 7: 1, 340: 50, 0.9: 0.2} {
		if got := axis("", 0, to).Step; got != want {
			t.Errorf("up to %v: steps of %v, want %v", to, got, want)
		}
	}
}
