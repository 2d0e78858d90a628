package worlds

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"framebyframe/shared/page/world"
)

const busy = "a=5&b=5&delay=20000000&rate=5000000&queue=12&loss=0.02&seed=3&do=0.dial.a.80_0.write.a.200000_" +
	"200000000.read.b.20000_250000000.ping.b.1.4000_500000000.read.b.max_900000000.shut.a"

// The same URL gives the same history in 20 loads, and beside another world.
func TestSameQuerySameHistory(t *testing.T) {
	ws := New(t)
	first := ""
	other, _ := ws.Make("a=4&b=5&do=0.dial.b.80_0.write.b.100000")
	for i := range 20 {
		id, err := ws.Make(busy)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 + i {
			ws.Advance(id, time.Second/time.Duration(20+i))
			ws.Advance(other, time.Millisecond)
		}
		ws.Seek(id, time.Second)
		h, err := ws.History(id)
		if err != nil || strings.HasPrefix(h, "0 ") || first != "" && h != first {
			t.Fatalf("load %d: %s, %v; the first: %s", i, h, err, first)
		}
		first = h
		ws.Close(id)
	}
	ws.Close(other)
}

// Back and forth over 100 events returns to the same state.
func TestBackAndForth(t *testing.T) {
	ws := New(t)
	id, err := ws.Make(busy)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close(id)
	view := func() (v world.View) {
		text, err := ws.View(id, "{}")
		if err != nil || json.Unmarshal([]byte(text), &v) != nil {
			t.Fatal(text, err)
		}
		return v
	}
	var moments []int64
	for range 100 {
		if some, err := ws.Step(id, time.Minute); !some || err != nil {
			t.Fatal(some, err)
		}
		moments = append(moments, view().Now)
	}
	there, _ := ws.History(id)
	for i := len(moments) - 1; i >= 0; i -= 11 {
		ws.Seek(id, time.Duration(moments[i]))
		if now := view().Now; now != moments[i] {
			t.Errorf("event %d is at %d now, was at %d", i, now, moments[i])
		}
	}
	ws.Seek(id, 0)
	for range moments {
		ws.Step(id, time.Minute)
	}
	if back, _ := ws.History(id); back != there {
		t.Errorf("back and forth: %s, before: %s", back, there)
	}
}

func TestViewSince(t *testing.T) {
	ws := New(t)
	id, _ := ws.Make("arp=known&do=0.dial.a.80")
	defer ws.Close(id)
	since, frames := "{}", 0
	for range 200 {
		ws.Advance(id, time.Millisecond)
		text, err := ws.View(id, since)
		var v world.View
		if err != nil || json.Unmarshal([]byte(text), &v) != nil {
			t.Fatal(text, err)
		}
		b, _ := json.Marshal(v.Since)
		since = string(b)
		frames += len(v.Frames)
	}
	if frames != 6 { // each of three when it is sent, and when it arrives
		t.Errorf("%d frames were new or changed, want 6", frames)
	}
}

func TestErrors(t *testing.T) {
	ws := New(t)
	if _, err := ws.Make("a=9"); err == nil {
		t.Error("a world of part 9 was made")
	}
	if err := ws.Act(7, "shut.a"); err != errNoWorld {
		t.Errorf("a world that is not there: %v", err)
	}
	id, _ := ws.Make("")
	defer ws.Close(id)
	if err := ws.Act(id, "lose.0"); err == nil {
		t.Error("a frame was lost before there was one")
	}
	if _, err := ws.Bytes(id, 0); err == nil {
		t.Error("a frame was shown before there was one")
	}
}

func TestCapture(t *testing.T) {
	ws := New(t)
	id, _ := ws.Make("do=0.ping.a.4.56")
	defer ws.Close(id)
	ws.Advance(id, time.Second)
	text, err := ws.Capture(id)
	raw, _ := base64.StdEncoding.DecodeString(text)
	if err != nil || !bytes.Contains(raw, []byte("abcdefghij")) {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
}
