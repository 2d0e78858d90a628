package stack

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// The RTO, computed by hand from RFC 6298 (2.2) and (2.3):
//
//	RTTVAR <- (1 - beta) * RTTVAR + beta * |SRTT - R'|      beta = 1/4, with the old SRTT
//	SRTT <- (1 - alpha) * SRTT + alpha * R'                 alpha = 1/8
//	RTO <- SRTT + max (G, K*RTTVAR)                         K = 4
func TestRTOSamples(t *testing.T) {
	const ms = time.Millisecond
	type step struct{ r, srtt, rttvar, rto time.Duration }
	us := func(n int) time.Duration { return time.Duration(n) * time.Microsecond }
	for name, steps := range map[string][]step{
		"first R, R/2, then with R'": {
			{100 * ms, 100 * ms, 50 * ms, 300 * ms},
			{200 * ms, us(112500), us(62500), us(362500)}, // 37.5 + 25, 87.5 + 25
			{100 * ms, us(110937), us(50000), us(310937)}, // 46.875 + 3.125, 98.4375 + 12.5
			{1000 * ms, us(222070), us(259765), us(1261132)},
		},
		"shorter, too, is a variation": {
			{800 * ms, 800 * ms, 400 * ms, 2400 * ms},
			{400 * ms, 750 * ms, 400 * ms, 2350 * ms}, // 300 + 100, 700 + 50
		},
		"no variation": {
			{800 * ms, 800 * ms, 400 * ms, 2400 * ms},
			{800 * ms, 800 * ms, 300 * ms, 2000 * ms},
			{800 * ms, 800 * ms, 225 * ms, 1700 * ms},
		},
		"no less than minRTO (2.4)":    {{ms, ms, ms / 2, 200 * ms}},
		"no more than 60 s (2.5)":      {{30 * time.Second, 30 * time.Second, 15 * time.Second, 60 * time.Second}},
		"and nothing above that (2.5)": {{100 * time.Second, 100 * time.Second, 50 * time.Second, 60 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			r := rtoState{rto: initialRTO}
			for i, s := range steps {
				r.backoff = 3
				r.sample(s.r)
				got := step{s.r, r.srtt.Truncate(time.Microsecond), r.rttvar.Truncate(time.Microsecond), r.rto.Truncate(time.Microsecond)}
				if got != s || r.backoff != 0 {
					t.Errorf("sample %d: R' %v, SRTT %v, RTTVAR %v, RTO %v, want %v; back-off %d", i, got.r, got.srtt, got.rttvar, got.rto, s, r.backoff)
				}
			}
		})
	}
}

// RTTVAR gets smaller and smaller if nothing varies, but the clock has a granularity
// (2.3): RTO >= SRTT + G.
func TestRTOGranularity(t *testing.T) {
	var r rtoState
	for range 100 {
		r.sample(500 * time.Millisecond)
	}
	if want := 500*time.Millisecond + clockGranularity; r.rto != want {
		t.Errorf("RTO is %v, want %v", r.rto, want)
	}
}

// "The host MUST set RTO <- RTO * 2 ('back off the timer'). The maximum value discussed in
// (2.5) above may be used to provide an upper bound to this doubling operation" (5.5).
func TestRTOBackoff(t *testing.T) {
	for _, first := range []time.Duration{minRTO, 300 * time.Millisecond, initialRTO, handshakeRTO, 50 * time.Second, maxRTO} {
		r, want := rtoState{rto: first}, first
		for r.backoff = range 100 {
			if r.timeout() != want {
				t.Errorf("RTO %v, %d times backed off: %v, want %v", first, r.backoff, r.timeout(), want)
			}
			want = min(2*want, 60*time.Second)
		}
	}
}

