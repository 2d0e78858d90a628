package world

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// in runs f with a world in a bubble.
func in(t *testing.T, query string, f func(w *World)) {
	t.Helper()
	setup, err := ParseSetup(query)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := New(setup)
		defer w.Close()
		f(w)
	})
}

// dump is what a failed test shows.
func dump(w *World) string {
	var b strings.Builder
	for _, f := range w.frames {
		fmt.Fprintf(&b, "%4d %d %10v %10v %-8s %-12s again=%v %v %s\n", f.ID, f.From, time.Duration(f.Sent), time.Duration(f.End), f.Kind, f.Fate, f.Again, f.Marks, f.Text)
	}
	for _, l := range w.lines {
		fmt.Fprintf(&b, "%10v %d %-4s %s\n", time.Duration(l.At), l.Host, l.What, l.Text)
	}
	return b.String()
}

func (w *World) must(t *testing.T, actions ...string) {
	t.Helper()
	for _, text := range actions {
		a, err := ParseAction(text)
		if err == nil {
			err = w.Do(a)
		}
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// Every part talks to every part, as far as both can.
func TestEveryPair(t *testing.T) {
	for a := 1; a <= 5; a++ {
		for b := 1; b <= 5; b++ {
			in(t, fmt.Sprintf("a=%d&b=%d", a, b), func(w *World) {
				w.must(t, "resolve.a.4")
				w.Advance(time.Second)
				want := []string{"who has 10.0.0.4: 02:00:00:00:00:04"}
				if a >= 2 {
					w.must(t, "ping.a.4.56")
					w.Advance(time.Minute)
					if b >= 2 {
						want = append(want, "ping 10.0.0.4: 64 bytes")
					} else {
						want = append(want, "ping 10.0.0.4: context deadline exceeded")
					}
				}
				if a >= 3 {
					w.must(t, "dial.a.80")
					w.Advance(time.Second)
					if b >= 3 {
						want = append(want, "is connected to 10.0.0.4:80")
					}
					if b == 2 {
						want = append(want, "connecting:")
					}
				}
				if a >= 4 && b >= 4 {
					w.must(t, "write.a.20000", "shut.a")
					want = append(want, "has read 20000 bytes, to the end of the stream")
				}
				w.Advance(time.Minute)
				got := dump(w)
				for _, line := range want {
					if !strings.Contains(got, line) {
						t.Errorf("part %d to part %d: nobody says %q:\n%s", a, b, line, got)
					}
				}
			})
		}
	}
}
