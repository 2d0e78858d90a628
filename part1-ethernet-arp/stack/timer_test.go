package stack

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var fired []time.Duration
		begin := time.Now()
		x := newTimer(&mu, func() { fired = append(fired, time.Since(begin)) })
		do := func(f func()) { mu.Lock(); defer mu.Unlock(); f() }

		do(x.stop) // a timer that never ran can be stopped
		do(func() { x.start(3 * time.Second) })
		do(func() { x.start(1 * time.Second) }) // the last start counts
		time.Sleep(5 * time.Second)
		do(func() { x.start(1 * time.Second) })
		do(x.stop)
		if x.t.Stop() {
			t.Error("the runtime's timer still runs after stop")
		}
		time.Sleep(5 * time.Second)
		do(func() { x.start(1 * time.Second) })
		do(func() { x.start(3 * time.Second) }) // later than the first
		time.Sleep(5 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if len(fired) != 2 || fired[0] != 1*time.Second || fired[1] != 13*time.Second {
			t.Errorf("fired at %v, want 1s and 13s", fired)
		}
	})
}

// A timer that fires while another holds the lock, and is stopped or started
// anew by him, must not act when it gets the lock at last.
func TestTimerLosesTheRace(t *testing.T) {
	for name, change := range map[string]func(*timer){
		"stopped":       func(x *timer) { x.stop() },
		"started anew":  func(x *timer) { x.start(time.Hour) },
		"stopped twice": func(x *timer) { x.stop(); x.stop() },
		"acted already": func(x *timer) { x.due = time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			fired := false
			x := newTimer(&mu, func() { fired = true })
			mu.Lock()
			x.start(time.Hour)
			done := make(chan struct{})
			go func() { x.fire(); close(done) }() // as the runtime would, at its time
			change(x)
			mu.Unlock()
			<-done
			if fired {
				t.Error("it acted")
			}
			mu.Lock()
			x.stop()
			mu.Unlock()
		})
	}
}

func TestTimerCostsNoAllocation(t *testing.T) {
	var mu sync.Mutex
	x := newTimer(&mu, func() {})
	x.start(time.Hour)
	if n := testing.AllocsPerRun(100, func() { x.start(time.Hour) }); n != 0 {
		t.Errorf("%v allocations to start a timer again, want 0", n)
	}
	x.stop()
}