// The shortest round trip is that of the last ten to twenty seconds, and none from before a
// pause: "a windowed min-filtered estimate of recent RTT measurements that can adapt when
// migrating to significantly longer paths" (RFC 8985 6.2 step 1).
func TestMinRTTAges(t *testing.T) {
	const ms, pause = time.Millisecond, 200 * time.Millisecond
	var m minRTT
	now := time.Hour
	feed := func(rtt, d time.Duration) {
		for end := now + d; now < end; now += 10 * ms {
			m.add(rtt, now, pause)
		}
	}
	if m.near() {
		t.Error("a path of which nothing is known is near")
	}
	feed(ms, time.Second)
	feed(100*ms, minRTTLife/2) // a queue
	if m.rtt != ms || !m.near() {
		t.Errorf("five seconds later it is %v", m.rtt)
	}
	feed(100*ms, 2*minRTTLife)
	if m.rtt != 100*ms || m.near() {
		t.Errorf("on a path of 100 ms it is %v for ever", m.rtt)
	}
	feed(50*ms, 20*ms)
	if m.rtt != 50*ms {
		t.Errorf("one of 50 ms leaves it at %v", m.rtt)
	}
	now += time.Hour
	if feed(100*ms, 20*ms); m.rtt != 100*ms {
		t.Errorf("an hour later it is still %v", m.rtt)
	}
}

// A peer that echoes a timestamp which we have not sent yet says nothing of the round
// trip: it has not taken 49 days.
func TestRTOEchoFromTheFuture(t *testing.T) {
	d := newSteadyOptions(t)
	d.c.Write(d.text)
	d.c.sentSegments.live()[0].resent = true
	d.stamp(d.ack)
	at(d.ack, 28, seqNum(d.c.ts.value(d.s.clock()))+5)
	d.receive(d.ack)
	if srtt := d.c.rto.srtt; srtt > time.Second || d.c.snd.una != d.c.snd.nxt {
		t.Errorf("SRTT is %v", srtt)
	}
}

// Nor does one that echoes a timestamp from before the connection began: whatever we
// believe of the round trip, a connection that its user has closed ends in time.
func TestRTOEchoFromThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newSteadyOptions(t)
		defer d.s.Close()
		d.c.Write(d.text)
		d.c.sentSegments.live()[0].resent = true
		d.stamp(d.ack)
		at(d.ack, 28, seqNum(d.c.ts.value(d.s.clock()))-1e9)
		d.receive(d.ack)
		d.c.Write(make([]byte, 60_000))
		d.c.Close()
		for range 3 {
			d.stamp(d.ack)
			d.receive(d.ack)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if d.c.state != stateClosed {
			t.Errorf("in %s, SRTT is %v, timers run: %v", d.c.state, d.c.rto.srtt, d.c.timers.due)
		}
	})
}

// "A TSecr value received in a segment MAY be used to update the averaged RTT measurement
// only if the segment advances the left edge of the send window" (RFC 7323 4.1). That is
// not enough if the ACK of long ago was lost, and the one that comes now answers a segment
// that the peer has got twice (RFC 2883): it echoes the timestamp of the first time.
func TestDSACKIsNoSample(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK+optTS)
		una := r.una()
		var old uint32
		r.locked(func() { old = r.c.ts.value(r.s.clock()) })
		r.write(100)
		r.pass(20 * time.Second) // it is sent again and again
		ack := r.ack(r.nxt(), 60000, span{una, r.nxt()})
		r.ts = false
		ack.options = r.stampEcho(ack.options, old)
		r.in(ack)
		r.locked(func() {
			if r.c.snd.una != r.c.snd.nxt || r.c.rto.rto > time.Second {
				t.Errorf("RTO %v, %d bytes acknowledged of %d", r.c.rto.rto, r.c.snd.una-una, r.c.snd.nxt-una)
			}
		})
	})
}

// A timestamp counts milliseconds: one that comes back in the same millisecond does not
// say that the round trip takes no time at all. The shortest round trip, by which RACK
// waits (RFC 8985 6.2), is measured by segments that were sent once.
func TestMinRTTIsNoTimestamp(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS+optSACK+optTS)
		r.write(100)
		r.pass(1300 * time.Microsecond)
		r.in(r.ack(r.nxt(), 60000))
		r.write(100)
		r.pass(3 * time.Second) // it is sent again
		for len(r.pass(100*time.Microsecond)) == 0 {
		}
		r.in(r.ack(r.nxt(), 60000)) // at once, in the same millisecond
		r.locked(func() {
			if r.c.rto.minRTT.rtt < time.Microsecond {
				t.Errorf("minRTT %v, srtt %v", r.c.rto.minRTT.rtt, r.c.rto.srtt)
			}
		})
	})
}

