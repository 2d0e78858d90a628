package world

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/pcap"
)

// sliced runs an experiment for three seconds, in slices, and returns its history.
func sliced(t *testing.T, query string, slice time.Duration) (history string, frames int) {
	t.Helper()
	setup, err := ParseSetup(query)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := New(setup)
		defer w.Close()
		for w.Now() < 3*time.Second {
			w.Advance(min(slice, 3*time.Second-w.Now()))
		}
		history, frames = w.History(), len(w.frames)
	})
	return history, frames
}

// The same Setup gives the same history, however its time is sliced.
func TestOneSetupOneHistory(t *testing.T) {
	query := "a=5&b=5&delay=20000000&rate=5000000&queue=12&loss=0.02&seed=3&do=100000000.dial.a.80_100000000.write.a.300000_" +
		"200000000.read.b.20000_250000000.ping.b.1.4000_500000000.read.b.max_600000000.write.b.50000_900000000.shut.a"
	first, frames := sliced(t, query, 3*time.Second)
	if frames < 400 {
		t.Fatalf("only %d frames", frames)
	}
	for i, slice := range []time.Duration{time.Second, 16 * time.Millisecond, 7 * time.Millisecond, time.Millisecond, 123457} {
		for range 4 {
			if h, _ := sliced(t, query, slice); h != first {
				t.Fatalf("run %d, in slices of %v: %s, the first: %s", i, slice, h, first)
			}
		}
	}
	if h, _ := sliced(t, query+"&seed=3", time.Second); h != first {
		t.Error("the same query in other words gave another history")
	}
	other := bytes.ReplaceAll([]byte(query), []byte("seed=3"), []byte("seed=4"))
	if h, _ := sliced(t, string(other), time.Second); h == first {
		t.Error("another seed gave the same history")
	}
}

// Going back is to do everything again: steps forward, back by replay, and the same history as before.
func TestBackIsReplay(t *testing.T) {
	type moment struct {
		at      time.Duration
		history string
	}
	var moments []moment
	var setup Setup
	in(t, "seed=2&loss=0.05&do=0.dial.a.80_0.write.a.100000", func(w *World) {
		for i := range 100 {
			if i == 30 {
				w.must(t, "lose."+itoa(w.someFlight(t).ID))
			}
			if !w.Step(time.Minute) {
				t.Fatal("nothing happens any more")
			}
			moments = append(moments, moment{w.Now(), w.History()})
		}
		setup = w.Setup()
	})
	again, err := ParseSetup(setup.Query())
	if err != nil || again.Query() != setup.Query() {
		t.Fatalf("%s\nbecame\n%s, %v", setup.Query(), again.Query(), err)
	}
	for i := len(moments) - 1; i >= 0; i -= 9 {
		synctest.Test(t, func(t *testing.T) {
			again := again
			again.At = moments[i].at
			w := New(again)
			defer w.Close()
			if got := w.History(); got != moments[i].history {
				t.Errorf("event %d at %v: %s, at first %s", i, moments[i].at, got, moments[i].history)
			}
		})
	}
}

// someFlight returns a frame that is under way.
func (w *World) someFlight(t *testing.T) *Frame {
	t.Helper()
	for _, f := range w.frames {
		if f.Fate == "" {
			return f
		}
	}
	t.Fatal("no frame is under way")
	return nil
}

// A capture has every frame, with all its bytes.
func TestCapture(t *testing.T) {
	file := filepath.Join(t.TempDir(), "capture.pcap")
	in(t, "arp=known&do=0.dial.a.80_0.write.a.5000", func(w *World) {
		w.Advance(time.Second)
		var out bytes.Buffer
		if err := errors.Join(w.Capture(&out), os.WriteFile(file, out.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
		frames, err := pcap.ReadFrames(file)
		if err != nil || len(frames) != len(w.frames) {
			t.Fatalf("%d frames, %v; want %d", len(frames), err, len(w.frames))
		}
		for i, f := range frames {
			if shown, _ := w.Bytes(i); hex.EncodeToString(f) != shown.Hex || len(shown.Fields) == 0 {
				t.Errorf("frame %d is %x, want %s", i, f, shown.Hex)
			}
		}
	})
}

// What was done is done again when its time comes, unless something else is done before.
func TestAhead(t *testing.T) {
	const query = "do=0.resolve.a.4_50000000.ping.a.4.10_90000000.ping.a.4.20"
	in(t, query, func(w *World) {
		w.Advance(60 * time.Millisecond)
		if v := w.View(Since{}); v.Ahead != 1 {
			t.Errorf("%d actions are still to come, want 1", v.Ahead)
		}
		for w.Step(time.Second) {
			if w.Now() > 90*time.Millisecond {
				break
			}
		}
		if v := w.View(Since{}); v.Ahead != 0 {
			t.Errorf("%d actions are still to come at %v, want none", v.Ahead, w.Now())
		}
	})
	in(t, query, func(w *World) {
		w.Advance(60 * time.Millisecond)
		w.must(t, "ping.a.4.30")
		w.Advance(time.Second)
		if got, want := formatActions(w.Setup().Actions), "0.resolve.a.4_50000000.ping.a.4.10_60000000.ping.a.4.30"; got != want {
			t.Errorf("the actions are %s, want %s", got, want)
		}
	})
}
