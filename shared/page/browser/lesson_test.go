package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// do does something as a reader would.
type do func(p *page)

// next presses the button at the step of the lesson that comes next.
func next(p *page) { p.click("#lesson .steps .next button") }

// find presses Step until there are n frames for which a condition holds, and clicks the line of the last. In the condition f is the frame.
func find(n int, condition string) do {
	return func(p *page) {
		p.Helper()
		matching := fmt.Sprintf(`store.frames.filter(f => %s)`, condition)
		for range 300 {
			if eval[int](p, matching+".length") >= n {
				clickFrame(p, eval[int](p, fmt.Sprintf("%s[%d].id", matching, n-1)))
				return
			}
			p.key(kb.ArrowRight)
		}
		p.Fatalf("no frame with %s", condition)
	}
}

// clickFrame clicks where the line of a frame is drawn. What is nearer to that place is another frame: then a place
// farther along is tried.
func clickFrame(p *page, id int) {
	p.Helper()
	for _, share := range []float64{0.9, 0.7, 0.98, 0.5, 0.3} {
		place := eval[[]float64](p, fmt.Sprintf(`(() => {
			const f = store.frames[%d], e = ladder.ends(f), { x, y } = ladder.place(), r = $("ladder").getBoundingClientRect();
			return [r.left + x(f, e.a + (e.b - e.a) * %v), r.top + y(e.from + (e.to - e.from) * %v)];
		})()`, id, share, share))
		p.do(chromedp.MouseClickXY(place[0], place[1]))
		if eval[int](p, "store.selected") == id {
			return
		}
	}
	// Several frames may share a line, as when one has been sent twice in one instant: the keys tell them apart.
	for eval[int](p, "store.selected") != id {
		if eval[int](p, "store.selected") < id {
			p.key("n")
		} else {
			p.key("p")
		}
	}
}

func press(selector string) do { return func(p *page) { p.click(selector) } }

// Each lesson, done as a reader would. What comes of it is what the chapters and RFCs say.
var lessons = []struct {
	id   string
	want int
	do   []do
}{
	{"silence", 2, []do{next, next, next}},
	{"forged", 1, []do{next, press("#second"), next}},
	{"bit", 1, []do{next, find(1, "f.kind === 'icmp'"), pickByte(60), press(".bits button:nth-of-type(3)"), next}},
	{"fragment", 2, []do{next, find(2, "f.kind === 'part'"), press("#lose"), next}},
	{"synack", 1, []do{next, find(1, "f.from === 1 && f.kind === 'syn'"), press("#lose"), next}},
	{"rst", 1, []do{next, next, press("#second")}},
	{"hang", 2, []do{find(3, "f.kind === 'data'"), press("#lose"), next}},
	{"slow", 1, []do{next, next, next}},
	{"update", 2, []do{find(1, "f.from === 1 && f.wnd > 0 && f.sent >= 3e9"), press("#lose"), next}},
	{"question", 0, []do{find(1, "f.kind === 'arp'"), press("#lose"), next}},
	{"fifth", 0, []do{find(5, "f.kind === 'data'"), press("#lose"), next}},
	{"last", 1, []do{find(4, "f.kind === 'data'"), press("#lose"), next}},
	{"twice", 2, []do{find(2, "f.kind === 'data'"), press("#double"), next}},
}

// pickByte clicks a byte of the selected frame.
func pickByte(n int) do { return press(fmt.Sprintf("#hex [data-b='%d']", n)) }

func TestLessons(t *testing.T) {
	for _, l := range lessons {
		for _, answer := range []string{"right", "wrong"} {
			t.Run(l.id+"/"+answer, func(t *testing.T) {
				p := open(t, at("a=5"), 1280, 900, false)
				p.click("#go-" + l.id)
				choice := l.want
				if answer == "wrong" {
					choice = (l.want + 1) % eval[int](p, `document.querySelectorAll(".choice").length`)
				}
				p.click(fmt.Sprintf("#choice%d", choice))
				for _, f := range l.do {
					f(p)
				}
				if eval[bool](p, `!document.querySelector("#outcome")`) {
					p.shot("failed-" + l.id)
					p.Fatalf("nothing came of it: %s", eval[string](p, `document.querySelector(".steps").outerHTML`))
				}
				if got := eval[int](p, `store.verdict.outcome.choice`); got != l.want {
					t.Errorf("choice %d came true, want %d", got, l.want)
				}
				if class := eval[string](p, `document.querySelector("#outcome").className`); !strings.Contains(class, answer) {
					t.Errorf("the answer is shown as %q, want %s", class, answer)
				}
				if got := eval[string](p, fmt.Sprintf(`JSON.parse(localStorage.getItem("fbf-lessons"))[%q]`, l.id)); got != answer {
					t.Errorf("the progress says %q, want %s", got, answer)
				}
				if answer == "right" {
					p.shot("lesson-" + l.id)
				}
			})
		}
	}
}

// All lessons of the page are done here.
func TestEveryLessonIsDone(t *testing.T) {
	p := open(t, at("a=5"), 1280, 900, false)
	done := map[string]bool{}
	for _, l := range lessons {
		done[l.id] = true
	}
	for _, id := range eval[[]string](p, `store.catalog.lessons.map(l => l.id)`) {
		if !done[id] {
			t.Errorf("nobody does lesson %s", id)
		}
	}
}
