package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestEverythingArrivesInOrder(t *testing.T) {
	var out, want bytes.Buffer
	s := New(&out, 1<<20, nil)
	for i := range 1000 {
		fmt.Fprintf(&want, "line %d\n", i)
		fmt.Fprintf(s, "line %d\n", i)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if out.String() != want.String() {
		t.Errorf("got %d bytes, want %d, or in another order", out.Len(), want.Len())
	}
	if _, err := s.Write([]byte("late")); err == nil {
		t.Error("Write after Close gave no error")
	}
}

// A destination that stalls costs lines, and their number is told.
func TestStalledDestination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		s := New(w, 10, func(n uint64) []byte { return fmt.Appendf(nil, "(%d lost)", n) })
		io.WriteString(s, "0123456789")
		synctest.Wait() // the goroutine hangs in the pipe now
		io.WriteString(s, "abcdefghij")
		io.WriteString(s, "k")
		io.WriteString(s, "l")
		if got := s.Lost(); got != 2 {
			t.Errorf("lost %d writes, want 2", got)
		}
		got := make(chan string)
		go func() {
			all, _ := io.ReadAll(r)
			got <- string(all)
		}()
		synctest.Wait()
		io.WriteString(s, "m")
		io.WriteString(s, "too long for it")
		s.Close()
		w.Close()
		if all := <-got; all != "0123456789abcdefghij(2 lost)m(1 lost)" {
			t.Errorf("got %q", all)
		}
	})
}

func TestCloseDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		s := New(w, 10, nil)
		io.WriteString(s, "x")
		start := time.Now()
		err := s.Close()
		if err == nil || !strings.Contains(err.Error(), "takes nothing") {
			t.Errorf("Close said %v", err)
		}
		if d := time.Since(start); d != closeWait {
			t.Errorf("Close waited %v, want %v", d, closeWait)
		}
		r.Close()
	})
}

func TestErrorIsKept(t *testing.T) {
	full := errors.New("disk full")
	calls := 0
	s := New(writerFunc(func([]byte) (int, error) { calls++; return 0, full }), 10, nil)
	io.WriteString(s, "x")
	for range 100 {
		if _, err := io.WriteString(s, "y"); errors.Is(err, full) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); !errors.Is(err, full) {
		t.Errorf("Close said %v, want %v", err, full)
	}
	if calls != 1 {
		t.Errorf("%d writes to a destination that has failed, want 1", calls)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
