package world

import (
	"strings"
	"time"
)

// A Lesson is a guided experiment: the reader says what he expects, does something, and the hosts show whether he was
// right. What they do is not written here: the outcome is read off the frames and the words of the hosts.
type Lesson struct {
	ID      string   `json:"id"`
	Part    int      `json:"part"` // whose chapter it belongs to
	Title   string   `json:"title"`
	Query   string   `json:"query"` // the Setup it begins with
	Story   string   `json:"story"`
	Ask     string   `json:"ask"`
	Choices []string `json:"choices"`
	Steps   []Step   `json:"steps"`
	Why     string   `json:"why"`  // when the outcome is known
	More    string   `json:"more"` // what to try next

	outcome func(w *World) Outcome
}

// A Step is something to do, or to wait for.
type Step struct {
	Text string `json:"text"`
	done func(w *World) bool
	Act  string        `json:"act,omitempty"`  // an action that does it
	Wait time.Duration `json:"wait,omitempty"` // or so much time that has to pass
}

// An Outcome is which of the choices came true, and which frames and lines show it.
type Outcome struct {
	Choice int   `json:"choice"`
	Frames []int `json:"frames"`
	Lines  []int `json:"lines"`
}

// A Verdict is how far the reader is, and what came of it.
type Verdict struct {
	Lesson  string   `json:"lesson"`
	Steps   []bool   `json:"steps"`
	Outcome *Outcome `json:"outcome"` // when all steps are done
}

// Find returns a lesson, or nil.
func Find(id string) *Lesson {
	for _, l := range Lessons {
		if l.ID == id {
			return l
		}
	}
	return nil
}

// Judge says how the lesson of the world's Setup stands.
func (w *World) Judge() Verdict {
	v := Verdict{Lesson: w.setup.Lesson, Steps: []bool{}}
	l := Find(v.Lesson)
	if l == nil {
		return v
	}
	all := true
	for _, s := range l.Steps {
		all = all && s.done(w) // a step counts after those before it
		v.Steps = append(v.Steps, all)
	}
	if all {
		o := l.outcome(w)
		v.Outcome = &o
	}
	return v
}

// A test tells whether a frame is one that is looked for.
type test func(f *Frame) bool

func (w *World) each(tests ...test) (found []*Frame) {
next:
	for _, f := range w.frames {
		for _, t := range tests {
			if !t(f) {
				continue next
			}
		}
		found = append(found, f)
	}
	return found
}

func (w *World) some(tests ...test) bool { return len(w.each(tests...)) > 0 }

func from(host int) test       { return func(f *Frame) bool { return f.From == host && !f.Forged } }
func kind(k string) test       { return func(f *Frame) bool { return f.Kind == k } }
func says(text string) test    { return func(f *Frame) bool { return strings.Contains(f.Text, text) } }
func after(g *Frame) test      { return func(f *Frame) bool { return f.Sent > g.Sent } }
func again(f *Frame) bool      { return f.Again }
func forged(f *Frame) bool     { return f.Forged }
func lost(f *Frame) bool       { return f.Fate != "" && f.Fate != "arrived" }
func arrived(f *Frame) bool    { return f.Fate == "arrived" }
func doubled(f *Frame) bool    { return f.CopyOf >= 0 }
func marked(f *Frame) bool     { return len(f.Marks) > 0 && f.CopyOf < 0 }
func shut(f *Frame) bool       { return f.Wnd == 0 && f.Kind == "ack" }
func windowOpen(f *Frame) bool { return f.Wnd > 0 && f.Kind == "ack" }

func ids(frames []*Frame) []int {
	list := []int{}
	for _, f := range frames {
		list = append(list, f.ID)
	}
	return list
}

// heard returns the lines of a host that contain a text.
func (w *World) heard(host int, text string) []int {
	list := []int{}
	for i, l := range w.lines {
		if l.Host == host && strings.Contains(l.Text, text) {
			list = append(list, i)
		}
	}
	return list
}

// said is a step that is done when a host has said something.
func said(host int, text string) func(*World) bool {
	return func(w *World) bool { return len(w.heard(host, text)) > 0 }
}

// sent is a step that is done when there is such a frame.
func sent(tests ...test) func(*World) bool {
	return func(w *World) bool { return w.some(tests...) }
}

// waited is a step that is done when so much time has passed since there was such a frame.
func waited(d time.Duration, tests ...test) func(*World) bool {
	return func(w *World) bool {
		found := w.each(tests...)
		return len(found) > 0 && w.Now() >= time.Duration(found[0].Sent)+d
	}
}

// either is a step that is done when one of the two is.
func either(a, b func(*World) bool) func(*World) bool {
	return func(w *World) bool { return a(w) || b(w) }
}
