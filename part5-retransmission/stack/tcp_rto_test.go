package stack

import (
	"net/netip"
	"testing"
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

// A timestamp counts milliseconds: one that comes back in the same millisecond does not
// say that the round trip takes no time at all. The shortest round trip, by which RACK
// waits (RFC 8985 6.2), is measured by segments that were sent once.
func TestMinRTTIsNoTimestamp(t *testing.T) {
	onConnDirect(t, func(r *connDirect) {
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

// A SYN that is sent again fails at once, for there is no room for a question to ARP. The
// connection ends, and no timer is left.
func TestSYNFailsAgain(t *testing.T) {
	onConnDirect(t, func(r *connDirect) {
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
			onConnDirect(t, func(r *connDirect) {
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
