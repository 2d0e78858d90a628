package stack

import (
	"math/rand/v2"
	"testing"
	"time"
)

// size is a number of bytes: small and large ones are as likely.
func size(dice *rand.Rand) int { return 1 + dice.IntN(1<<(1+dice.IntN(17))) }

// wantEnded checks that a connection has ended, and that it and its stack have nothing
// left of it.
func (c *Conn) wantEnded(t *testing.T) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	tw := &s.tcp.timeWait
	if n := len(s.tcp.conns) + s.tcp.open.Len() + len(tw.conns) + tw.queue.Len() + len(s.tcp.touched); n > 0 || s.tcp.chunks.used != 0 {
		t.Errorf("%d connections, %d open, %d in TIME-WAIT, %d to be answered, %d chunks are left",
			len(s.tcp.conns), s.tcp.open.Len(), len(tw.conns), len(s.tcp.touched), s.tcp.chunks.used)
	}
	if c.timers.due != [connTimers]time.Duration{} || !c.timers.alarm.due.IsZero() {
		t.Errorf("%v, in %s: timers run: %v", c.key, c.state, c.timers.due)
	}
}
