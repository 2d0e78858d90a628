package main

import (
	"bytes"
	"io"
	"sync"
)

// maxReadyLine bounds what is kept of a line that does not end.
const maxReadyLine = 1000

// A readyWatcher passes on what a part prints and notices the line with which the part says that it can answer.
type readyWatcher struct {
	out   io.Writer     // an error here is ignored: nobody may be reading, and the part must not stall for it
	ready chan struct{} // closed once the line was seen

	mu   sync.Mutex
	line []byte // the unfinished line so far
	said string // the line that begins with "ready:"
}

func newReadyWatcher(out io.Writer) *readyWatcher {
	return &readyWatcher{out: out, ready: make(chan struct{})}
}

func (w *readyWatcher) Write(p []byte) (int, error) {
	w.out.Write(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.said != "" {
		return len(p), nil
	}
	w.line = append(w.line, p...)
	for {
		line, rest, complete := bytes.Cut(w.line, []byte("\n"))
		if !complete {
			w.line = w.line[:min(len(w.line), maxReadyLine)]
			return len(p), nil
		}
		if bytes.HasPrefix(line, []byte("ready:")) {
			w.said, w.line = string(line), nil
			close(w.ready)
			return len(p), nil
		}
		w.line = rest
	}
}
