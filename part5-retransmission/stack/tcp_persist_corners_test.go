package stack

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// What is sent when the window opens has an RTO of its own (RFC 6298 5.1), although the
// timer of the probes was about to expire.
func TestPersistTimerEndsWithWindow(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		r.in(r.ack(r.una(), 0))
		r.write(14600)
		var due time.Duration
		r.locked(func() { due = r.c.timeLeft(timerRetransmit) })
		r.pass(due - 5*time.Millisecond)
		if out := r.in(r.ack(r.una(), 60000)); len(out) == 0 {
			t.Fatal("the window is open, and nothing is sent")
		}
		if out := r.pass(10 * time.Millisecond); len(out) > 0 {
			t.Errorf("10 ms later %d segments are sent again", len(out))
		}
	})
}

// Nor has it to wait for as long as the probes, which had backed off: it is sent again
// after an RTO.
func TestPersistBackoffEndsWithWindow(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS)
		r.in(r.ack(r.una(), 0))
		r.write(1000)
		for range 300 {
			if out := r.pass(time.Second); len(out) > 0 {
				r.in(r.ack(r.una(), 0))
			}
		}
		if out := r.in(r.ack(r.una(), 60000)); len(out) == 0 {
			t.Fatal("the window is open, and nothing is sent")
		}
		if out := r.pass(2 * time.Second); len(out) == 0 {
			t.Error("what was sent into the open window is not sent again within two seconds")
		}
	})
}

// Answers to zero-window probes are no duplicate acknowledgments (RFC 5681 2): many of
// them are no loss.
func TestProbesAreNoLoss(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS)
		r.in(r.ack(r.una(), 0))
		r.write(1000)
		probes := 0
		for range 30 {
			if len(r.pass(time.Second)) > 0 {
				probes++
				r.in(r.ack(r.una(), 0))
			}
		}
		if probes < dupThresh {
			t.Fatalf("%d probes", probes)
		}
		r.locked(func() {
			if cc := &r.c.cc; r.c.recovery.recovering || r.c.recovery.dups > 0 {
				t.Errorf("recovering %v, cwnd %d ssthresh %d dups %d", r.c.recovery.recovering, cc.cwnd, cc.ssthresh, r.c.recovery.dups)
			}
		})
	})
}

// A connection ends while the peer, who does not read, keeps his window closed, and a probe
// of it is on its way or has been refused. The reset has a number that he believes (RFC
// 5961 3.2), or he would keep his end for ever.
func TestResetIntoClosedWindow(t *testing.T) {
	for how, end := range map[string]func(*Conn){
		"Abort":         func(c *Conn) { c.Abort() },
		"linger 0":      func(c *Conn) { c.SetLinger(0); c.Close() },
		"Close, unread": func(c *Conn) { c.Close() },
		"Stack.Close":   func(c *Conn) { c.s.Close() },
	} {
		onPair(t, func(p *pair) {
			ours, peer := p.connect(80)
			go ours.Write(make([]byte, 1<<20))
			time.Sleep(2 * time.Minute) // until he has also taken, byte by byte, what a scaled window cannot say
			if how == "Close, unread" {
				peer.Write([]byte("x"))
				time.Sleep(time.Second)
			}
			p.ours.mu.Lock()
			if ours.snd.wnd > 0 || ours.snd.nxt == ours.snd.una {
				t.Errorf("%s: SND.WND is %d, SND.NXT %d behind SND.UNA: no closed window, no probe", how, ours.snd.wnd, ours.snd.nxt-ours.snd.una)
			}
			p.ours.mu.Unlock()
			end(ours)
			time.Sleep(time.Second)
			p.peer.mu.Lock()
			if peer.state != stateClosed {
				t.Errorf("%s: a second later the peer is in %s", how, peer.state)
			}
			p.peer.mu.Unlock()
		})
	}
	onPair(t, func(p *pair) { // nobody uses it any more: it is reset after a time
		ours, peer := p.connect(80)
		go ours.Write(make([]byte, 300000))
		synctest.Wait()
		ours.Close()
		time.Sleep(2 * closeTimeout)
		for _, c := range []*Conn{ours, peer} {
			c.s.mu.Lock()
			if c.state != stateClosed {
				t.Errorf("%v after Close one end is in %s", 2*closeTimeout, c.state)
			}
			c.s.mu.Unlock()
		}
	})
}

// "As long as the receiving TCP peer continues to send acknowledgments in response to the
// probe segments, the sending TCP peer MUST allow the connection to stay open" (RFC 9293
// 3.8.6.1, MUST-37); but when its user has closed it, the stack may end it (RFC 6429 3),
// or a peer could have it keep what was written for ever.
func TestPersistWithoutUser(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(0, optMSS)
		r.write(1000)
		r.c.Close()
		closed := time.Now()
		for r.state() != stateClosed {
			if len(r.pass(10*time.Second)) > 0 {
				r.in(r.ack(r.una(), 0))
			}
			if since := time.Since(closed); since > closeTimeout+maxRTO {
				t.Fatalf("%v after Close it is in %s", since, r.state())
			}
		}
		r.locked(func() { r.s.checkChunks(t, r.c) })
	})
}

