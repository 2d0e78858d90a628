//go:build js

// Program page is what runs in the browser: worlds, and the functions by which the page's JavaScript reaches them.
package main

import (
	"syscall/js"
	"testing"
	"time"

	"framebyframe/shared/page/worlds"
)

// The bubbles of testing/synctest need a *testing.T, and testing.Main is how an ordinary program has one.
func main() {
	testing.Main(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "page", F: serve}}, nil, nil)
}

// serve makes the functions known and waits for their calls, for ever.
func serve(t *testing.T) {
	ws := worlds.New(t)
	api := map[string]func(a []js.Value) (any, error){
		"make":    func(a []js.Value) (any, error) { return ws.Make(a[0].String()) },
		"close":   func(a []js.Value) (any, error) { ws.Close(a[0].Int()); return nil, nil },
		"step":    func(a []js.Value) (any, error) { return ws.Step(a[0].Int(), duration(a[1])) },
		"advance": func(a []js.Value) (any, error) { return nil, ws.Advance(a[0].Int(), duration(a[1])) },
		"seek":    func(a []js.Value) (any, error) { return nil, ws.Seek(a[0].Int(), duration(a[1])) },
		"act":     func(a []js.Value) (any, error) { return nil, ws.Act(a[0].Int(), a[1].String()) },
		"view":    func(a []js.Value) (any, error) { return ws.View(a[0].Int(), a[1].String()) },
		"bytes":   func(a []js.Value) (any, error) { return ws.Bytes(a[0].Int(), a[1].Int()) },
		"history": func(a []js.Value) (any, error) { return ws.History(a[0].Int()) },
		"capture": func(a []js.Value) (any, error) { return ws.Capture(a[0].Int()) },
		"judge":   func(a []js.Value) (any, error) { return ws.Judge(a[0].Int()) },
		"catalog": func([]js.Value) (any, error) { return worlds.Catalog() },
	}
	object := js.Global().Get("Object").New()
	for name, f := range api {
		object.Set(name, js.FuncOf(func(_ js.Value, a []js.Value) any { return answer(f(a)) }))
	}
	js.Global().Call("fbfReady", object)
	select {}
}

// duration reads a number of nanoseconds.
func duration(v js.Value) time.Duration { return time.Duration(v.Float()) }

// answer is what JavaScript gets: an object with a value, or with an error.
func answer(v any, err error) any {
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return map[string]any{"value": v}
}
