package wire

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// watched runs f with a cable whose left end delays by 20 ms at 1 Mbit/s, what is written
// there, and returns all that Watch heard and the numbers of what arrived at the right end.
func watched(t *testing.T, faults Faults, f func(im *Impaired)) (flights []Flight, got []arrival) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		faults.Watch = func(fl Flight) {
			fl.Frame = bytes.Clone(fl.Frame)
			flights = append(flights, fl)
		}
		seg := New(2)
		im := Impair(seg.End(0), faults)
		r := readAll(seg.End(1))
		f(im)
		time.Sleep(time.Hour)
		im.Close()
		seg.End(1).Close()
		<-r.done
		got = r.got
	})
	return flights, got
}

var slow = Faults{Delay: 20 * time.Millisecond, Rate: 1e6, OutOnly: true}

func sendNumbered(im *Impaired, n int) {
	for i := range n {
		im.Write(numbered(i, 125)) // 1 ms at 1 Mbit/s
	}
}

func fates(flights []Flight) (s []string) {
	for _, f := range flights {
		if f.Fate != "" {
			s = append(s, fmt.Sprint(f.ID, " ", f.Fate))
		}
	}
	return s
}

func TestWatchTellsTheFlight(t *testing.T) {
	flights, _ := watched(t, slow, func(im *Impaired) { sendNumbered(im, 3) })
	if want := []string{"0 arrived", "1 arrived", "2 arrived"}; !slices.Equal(fates(flights), want) {
		t.Fatalf("fates %v, want %v", fates(flights), want)
	}
	for _, f := range flights[:3] {
		leaves := f.Leaves.Sub(f.Sent)
		if want := time.Duration(f.ID+1) * time.Millisecond; leaves != want || !f.Out || f.CopyOf != -1 {
			t.Errorf("frame %d leaves after %v, want %v: %+v", f.ID, leaves, want, f)
		}
		// A lane moves an instant by less than lanes.
		if late := f.Due.Sub(f.Leaves) - 20*time.Millisecond; late < 0 || late >= lanes {
			t.Errorf("frame %d is due %v after it has left", f.ID, 20*time.Millisecond+late)
		}
	}
	for i, end := range flights[3:] {
		if end.Due != flights[i].Due || end.Sent != flights[i].Sent {
			t.Errorf("the end of frame %d: %+v, the beginning: %+v", i, end, flights[i])
		}
	}
}

func TestWatchWithoutDelay(t *testing.T) {
	flights, got := watched(t, Faults{}, func(im *Impaired) { sendNumbered(im, 2) })
	if want := []string{"0 arrived", "1 arrived"}; len(flights) != 2 || !slices.Equal(fates(flights), want) || len(got) != 2 {
		t.Errorf("fates %v, want %v; %d arrived", fates(flights), want, len(got))
	}
}

// What chance and a full queue do has a flight of its own each.
func TestWatchFaults(t *testing.T) {
	f := slow
	f.Queue, f.Loss, f.Duplicate, f.Reorder, f.Jitter, f.Seed = 20, 0.2, 0.2, 0.2, time.Millisecond, 7
	flights, got := watched(t, f, func(im *Impaired) {
		for i := range 300 {
			im.Write(numbered(i, 125))
			if i%3 == 0 {
				time.Sleep(2 * time.Millisecond)
			}
		}
	})
	ended := map[int]string{}
	count := map[string]int{}
	copies := 0
	for _, f := range flights {
		if f.Fate == "" {
			continue
		}
		if ended[f.ID] != "" {
			t.Errorf("flight %d ended twice: %s, %s", f.ID, ended[f.ID], f.Fate)
		}
		ended[f.ID] = f.Fate
		count[f.Fate]++
		if f.CopyOf >= 0 {
			copies++
		}
	}
	if len(ended) != 300+copies || count[Arrived] != len(got) || count[Lost] == 0 || count[QueueFull] == 0 || copies == 0 {
		t.Errorf("%d flights ended, %d of them copies: %v; %d frames arrived", len(ended), copies, count, len(got))
	}
}

func TestOutOnly(t *testing.T) {
	f := Faults{Loss: 1, OutOnly: true}
	if got := (traffic{out: true, n: 10, length: 60}).send(t, f).got; len(got) != 0 {
		t.Errorf("%d frames came out, want none", len(got))
	}
	if got := (traffic{out: false, n: 10, length: 60}).send(t, f).got; len(got) != 10 {
		t.Errorf("%d of 10 frames came in", len(got))
	}
}

