package world

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// do does something as a reader would.
type do func(t *testing.T, w *World)

// act makes calls.
func act(actions ...string) do {
	return func(t *testing.T, w *World) { w.must(t, actions...) }
}

func pass(d time.Duration) do { return func(_ *testing.T, w *World) { w.Advance(d) } }

// to does something to the nth frame like this as soon as it is under way; # in the action is its number.
func to(n int, action string, tests ...test) do {
	return func(t *testing.T, w *World) {
		t.Helper()
		for range 5000 {
			if l := w.each(tests...); len(l) >= n {
				w.must(t, strings.ReplaceAll(action, "#", itoa(l[n-1].ID)))
				return
			}
			w.Step(time.Minute)
		}
		t.Fatalf("there is no such frame:\n%s", dump(w))
	}
}

// Each lesson, done as a reader would. The outcome is what RFCs and chapters say.
func TestLessons(t *testing.T) {
	tests := map[string]struct {
		want int
		do   []do
	}{
		"silence":  {2, []do{act("resolve.a.77"), pass(time.Second), act("resolve.a.4"), pass(5 * time.Second)}},
		"forged":   {1, []do{act("forge.a.arp"), pass(time.Second), act("ping.a.4.56"), pass(time.Second)}},
		"bit":      {1, []do{act("ping.a.4.100"), to(1, "flip.#.400", kind("icmp")), pass(time.Second)}},
		"fragment": {2, []do{act("ping.a.4.4000"), to(2, "lose.#", kind("part")), pass(time.Minute)}},
		"synack":   {1, []do{act("dial.a.80"), to(1, "lose.#", kind("syn"), from(1)), pass(3 * time.Second)}},
		"rst":      {1, []do{pass(time.Second), act("forge.b.rstnear"), pass(2 * time.Second)}},
		"hang":     {2, []do{to(3, "lose.#", kind("data")), pass(2 * time.Minute)}},
		"slow":     {1, []do{pass(3 * time.Second), act("read.b.max"), pass(2 * time.Second)}},
		"update": {2, []do{func(t *testing.T, w *World) {
			for w.Now() < 5*time.Second {
				w.Step(time.Second)
				for _, f := range w.each(from(1), windowOpen) {
					if f.Fate == "" {
						w.must(t, "lose."+itoa(f.ID))
					}
				}
			}
		}, pass(2 * time.Minute)}},
		"question": {0, []do{to(1, "lose.#", kind("arp")), pass(5 * time.Second)}},
		"fifth":    {0, []do{to(5, "lose.#", kind("data")), pass(time.Second)}},
		"last":     {1, []do{to(4, "lose.#", kind("data")), pass(time.Second)}},
		"twice":    {2, []do{to(2, "double.#", kind("data")), pass(time.Second)}},
	}
	for _, l := range Lessons {
		t.Run(l.ID, func(t *testing.T) {
			tt, there := tests[l.ID]
			if !there {
				t.Fatal("nobody does this one")
			}
			in(t, l.Query, func(w *World) {
				if v := w.Judge(); v.Outcome != nil || v.Lesson != l.ID || len(v.Steps) != len(l.Steps) {
					t.Fatalf("before anything is done: %+v", v)
				}
				for _, f := range tt.do {
					f(t, w)
				}
				v := w.Judge()
				if v.Outcome == nil || v.Outcome.Choice != tt.want || len(v.Outcome.Frames)+len(v.Outcome.Lines) == 0 {
					t.Errorf("%+v, %+v; want outcome %d\n%s", v, v.Outcome, tt.want, dump(w))
				}
			})
		})
	}
}

// Another stack gives another outcome: it is not written in the lesson.
func TestLessonsAreJudgedByTheStacks(t *testing.T) {
	outcome := func(query string, steps ...do) (choice int) {
		in(t, query, func(w *World) {
			for _, f := range steps {
				f(t, w)
			}
			if v := w.Judge(); v.Outcome != nil {
				choice = v.Outcome.Choice
			} else {
				t.Errorf("%s: %+v\n%s", query, v, dump(w))
			}
		})
		return choice
	}
	with := func(id, parts string) string { return parts + "&" + Find(id).Query }
	if got := outcome(with("hang", "a=5&b=5"), to(3, "lose.#", kind("data")), pass(2*time.Minute)); got == 2 {
		t.Error("part 5 hangs, too")
	}
	if got := outcome(with("synack", "a=3&b=3"), act("dial.a.80"), to(1, "lose.#", kind("syn"), from(1)), pass(3*time.Second)); got != 2 {
		t.Errorf("part 3 at both ends: outcome %d, want that nobody repeats", got)
	}
	if got := outcome(with("twice", "a=5p&b=5p"), to(2, "double.#", kind("data")), pass(time.Second)); got != 1 {
		t.Errorf("without SACK: outcome %d, want that nothing is said", got)
	}
	if got := outcome(with("bit", "a=2&b=2"), act("ping.a.4.100"), to(1, "flip.#.180", kind("icmp")), pass(time.Second)); got != 0 {
		t.Errorf("a bit in the IPv4 header: outcome %d, want that IPv4 notices", got)
	}
	if got := outcome(with("update", "a=5&b=5"), to(1, "lose.#", from(1), func(f *Frame) bool {
		return f.Sent >= int64(3*time.Second) && windowOpen(f)
	}), pass(2*time.Minute)); got == 2 {
		t.Error("part 5 does not probe a closed window")
	}
}

// docs/page.md lists the lessons, and no others.
func TestLessonsAreInTheDocs(t *testing.T) {
	page, err := os.ReadFile("../../../docs/page.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| ") && strings.IndexAny(line, "12345") == 2 {
			rows++
		}
	}
	if rows != len(Lessons) {
		t.Errorf("docs/page.md has %d rows, there are %d lessons", rows, len(Lessons))
	}
	for _, l := range Lessons {
		if row := fmt.Sprintf("| %d | %s |", l.Part, l.Title); !strings.Contains(string(page), row) {
			t.Errorf("docs/page.md does not list %q", row)
		}
	}
}
