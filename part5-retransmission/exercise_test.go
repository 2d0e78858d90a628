//go:build exercise

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Exercise 1: Status, and with it the page http://10.0.0.4/, tells what we think of the
// network: SRTT, RTO, cwnd and ssthresh.
func TestExercise1Status(t *testing.T) {
	onRig(t, func(r *rig) {
		c := r.open(60000, optMSS)
		want := map[string]string{"SRTT": "10ms", "RTO": "200ms", "cwnd": "14600", "ssthresh": fmt.Sprint(1 << 30)}
		for line := range strings.Lines(c.Status()) {
			if f := strings.Fields(line); len(f) > 1 && want[f[0]] == f[1] {
				delete(want, f[0])
			}
		}
		if len(want) > 0 {
			t.Errorf("there are no lines with %v in\n%s", want, c.Status())
		}
	})
}

// Exercise 2: a router that drops what is too large for the next link without saying so, a
// black hole (RFC 2923 2.1), lets small segments through and no large one, however often we
// send it. After five timeouts in a row a segment of more than 1200 bytes is sent again in
// smaller pieces.
func TestExercise2BlackHole(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS)
		sent := r.write(1460)
		if len(sent) != 1 || len(sent[0].data) != 1460 {
			t.Fatalf("sent %v", sent)
		}
		sent = append(r.pass(900*time.Millisecond), r.pass(10*time.Second)...)
		if len(sent) < 3 || len(sent[0].data) != 1460 || len(sent[1].data) != 1460 {
			t.Fatalf("sent %d segments again, and the first two are to be as long as ever", len(sent))
		}
		if longest := len(sent[len(sent)-1].data); longest > 1200 {
			t.Errorf("after %d timeouts the segment still has %d bytes: it is never tried whether less gets through", len(sent), longest)
		}
	})
}

// Exercise 3: the first acknowledgment behind a timeout echoes the timestamp of the first
// copy. So nothing was lost but time: the timeout was false (RFC 3522). What is on its way
// is not sent again, and the windows are what they were before.
func TestExercise3FalseTimeout(t *testing.T) {
	onRig(t, func(r *rig) {
		c := r.open(60000, optMSS+optTS)
		r.write(5 * 1448)
		var echo uint32
		before := 0
		r.locked(func() { echo, before = c.ts.value(r.s.clock()), c.cc.cwnd })
		if again := r.pass(250 * time.Millisecond); len(again) != 1 {
			t.Fatalf("%d segments after the timeout, want 1", len(again))
		}
		first := r.ack(r.una().add(1448), 60000)
		first.options = r.stampEcho(nil, echo)
		r.ts = false // this one has its own
		if again := r.in(first); len(again) != 0 {
			t.Errorf("%d segments are sent again, although none was lost", len(again))
		}
		r.locked(func() {
			if c.cc.cwnd < before {
				t.Errorf("cwnd is %d, and was %d before the timeout", c.cc.cwnd, before)
			}
		})
	})
}

// Exercise 4: round trips get longer before anything is lost, as the queue of the bottleneck
// fills. Slow start ends there, if that is seen (HyStart, RFC 9406 4.2).
func TestExercise4SlowStartEnds(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(65535, optMSS+optWS7)
		go r.c.Write(pattern(4 << 20))
		for round, rtt := range []time.Duration{100, 100, 100, 120, 145, 175} { // milliseconds
			from := r.una()
			r.pass(rtt * time.Millisecond)
			for ack, end := from.add(2920), r.nxt(); ack.leq(end); ack = ack.add(2920) {
				r.in(r.ack(ack, 65535))
			}
			r.locked(func() {
				if cc := r.c.cc; cc.ssthresh == 1<<30 && round == 5 {
					t.Errorf("after round trips of 100, 120 and 145 ms it is still slow start, with %d segments", cc.cwnd/1460)
				} else if cc.ssthresh != 1<<30 && round < 3 {
					t.Errorf("slow start has ended although round trips are as long as ever")
				}
			})
		}
	})
}