// A window that is closed, and open, and closed again, by ACKs of the same number: what is
// on its way is not sent again for each of them. "The advertised window in the incoming
// acknowledgment equals the advertised window in the last incoming acknowledgment" is part
// of what makes a duplicate acknowledgment (RFC 5681 2).
func TestWindowToAndFro(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		una := r.una()
		r.write(14600)
		r.pass(20 * time.Millisecond)
		sent := 0
		for range 100 {
			sent += len(r.in(r.ack(una, 0)))
			sent += len(r.in(r.ack(una, 60000)))
		}
		if sent > 100 {
			t.Errorf("200 ACKs, %d segments sent again", sent)
		}
	})
}

// What restarts the retransmission timer is an ACK of new data, and nothing else (RFC 6298
// 5.3). A peer whose window opens and closes all the time, and that takes nothing, is asked
// again all the same: whether something is on its way or not, in one batch or in several.
func TestWindowToAndFroForLong(t *testing.T) {
	for name, test := range map[string]struct {
		sent  bool   // before the window closes
		wide  uint16 // the window when it is open
		batch bool
	}{
		"two segments are on their way":         {sent: true, wide: 60000},
		"two are on their way, in one batch":    {sent: true, wide: 60000, batch: true},
		"nothing is, in one batch":              {wide: 60000, batch: true},
		"nothing is, and the window is silly":   {wide: 1},
		"nothing is, and it is silly, in a row": {wide: 1, batch: true},
	} {
		t.Run(name, func(t *testing.T) {
			onRig(t, func(r *rig) {
				r.open(60000, optMSS)
				una := r.una()
				if test.sent {
					r.write(2920)
				} else {
					r.in(r.ack(una, 0))
					r.write(2920)
				}
				sent := 0
				for range 200 {
					if test.batch {
						sent += len(r.in(r.ack(una, test.wide), r.ack(una, 0)))
					} else {
						sent += len(r.in(r.ack(una, 0)))
						sent += len(r.pass(25 * time.Millisecond))
						sent += len(r.in(r.ack(una, test.wide)))
					}
					sent += len(r.pass(25 * time.Millisecond))
				}
				if sent == 0 {
					t.Error("nothing is sent")
				}
			})
		})
	}
}

// A segment that is sent again may be filled up with what came later, but not beyond the
// window (RFC 9293 3.8.6, SHLD-16).
func TestResendWithinWindow(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(2100, optMSS+optSACK)
		una := r.una()
		r.c.SetNoDelay(true)
		r.write(1000)
		r.write(1000)
		r.write(3000) // 100 fit
		edge := una.add(2100)
		watch := func(seq seqNum) {
			again := 0
			for range 40 {
				for _, o := range r.pass(100 * time.Millisecond) {
					if o.seq == seq {
						again++
					}
					if end := o.seq.add(len(o.data)); edge.less(end) {
						t.Fatalf("sent up to %d, the window ends at %d", end-una, edge-una)
					}
				}
			}
			if again == 0 {
				t.Errorf("nothing was sent again from %d on", seq-una)
			}
		}
		watch(una)
		r.in(r.ack(una.add(2000), 100)) // the 100 are the last segment now, and the only one
		watch(una.add(2000))
	})
}

// If a window shrinks, what was sent before is sent again only "between SND.UNA and
// SND.UNA+SND.WND" (RFC 9293 3.8.6, SHLD-16). What is lost beyond waits for the window.
func TestLostBeyondShrunkWindow(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK)
		una := r.una()
		r.write(14600)
		r.pass(20 * time.Millisecond)
		arrived := span{una.add(7 * 1460), una.add(14600)} // the seven before it are lost
		again := func(list []segment) (offsets []int) {
			for _, o := range list {
				if len(o.data) > 0 {
					offsets = append(offsets, int(o.seq-una))
				}
			}
			return offsets
		}
		got := again(append(r.in(r.ack(una, 2*1460, arrived)), r.pass(5*time.Second)...))
		if len(got) < 2 || slices.Max(got) != 1460 {
			t.Errorf("sent again %v, want 0 and 1460", got)
		}
		got = again(append(r.in(r.ack(una.add(2*1460), 60000, arrived)), r.pass(5*time.Second)...))
		if len(got) == 0 || got[0] != 2*1460 {
			t.Errorf("with a wide window sent again %v, want %d first", got, 2*1460)
		}
	})
}
