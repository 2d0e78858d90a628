package stack

import (
	"sync"
	"time"
)

// timer calls a function once, under the stack's lock, when its time has come. It can be
// started and stopped any number of times.
type timer struct {
	mu *sync.Mutex // the stack's lock
	f  func()
	t  *time.Timer

	due  time.Time // zero while the timer does not run
	wake time.Time // when t calls fire; zero while it does not run
}

// newTimer returns a stopped timer for f, which will be called with mu held.
func newTimer(mu *sync.Mutex, f func()) *timer { return &timer{mu: mu, f: f} }

// start lets the timer fire d from now. If it was running, it starts anew. Most timers
// are put off again and again, and never fire: so the runtime's is left alone if it runs
// and is not too late. When it is too early, fire sets it for the rest.
func (t *timer) start(d time.Duration) {
	t.due = time.Now().Add(d)
	if !t.wake.IsZero() && !t.due.Before(t.wake) {
		return
	}
	t.wake = t.due
	if t.t == nil {
		t.t = time.AfterFunc(d, t.fire)
		return
	}
	t.t.Reset(d)
}

// stop makes sure that the timer does not fire.
func (t *timer) stop() {
	t.due, t.wake = time.Time{}, time.Time{}
	if t.t != nil {
		t.t.Stop()
	}
}

// left returns how long the timer still runs; 0 if it does not.
func (t *timer) left() time.Duration {
	if t.due.IsZero() {
		return 0
	}
	return max(0, time.Until(t.due))
}

// fire runs in a goroutine of its own. By the time it has the lock, the timer may have been
// stopped, or started anew: due says which.
func (t *timer) fire() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.due.IsZero() {
		return
	}
	if rest := time.Until(t.due); rest > 0 {
		t.wake = t.due
		t.t.Reset(rest)
		return
	}
	t.due, t.wake = time.Time{}, time.Time{}
	t.f()
}