// "If a retransmitted packet is identical to the original packet ..., then the same IPv4
// Identification field MAY be used" (RFC 9293 3.8.1, MAY-4). Ours is 0 each time: a datagram
// that must not be cut needs none (RFC 6864 4.1).
func TestRetransmissionIsIdentical(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(accepted)
		defer p.Close()
		b.take()
		b.stream(10)
		p.Sent(300 * time.Millisecond)
		frames := b.take()
		if len(frames) < 2 {
			t.Fatalf("%d frames", len(frames))
		}
		first := frames[0].frame
		if id := first[etherHeaderLen+4:][:2]; !bytes.Equal(id, []byte{0, 0}) {
			t.Errorf("the Identification is % x, want 0", id)
		}
		if !bytes.Equal(first, frames[1].frame) {
			t.Errorf("sent\n% x and then\n% x", first, frames[1].frame)
		}
	})
}

// A SYN that is sent again fails at once, for there is no room for a question to ARP. The
// connection ends, and no timer is left.
func TestSYNFailsAgain(t *testing.T) {
	onRig(t, func(r *rig) {
		r.locked(func() {
			var err error
			if r.c, err = r.s.activeOpen(netip.AddrPortFrom(peerIP, 8000)); err != nil {
				t.Fatal(err)
			}
			r.s.arp.neighbours[peerIP].timer.stop()
			delete(r.s.arp.neighbours, peerIP)
			r.s.arp.asking = arpMaxAsked
		})
		r.pass(1500 * time.Millisecond)
		r.locked(func() {
			r.s.arp.asking = 0
			if r.c.state != stateClosed || r.c.runs(timerRetransmit) {
				t.Errorf("in %s, the retransmission timer runs: %v", r.c.state, r.c.runs(timerRetransmit))
			}
		})
	})
}

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

// A window that the peer takes back although it is in use: "SHOULD NOT time out the
// connection if data beyond the right window edge is not acknowledged" (RFC 9293 3.8.6,
// SHLD-17); and if it is zero, it is probed (MUST-35), as long as there are answers (MUST-37).
// The oldest segment is sent again whole, also beyond the edge (MAY-7).
func TestWindowTakenBackForHours(t *testing.T) {
	for name, left := range map[string]int{"all of it": 0, "half a segment is left": 500, "one segment is left": 1000} {
		t.Run(name, func(t *testing.T) {
			onRig(t, func(r *rig) {
				r.open(5000, optMSS+optSACK)
				una := r.una()
				r.c.SetNoDelay(true)
				for range 5 {
					r.write(1000)
				}
				edge := una.add(left)
				answered, beyond := 0, 0
				for range 3600 * 2 {
					for _, seg := range r.pass(time.Second) {
						if seg.seq.leq(una) && una.less(seg.seq.add(len(seg.data))) {
							una = seg.seq.add(min(len(seg.data), int(edge-seg.seq))) // what is in the window is taken
						}
						if left > 0 && edge.less(seg.seq.add(len(seg.data))) && seg.seq.less(edge) {
							beyond++
						}
						answered++
						r.in(r.ack(una, uint16(edge-una)))
					}
				}
				if r.state() != stateEstablished || una != edge || answered < 100 {
					t.Fatalf("after two hours and %d answers it is in %s; %d bytes of the window are left", answered, r.state(), edge-una)
				}
				if (beyond > 0) != (left == 500) {
					t.Errorf("%d segments went across the edge", beyond)
				}
				r.in(r.ack(una, 5000))
				for range 100 {
					for _, seg := range r.pass(100 * time.Millisecond) {
						una = seg.seq.add(len(seg.data))
					}
					r.in(r.ack(una, 5000))
				}
				if len(r.c.sentSegments.live()) > 0 {
					t.Error("the window is open again, and not everything has arrived")
				}
			})
		})
	}
}
