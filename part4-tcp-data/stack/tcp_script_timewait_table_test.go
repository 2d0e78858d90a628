package stack

import "testing"

// The table is bounded: when it is full, the oldest ends early.
func TestScriptTimeWaitLimit(t *testing.T) {
	onBench(t, func(b *bench) {
		w := &b.s.tcp.timeWait
		key := func(n int) connKey { return connKey{otherIP.As4(), uint16(n), 80} }
		b.do(func() {
			for n := range maxTimeWait + 2 {
				c := b.s.newConn(key(n))
				c.state = stateFinWait2
				c.enterTimeWait()
			}
			if len(w.conns) != maxTimeWait || w.queue.Len() != maxTimeWait {
				t.Errorf("%d in the table, %d in the queue, want %d", len(w.conns), w.queue.Len(), maxTimeWait)
			}
			if w.conns[key(1)] != nil || w.conns[key(2)] == nil || w.conns[key(maxTimeWait+1)] == nil {
				t.Error("it was not the oldest that had to go")
			}
		})
		b.advance(timeWaitLen)
		b.do(func() {
			if n := len(w.conns) + w.queue.Len(); n != 0 {
				t.Errorf("%d are left", n)
			}
		})
	})
}
