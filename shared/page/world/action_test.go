package world

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestSetupErrors(t *testing.T) {
	for query, want := range map[string]string{
		"a=6":                    "want a part from 1 to 5",
		"b=4p":                   "want a part from 1 to 5",
		"b=3r":                   "want a part from 1 to 5",
		"delay=-1":               "want a number from 0",
		"rate=fast":              "want a number from 0",
		"loss=1.5":               "want a share from 0 to 1",
		"loss=NaN":               "want a share from 0 to 1",
		"seed=x":                 "invalid syntax",
		"do=0.fly.a":             `nobody knows how to "fly"`,
		"do=0.dial.a":            "dial takes 2 words",
		"do=0.dial.c.80":         "want a or b",
		"do=0.write.a.-5":        "want a number from 0",
		"do=5.shut.a_4.shut.a":   "not in order",
		"do=x.shut.a":            "want a number from 0",
		"do=0.forge.a.lightning": "no such template",
		"do=0.edit.1.0.zz":       "want bytes in hex",
		"%zz":                    "no query",
		"do=" + strings.Repeat("0.shut.a_", 1001) + "0.shut.a": "more than 1000",
	} {
		if _, err := ParseSetup(query); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %q", query, err, want)
		}
	}
}

func FuzzParseSetup(f *testing.F) {
	f.Add("a=5pr&b=1&delay=5&rate=0&queue=9&loss=0.25&seed=7&arp=known&do=0.dial.a.80_5.edit.3.14.45_6.read.b.max")
	f.Fuzz(func(t *testing.T, query string) {
		s, err := ParseSetup(query)
		if err != nil {
			return
		}
		again, err := ParseSetup(s.Query())
		if err != nil || again.Query() != s.Query() {
			t.Errorf("%q became %q, then %q, %v", query, s.Query(), again.Query(), err)
		}
	})
}

// first returns the first frame of a kind that a host has sent.
func (w *World) first(t *testing.T, from int, kind string) *Frame {
	t.Helper()
	for _, f := range w.frames {
		if f.From == from && f.Kind == kind {
			return f
		}
	}
	t.Fatalf("host %d has sent no %s:\n%s", from, kind, dump(w))
	return nil
}

// What is done to a frame under way happens to this frame alone.
func TestInterfere(t *testing.T) {
	const setup = "arp=known&do=0.ping.a.4.100"
	tests := []struct {
		action, fate string
		want, never  string
	}{
		{"lose.0", "taken off the cable", "ping 10.0.0.4: context deadline exceeded", "echo reply"},
		{"delay.0.30", "arrived", "time=70.", "deadline"},
		{"double.0", "arrived", "ping 10.0.0.4: 108 bytes", "deadline"},
		{"flip.0.500", "arrived", "dropped: ICMP: checksum is wrong", "echo reply"},
		{"edit.0.14.46", "arrived", "dropped: IPv4: ", "echo reply"},
	}
	for _, tt := range tests {
		t.Run(tt.action, func(t *testing.T) {
			in(t, setup, func(w *World) {
				w.Advance(time.Millisecond)
				w.must(t, tt.action)
				w.Advance(time.Minute)
				got := dump(w)
				if f := w.frames[0]; f.Fate != tt.fate {
					t.Errorf("the fate is %q, want %q", f.Fate, tt.fate)
				}
				if !strings.Contains(got, tt.want) || strings.Contains(got, tt.never) {
					t.Errorf("want %q and not %q:\n%s", tt.want, tt.never, got)
				}
				if a, _ := ParseAction(tt.action); w.Do(a) == nil {
					t.Error("it could be done again, to a frame that has arrived")
				}
			})
		})
	}
}

func TestDoubled(t *testing.T) {
	in(t, "arp=known&do=0.ping.a.4.100", func(w *World) {
		w.Advance(time.Millisecond)
		w.must(t, "double.0")
		w.Advance(time.Second)
		if len(w.frames) != 4 || w.frames[1].CopyOf != 0 || w.frames[1].Fate != "arrived" {
			t.Errorf("want a request, its copy and two replies:\n%s", dump(w))
		}
	})
}

