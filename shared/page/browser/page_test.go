package browser

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The page as a whole, at both widths, light and dark, with every tab, dialog and menu.
func TestLooks(t *testing.T) {
	for _, tt := range []struct {
		name          string
		width, height int64
		dark          bool
	}{
		{"1280-light", 1280, 900, false}, {"1280-dark", 1280, 900, true}, {"390-light", 390, 844, false}, {"390-dark", 390, 844, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := open(t, at(""), tt.width, tt.height, tt.dark)
			has(t, p.said(), "Ready.")
			p.shot(tt.name + "-begin")
			for range 26 {
				p.key(kb.ArrowRight)
			}
			find(6, "f.kind === 'data'")(p)
			p.key("d")
			has(t, p.said(), "will not arrive")
			for range 30 {
				p.key(kb.ArrowRight)
			}
			if wide := eval[int](p, `document.documentElement.scrollWidth`); int64(wide) > tt.width {
				t.Errorf("the page is %d pixels wide, the window %d", wide, tt.width)
			}
			for _, tab := range []string{"lesson", "cable", "frame", "hosts", "more"} {
				if tt.width < 700 {
					p.click(fmt.Sprintf("#tabs [data-tab=%s]", tab))
					small := eval[[]string](p, `[...document.querySelectorAll("button, summary, select")].filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 39).map(e => e.outerHTML.slice(0, 80))`)
					if len(small) > 0 {
						t.Errorf("%s: too small for a finger: %q", tab, small)
					}
				} else {
					eval[bool](p, fmt.Sprintf(`{ side(%q === "hosts" ? "hosts" : "frame"); true }`, tab))
				}
				if wide := eval[int](p, `document.documentElement.scrollWidth`); int64(wide) > tt.width {
					t.Errorf("%s is %d pixels wide, the window %d", tab, wide, tt.width)
				}
				p.shot(tt.name + "-" + tab)
			}
			p.key("b")
			p.shot(tt.name + "-calls")
			p.key(kb.Escape)
			p.key("?")
			p.shot(tt.name + "-keys")
		})
	}
}

// The same address gives the same history, from one load to the next.
func TestSameAddressSameHistory(t *testing.T) {
	const query = "a=5&b=5&delay=20000000&rate=5000000&queue=12&loss=0.02&seed=3&do=0.dial.a.80_0.write.a.200000_" +
		"200000000.read.b.20000_250000000.ping.b.1.4000_500000000.read.b.max_900000000.shut.a"
	first := ""
	p := open(t, at(query), 1280, 900, false)
	for i := range 20 {
		if i > 0 {
			p.do(chromedp.Reload(), chromedp.WaitReady(chromedp.CSS("body.ready")))
		}
		h := eval[string](p, fmt.Sprintf(`{ for (let i = 0; i < %d; i++) store.advance(3e9 / %d); engine.call("seek", store.id, 3e9); engine.call("history", store.id) }`, 10+i, 10+i))
		if first == "" {
			first = h
		}
		if h != first || strings.HasPrefix(h, "0 ") {
			t.Fatalf("load %d: %s, the first: %s", i, h, first)
		}
	}
}

// Forth and back over 100 events, and forth again: the same state.
func TestBackAndForth(t *testing.T) {
	p := open(t, at("do=0.dial.a.80_0.write.a.300000_0.shut.a"), 1280, 900, false)
	state := `engine.call("history", store.id) + " " + store.now + " " + JSON.stringify([store.frames, store.lines, store.apps])`
	for range 100 {
		p.key(kb.ArrowRight)
	}
	there := eval[string](p, state)
	for range 100 {
		p.key(kb.ArrowLeft)
	}
	if now := eval[float64](p, "store.now"); now != 0 {
		t.Errorf("100 events back is at %v, want the beginning", now)
	}
	for range 100 {
		p.key(kb.ArrowRight)
	}
	if back := eval[string](p, state); back != there {
		t.Errorf("forth and back:\n%.300s\nbefore:\n%.300s", back, there)
	}
}

// The address holds what the reader has done.
func TestAddressHoldsTheExperiment(t *testing.T) {
	p := open(t, at(""), 1280, 900, false)
	find(3, "f.kind === 'data'")(p)
	p.key("d")
	p.key(kb.ArrowRight)
	address, h := eval[string](p, "location.href"), eval[string](p, `engine.call("history", store.id)`)
	has(t, address, ".lose.")
	q := open(t, address, 390, 844, true)
	if got := eval[string](q, `engine.call("history", store.id)`); got != h {
		t.Errorf("another reader sees %s, the first one %s", got, h)
	}
}

// From the disk, without a server.
func TestFromDisk(t *testing.T) {
	p := open(t, "file://"+dir+"/index.html", 1280, 900, false)
	has(t, p.said(), "Ready.")
	for range 20 {
		p.key(kb.ArrowRight)
	}
	if n := eval[int](p, "store.frames.length"); n < 5 {
		t.Errorf("%d frames after 20 steps", n)
	}
	has(t, eval[string](p, "location.href"), "#a=5&b=5")
}

