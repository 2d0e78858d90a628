// Package spool writes without ever making its caller wait.
//
// A stack formats its trace and its capture while it holds its one lock. If
// the terminal is stopped with Ctrl-S, or a disk is slow, a plain Write would
// block there, and with it every timer and every connection. A spool.Writer
// takes the bytes into memory and lets a goroutine of its own do the waiting.
// What does not fit into that memory is lost, and counted.
package spool

import (
	"errors"
	"io"
	"sync"
	"time"
)

// closeWait is how long Close waits for a destination that takes nothing.
const closeWait = time.Second

// errClosed is what Write says after Close.
var errClosed = errors.New("spool: closed")

// Writer is an io.Writer that never blocks. Use New to make one.
type Writer struct {
	w     io.Writer
	limit int
	done  chan struct{} // closed when the goroutine has ended

	mu     sync.Mutex
	wake   sync.Cond
	queue  []byte // what waits to be written
	spare  []byte // the other buffer, to be swapped with queue
	lost   uint64 // writes that found the queue full, since the last note
	all    uint64 // the same, since the beginning
	note   func(lost uint64) []byte
	err    error // the destination's first error; nothing is written after it
	closed bool
}

// New returns a Writer that hands everything on to w and keeps at most limit
// bytes waiting. When writes were lost because of that limit, and w takes
// bytes again, note (if not nil) says what to put in their place.
func New(w io.Writer, limit int, note func(lost uint64) []byte) *Writer {
	s := &Writer{w: w, limit: limit, note: note, done: make(chan struct{})}
	s.wake.L = &s.mu
	go s.run()
	return s
}

// Write queues p, all of it or nothing, and returns at once. Bytes that do not
// fit are lost and counted, which is no error: the caller could do nothing
// about it. The error of an earlier write to the destination is returned by
// every later call.
func (s *Writer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return 0, errClosed
	case s.err != nil:
		return 0, s.err
	case len(s.queue)+len(p) > s.limit:
		s.lost++
		s.all++
		return len(p), nil
	}
	s.noteLoss()
	s.queue = append(s.queue, p...)
	s.wake.Signal()
	return len(p), nil
}

// noteLoss queues a note about writes that were lost since the last one, and
// reports whether there is one.
func (s *Writer) noteLoss() bool {
	if s.lost == 0 || s.note == nil {
		return false
	}
	s.queue = append(s.queue, s.note(s.lost)...)
	s.lost = 0
	return true
}

// Lost returns how many writes were lost because the queue was full.
func (s *Writer) Lost() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

// Close waits until everything is written, but no longer than a second, and
// returns the destination's error if it had one. It does not close the
// destination, which may still be in use by a write that hangs.
func (s *Writer) Close() error {
	s.mu.Lock()
	s.closed = true
	s.wake.Signal()
	s.mu.Unlock()
	select {
	case <-s.done:
	case <-time.After(closeWait):
		return errors.New("spool: the destination takes nothing, or too slowly; the rest is lost")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// run writes whatever has gathered, in one piece, until Close.
func (s *Writer) run() {
	defer close(s.done)
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for len(s.queue) == 0 && !s.closed {
			s.wake.Wait()
		}
		if len(s.queue) == 0 && !s.noteLoss() {
			return
		}
		batch := s.queue
		s.queue = s.spare[:0]
		s.mu.Unlock()
		_, err := s.w.Write(batch)
		s.mu.Lock()
		s.spare = batch
		if err != nil {
			s.err = err
			s.queue = nil
			return
		}
	}
}