// A slow reader closes the window, and a faster one opens it again (RFC 9293 3.8.6).
func TestSlowReader(t *testing.T) {
	for _, part := range []string{"4", "5"} {
		in(t, "arp=known&a="+part+"&b="+part+"&do=0.read.b.0_0.dial.a.80_0.write.a.500000_0.shut.a", func(w *World) {
			w.Advance(5 * time.Second)
			f := w.frames[len(w.frames)-1]
			closed := false
			for _, f := range w.frames {
				closed = closed || f.From == 1 && f.Kind == "ack" && f.Wnd == 0
			}
			if v := w.View(Since{}); !closed || v.Apps[1].Read != 0 || v.Apps[1].Pace != 0 {
				t.Fatalf("part %s: the window is not closed: %+v, %+v", part, f, v.Apps)
			}
			w.must(t, "read.b.10000")
			w.Advance(time.Second)
			if read := w.View(Since{}).Apps[1].Read; read < 8000 || read > 12000 {
				t.Errorf("part %s: %d bytes read in a second at 10000 a second", part, read)
			}
			w.must(t, "read.b.max")
			w.Advance(time.Minute)
			if got := dump(w); !strings.Contains(got, "has read 500000 bytes, to the end of the stream") {
				t.Errorf("part %s: the stream did not end: %+v", part, w.View(Since{}).Apps)
			}
		})
	}
}

func TestAbort(t *testing.T) {
	in(t, "arp=known&do=0.dial.a.80", func(w *World) {
		w.Advance(time.Second)
		w.must(t, "abort.a")
		w.Advance(time.Second)
		w.first(t, 0, "rst")
		if !strings.Contains(dump(w), "connection reset") {
			t.Errorf("nobody noticed:\n%s", dump(w))
		}
	})
}

// What strangers send does what the RFCs say.
func TestForge(t *testing.T) {
	tests := []struct{ action, want, never string }{
		{"forge.a.arp", "10.0.0.4 is at 02:00:00:00:00:66", "nothing"},
		{"forge.b.echo", "ICMP echo reply", "checksum"},
		// RFC 9293 3.10.7.4: outside of the window it is dropped; inside, it is challenged (RFC 5961 3.2).
		{"forge.b.rst", "Flags [R]", "ESTABLISHED -> CLOSED"},
		{"forge.b.rstnear", "Flags [R]", "ESTABLISHED -> CLOSED"},
		{"forge.b.rstexact", "ESTABLISHED -> CLOSED", "dropped"},
		{"forge.b.syn", "Flags [S]", "ESTABLISHED -> CLOSED"},
		{"forge.b.data", "reads something else than was written, from byte 0 on", "ESTABLISHED -> CLOSED"},
	}
	for _, tt := range tests {
		t.Run(tt.action, func(t *testing.T) {
			in(t, "arp=known&do=0.dial.a.80", func(w *World) {
				w.Advance(time.Second)
				w.must(t, tt.action)
				if f := w.frames[len(w.frames)-1]; !f.Forged {
					t.Errorf("the last frame is not the forged one: %+v", f)
				}
				w.Advance(time.Minute)
				if got := dump(w); !strings.Contains(got, tt.want) || strings.Contains(got, tt.never) {
					t.Errorf("want %q and not %q:\n%s", tt.want, tt.never, got)
				}
			})
		})
	}
	in(t, "", func(w *World) {
		if a, _ := ParseAction("forge.b.rst"); w.Do(a) != errNoFlow {
			t.Error("a segment was forged without a connection")
		}
	})
}

// A part says no to what it cannot do.
func TestNotYet(t *testing.T) {
	for query, action := range map[string]string{"a=1": "ping.a.4.10", "a=2": "dial.a.80"} {
		in(t, query, func(w *World) {
			if a, _ := ParseAction(action); w.Do(a) != errNotYet {
				t.Errorf("%s, %s: want %v", query, action, errNotYet)
			}
		})
	}
}

// A cable that is asked to lose a share does, at both ends.
func TestLoss(t *testing.T) {
	in(t, "loss=0.1&do=0.dial.a.80_0.write.a.2000000", func(w *World) {
		w.Advance(time.Minute)
		var lost, all [2]int
		for _, f := range w.frames {
			all[f.From]++
			if f.Fate == "lost" {
				lost[f.From]++
			}
		}
		for i := range all {
			if share := float64(lost[i]) / float64(all[i]); share < 0.05 || share > 0.15 {
				t.Errorf("host %d: %d of %d frames were lost", i, lost[i], all[i])
			}
		}
	})
}

// A frame's words are its sender's, who counts from the beginning of the connection.
func TestFrameWords(t *testing.T) {
	in(t, "a=5&b=4&arp=known&do=0.dial.a.80_0.write.a.30000_0.write.b.30000", func(w *World) {
		w.Advance(5 * time.Second)
		spoken := map[string]bool{}
		for _, l := range w.lines {
			if l.What == "out" {
				spoken[itoa(l.Host)+l.Text] = true
			}
		}
		for _, f := range w.frames {
			if !spoken[itoa(f.From)+f.Text] {
				t.Errorf("host %d has not said %s", f.From, f.Text)
			}
			if want := fmt.Sprintf("seq %d:%d", f.Seq, f.Seq+f.Bytes); f.Kind == "data" && !strings.Contains(f.Text, want) {
				t.Errorf("%s: want %s", f.Text, want)
			}
		}
	})
}