// Playing goes on by itself, and says at which speed.
func TestPlay(t *testing.T) {
	p := open(t, at("do=0.dial.a.80_0.write.a.4000000"), 1280, 900, false)
	eval[bool](p, `{ $("speed").value = 0; $("speed").dispatchEvent(new Event("input")); true }`)
	p.click("#play")
	p.do(chromedp.Sleep(2 * time.Second))
	p.click("#play")
	now, text := eval[float64](p, "store.now"), eval[string](p, `$("speedOut").textContent`)
	if now < 100e6 || text == "" {
		t.Errorf("%v after two seconds at %s", time.Duration(now), text)
	}
	t.Logf("%v of virtual time in 2 s, at 10 Mbit/s and 1x", time.Duration(now))
}

// It is ready within two seconds, on a machine that has nothing else to do.
func TestReady(t *testing.T) {
	p := open(t, at(""), 1280, 900, false)
	t.Logf("ready after %v ms", eval[float64](p, "fbfReadyAfter"))
}

// A part that panics is shown with its stack trace, and the world begins again.
func TestCrash(t *testing.T) {
	p := open(t, at(""), 1280, 900, false)
	p.key(kb.ArrowRight)
	eval[bool](p, `{ engine.onCrash("panic: for a test\n\ngoroutine 1 [running]:"); true }`)
	has(t, eval[string](p, `$("trace").textContent`), "goroutine")
	p.shot("crash")
	p.click("#revive")
	if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](`!$("crash").open && store.now === 0`)); err != nil {
		t.Fatal(err)
	}
	p.key(kb.ArrowRight)
	if n := eval[int](p, "store.frames.length"); n == 0 {
		t.Error("nothing happens any more")
	}
}

// With reduced motion, playing goes from event to event.
func TestReducedMotion(t *testing.T) {
	p := open(t, at(""), 1280, 900, false)
	eval[bool](p, `{ Object.defineProperty(still, "matches", { value: true }); true }`)
	p.click("#play")
	p.do(chromedp.Sleep(2200 * time.Millisecond))
	p.click("#play")
	if n := eval[int](p, "store.instants().length"); n < 2 || n > 8 {
		t.Errorf("%d events in two seconds, want a few", n)
	}
}

// Clicks and keys at random: nothing goes to the console, and the page still works. (-args -long: for ten minutes.)
func TestRandomClicks(t *testing.T) {
	p := open(t, at(""), 1280, 900, false)
	dice := rand.New(rand.NewPCG(1, 2))
	names := []string{" ", kb.ArrowRight, kb.ArrowLeft, kb.Home, "n", "p", "d", "x", "l", "+", "-", "a", "b", "f", "h", kb.Escape}
	until := time.Now().Add(8 * time.Second)
	if *long {
		until = time.Now().Add(10 * time.Minute)
	}
	for i := 0; time.Now().Before(until); i++ {
		if dice.IntN(3) == 0 {
			p.key(names[dice.IntN(len(names))])
			continue
		}
		// Any control that can be seen; not the one that copies to the clipboard of whoever runs this.
		eval[bool](p, fmt.Sprintf(`{
			const all = [...document.querySelectorAll("button, summary, select, input, #hex .b, #fields tr, #lines li, .choice, #ladder")].filter(e => e.checkVisibility() && !e.disabled && e.id !== "share" && e.id !== "save");
			const e = all[%d %% all.length];
			if (e.tagName === "SELECT") { e.selectedIndex = %d %% e.length; e.dispatchEvent(new Event("change", { bubbles: true })); }
			else if (e.type === "range") { e.value = +e.min + (+e.max - +e.min) * %v; e.dispatchEvent(new Event("input")); e.dispatchEvent(new Event("change")); }
			else if (e.type === "number") { e.value = %d; e.dispatchEvent(new Event("change", { bubbles: true })); }
			else { const r = e.getBoundingClientRect(); e.dispatchEvent(new MouseEvent("click", { bubbles: true, clientX: r.left + r.width * %v, clientY: r.top + r.height * %v })); }
			true }`, dice.IntN(1<<20), dice.IntN(1<<10), dice.Float64(), dice.IntN(200), dice.Float64(), dice.Float64()))
	}
	eval[bool](p, `{ for (const d of document.querySelectorAll("dialog[open]")) d.close(); play(false); go(""); true }`)
	p.key(kb.ArrowRight)
	if now := eval[float64](p, "store.now"); now == 0 && !eval[bool](p, "store.frames.length === 0") {
		t.Error("time does not pass any more")
	}
	t.Logf("%.0f MB of memory", eval[float64](p, "performance.memory.usedJSHeapSize")/1e6)
}
