package stack

import (
	"testing"
	"testing/synctest"
	"time"
)

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
		b.Advance(timeWaitLen)
		b.do(func() {
			if n := len(w.conns) + w.queue.Len(); n != 0 {
				t.Errorf("%d are left", n)
			}
		})
	})
}

// However many connections leave TIME-WAIT at the same moment, a batch of them does so at
// a time, and the rest right behind.
func TestEndTimeWaitsInSlices(t *testing.T) {
	onPair(t, func(p *pair) {
		p.ours.mu.Lock()
		const all = 5*maxBatch + 1
		for port := range uint16(all) {
			c := p.ours.newConn(connKey{remote: peerIP.As4(), remotePort: 2000 + port, localPort: 81})
			c.state = stateFinWait2
			c.enterTimeWait()
		}
		p.ours.tcp.timeWait.timer.stop()
		p.ours.mu.Unlock()
		time.Sleep(timeWaitLen)
		p.ours.mu.Lock()
		p.ours.endTimeWaits()
		if n := len(p.ours.tcp.timeWait.conns); n != all-maxBatch {
			t.Errorf("%d are left after one call, want %d", n, all-maxBatch)
		}
		p.ours.mu.Unlock()
		synctest.Wait()
		time.Sleep(time.Nanosecond)
		p.ours.mu.Lock()
		defer p.ours.mu.Unlock()
		if n := len(p.ours.tcp.timeWait.conns); n != 0 {
			t.Errorf("%d are left", n)
		}
	})
}
