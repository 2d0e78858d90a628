package stack

import (
	"testing"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/wire"
)

// A minute of sending on a path of 20 Mbit/s with a round trip of 80 ms. The queue in front of it
// overflows now and then; in the second half, the path is dead for a second.
//
//	cwnd    CWND, ssthresh (0: there is none yet), what is going on: slow start, avoidance,
//	        recovery, timeout
func init() {
	recordings["cwnd"] = func(t *testing.T) *recording {
		start := time.Now()
		dead := func(at time.Duration) bool { return at > 41*time.Second && at < 42*time.Second }
		faults := wire.Faults{Delay: 40 * time.Millisecond, Rate: 20e6, Queue: 80, DropOut: func([]byte) bool { return dead(time.Since(start)) }}
		from, to, r := recordPair(t, faults, func(*Stack) {})
		defer to.s.Close()
		defer from.s.Close()
		go apps.Chargen(from)
		go apps.Discard(to)
		seen := map[string]bool{}
		for last, now := 0, ""; time.Since(start) < time.Minute; time.Sleep(20 * time.Millisecond) {
			cwnd, ssthresh, what := from.congestionNow()
			if cwnd != last || what != now {
				r.row("cwnd", cwnd, ssthresh, what)
			}
			last, now, seen[what] = cwnd, what, true
		}
		if len(seen) < 3 {
			t.Errorf("there were %v", seen)
		}
		return r
	}
}

// congestionNow returns the window and what it is doing.
func (c *Conn) congestionNow() (cwnd, ssthresh int, what string) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	switch cc := &c.cc; {
	case c.recovery.recovering && c.recovery.timedOut:
		what = "timeout"
	case c.recovery.recovering:
		what = "recovery"
	case cc.cwnd < cc.ssthresh:
		what = "slow start"
	default:
		what = "avoidance"
	}
	if ssthresh = c.cc.ssthresh; ssthresh == 1<<30 {
		ssthresh = 0
	}
	return c.cc.cwnd, ssthresh, what
}

// row writes a row. Columns are numbers or words.
func (r *recording) row(columns ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(columns...)
}
