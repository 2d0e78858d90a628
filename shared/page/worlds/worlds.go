// Package worlds keeps worlds, each in a bubble of testing/synctest of its own, for somebody outside of them: time in a
// bubble passes only while one of these functions is running. What goes in and out is text, most of it JSON.
package worlds

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/page/world"
)

// Worlds are those that are there. All functions are for one goroutine.
type Worlds struct {
	t    *testing.T
	made int
	open map[int]*bubble
}

// A bubble is where a world lives.
type bubble struct {
	calls chan func(*world.World) // made outside of the bubble: while its controller waits for a call, its time stands still
	done  chan struct{}           // after each call, and at the end
}

// New returns no worlds yet. The test is what synctest.Test needs; it must go on as long as the worlds.
func New(t *testing.T) *Worlds { return &Worlds{t: t, open: make(map[int]*bubble)} }

// Make makes a world by the query of a URL, and returns its number.
func (ws *Worlds) Make(query string) (int, error) {
	setup, err := world.ParseSetup(query)
	if err != nil {
		return 0, err
	}
	ws.made++
	ws.open[ws.made] = ws.start(setup)
	return ws.made, nil
}

func (ws *Worlds) start(setup world.Setup) *bubble {
	b := &bubble{calls: make(chan func(*world.World)), done: make(chan struct{})}
	go synctest.Test(ws.t, func(*testing.T) {
		w := world.New(setup)
		b.done <- struct{}{}
		for f := range b.calls {
			f(w)
			b.done <- struct{}{}
		}
		w.Close()
		synctest.Wait()
		b.done <- struct{}{}
	})
	<-b.done
	return b
}

func (b *bubble) end() {
	close(b.calls)
	<-b.done
}

var errNoWorld = errors.New("there is no such world")

// do runs f in a world's bubble.
func (ws *Worlds) do(id int, f func(*world.World)) error {
	b := ws.open[id]
	if b == nil {
		return errNoWorld
	}
	b.calls <- f
	<-b.done
	return nil
}

// Close ends a world.
func (ws *Worlds) Close(id int) {
	if b := ws.open[id]; b != nil {
		delete(ws.open, id)
		b.end()
	}
}

// Step has time pass until something happens, no longer than limit. It reports whether something has.
func (ws *Worlds) Step(id int, limit time.Duration) (happened bool, err error) {
	err = ws.do(id, func(w *world.World) { happened = w.Step(limit) })
	return happened, err
}

// Advance has so much time pass.
func (ws *Worlds) Advance(id int, d time.Duration) error {
	return ws.do(id, func(w *world.World) { w.Advance(d) })
}

// Seek goes to an instant, back or forth: all is done again from the beginning. Actions that come later stay ahead.
func (ws *Worlds) Seek(id int, at time.Duration) error {
	var setup world.Setup
	if err := ws.do(id, func(w *world.World) { setup = w.Setup() }); err != nil {
		return err
	}
	setup.At = max(0, at)
	ws.open[id].end()
	ws.open[id] = ws.start(setup)
	return nil
}

// Act does an action now: see world.Action.
func (ws *Worlds) Act(id int, text string) error {
	a, err := world.ParseAction(text)
	if err != nil {
		return err
	}
	if e := ws.do(id, func(w *world.World) { err = w.Do(a) }); e != nil {
		return e
	}
	return err
}

// View returns a world.View of what has happened since, a world.Since.
func (ws *Worlds) View(id int, since string) (text string, err error) {
	var s world.Since
	if err := json.Unmarshal([]byte(since), &s); err != nil {
		return "", err
	}
	return ws.text(id, func(w *world.World) (any, error) { return w.View(s), nil })
}

// Bytes returns a world.Bytes, of a frame.
func (ws *Worlds) Bytes(id, frame int) (string, error) {
	return ws.text(id, func(w *world.World) (any, error) { return w.Bytes(frame) })
}

// text returns what f says of a world as JSON. It is made in the bubble, where nothing changes meanwhile.
func (ws *Worlds) text(id int, f func(*world.World) (any, error)) (text string, err error) {
	e := ws.do(id, func(w *world.World) {
		var v any
		if v, err = f(w); err == nil {
			var b []byte
			b, err = json.Marshal(v)
			text = string(b)
		}
	})
	return text, errors.Join(err, e)
}

// History is a digest of all that has happened.
func (ws *Worlds) History(id int) (h string, err error) {
	err = ws.do(id, func(w *world.World) { h = w.History() })
	return h, err
}

// Capture returns what was sent so far as a file for Wireshark, in base64.
func (ws *Worlds) Capture(id int) (string, error) {
	var out bytes.Buffer
	var err error
	e := ws.do(id, func(w *world.World) { err = w.Capture(&out) })
	return base64.StdEncoding.EncodeToString(out.Bytes()), errors.Join(err, e)
}

// Judge returns a world.Verdict on the lesson that a world is for.
func (ws *Worlds) Judge(id int) (string, error) {
	return ws.text(id, func(w *world.World) (any, error) { return w.Judge(), nil })
}

// Catalog returns what there is to choose from, whatever the world.
func Catalog() (string, error) {
	b, err := json.Marshal(map[string]any{"lessons": world.Lessons, "templates": world.Templates, "parts": world.Parts})
	return string(b), err
}