func TestWay(t *testing.T) {
	other := numbered(77, 200)
	tests := []struct {
		name  string
		do    func(w Way) bool
		want  []int // what arrives of frames 0 to 3
		fates []string
	}{
		{"lose", func(w Way) bool { return w.Lose(1) }, []int{0, 2, 3},
			[]string{"1 taken off the cable", "0 arrived", "2 arrived", "3 arrived"}},
		{"lose the first", func(w Way) bool { return w.Lose(0) }, []int{1, 2, 3},
			[]string{"0 taken off the cable", "1 arrived", "2 arrived", "3 arrived"}},
		{"postpone", func(w Way) bool { return w.Postpone(1, 1500*time.Microsecond) }, []int{0, 2, 1, 3},
			[]string{"0 arrived", "2 arrived", "1 arrived", "3 arrived"}},
		{"postpone to the instant of the next", func(w Way) bool { return w.Postpone(1, time.Millisecond) }, []int{0, 2, 1, 3},
			[]string{"0 arrived", "2 arrived", "1 arrived", "3 arrived"}},
		{"postpone by days", func(w Way) bool { return w.Postpone(0, 10*time.Minute) }, []int{1, 2, 3, 0},
			[]string{"1 arrived", "2 arrived", "3 arrived", "0 arrived"}},
		{"duplicate", func(w Way) bool { return w.Duplicate(2) }, []int{0, 1, 2, 2, 3},
			[]string{"0 arrived", "1 arrived", "2 arrived", "4 arrived", "3 arrived"}},
		{"rewrite", func(w Way) bool { return w.Rewrite(2, other) }, []int{0, 1, 77, 3},
			[]string{"0 arrived", "1 arrived", "2 arrived", "3 arrived"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			flights, got := watched(t, slow, func(im *Impaired) {
				sendNumbered(im, 4)
				time.Sleep(10 * time.Millisecond)
				if !tt.do(im.Out()) {
					t.Error("the frame is not under way")
				}
			})
			if n := (&reader{got: got}).numbers(); !slices.Equal(n, tt.want) {
				t.Errorf("arrived %v, want %v", n, tt.want)
			}
			if f := fates(flights); !slices.Equal(f, tt.fates) {
				t.Errorf("fates %q, want %q", f, tt.fates)
			}
			checkLanes(t, flights)
		})
	}
}

// checkLanes: no two frames arrive in one instant, and all on the lane of their direction.
func checkLanes(t *testing.T, flights []Flight) {
	t.Helper()
	seen := map[int64]int{}
	for _, f := range flights {
		if f.Fate != Arrived {
			continue
		}
		due := f.Due.UnixNano()
		if other, twice := seen[due]; twice {
			t.Errorf("frames %d and %d arrive in one instant", f.ID, other)
		}
		seen[due] = f.ID
		if lane := due % lanes; lane != 2 {
			t.Errorf("frame %d arrives on lane %d, want 2", f.ID, lane)
		}
	}
}

func TestWayKnowsWhatIsUnderWay(t *testing.T) {
	watched(t, slow, func(im *Impaired) {
		w := im.Out()
		if w.Lose(0) {
			t.Error("a frame was lost before it was sent")
		}
		sendNumbered(im, 2)
		if w.Rewrite(0, nil) {
			t.Error("an empty frame was taken")
		}
		if im.In().Lose(0) {
			t.Error("the other direction lost a frame")
		}
		time.Sleep(time.Second)
		if w.Lose(0) || w.Postpone(0, 1) || w.Duplicate(0) || w.Rewrite(0, numbered(0, 60)) {
			t.Error("something happened to a frame that had arrived")
		}
	})
}

// The copy and the original are two: one may be lost without the other.
func TestWayLosesTheOriginal(t *testing.T) {
	flights, got := watched(t, slow, func(im *Impaired) {
		sendNumbered(im, 1)
		im.Out().Duplicate(0)
		im.Out().Lose(0)
	})
	last := flights[len(flights)-1]
	if len(got) != 1 || got[0].number != 0 || last.ID != 1 || last.CopyOf != 0 || last.Fate != Arrived {
		t.Errorf("arrived %v, the last flight is %+v", got, last)
	}
}
