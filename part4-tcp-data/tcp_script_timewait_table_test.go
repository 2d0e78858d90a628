package main

import "testing"

// The old Conn can be used for as long as the user likes, and has nothing to do with the
// new one.
func TestScriptTimeWaitOldConn(t *testing.T) {
	for what, use := range map[string]func(*Conn){
		"Close": func(c *Conn) { c.Close() },
		"Read":  func(c *Conn) { c.Read(make([]byte, 100)) },
		"Abort": func(c *Conn) { c.Abort() }, // "TIME-WAIT: respond with ok" (3.10.5)
	} {
		t.Run(what, func(t *testing.T) {
			onTCPBench(t, func(b *tcpBench) {
				p := b.newPeer(waiting)
				defer p.Close()
				old := b.kept()
				p.Play(`
					+0 forget
					+0 < S 13:13(0) win 1000 <mss 1460>
					+0 > S. 0:0(0) ack 14
					+0 < . 14:14(0) ack 1 win 1000
					+0 do accept`, b.calls())
				use(old)
				p.Play(`
					+0 state ESTABLISHED
					+0 do write 5 = 5
					+0 > P. 1:6(5) ack 14
					+0 < P. 14:24(10) ack 6 win 1000
					+0~+.2 > . 6:6(0) ack 24`, b.calls())
			})
		})
	}
}

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
