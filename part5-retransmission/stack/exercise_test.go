//go:build exercise

package stack

import (
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The exercises of docs/5-retransmission.md. Each of these tests fails until its exercise is done:
//
//	go test -tags exercise -run TestExercise1 ./part5-retransmission/...

// Exercise 1: Status, and with it the page http://10.0.0.4/, tells what we think of the
// network: SRTT, RTO, cwnd and ssthresh.
func TestExercise1Status(t *testing.T) {
	onRig(t, func(r *rig) {
		c := r.open(60000, optMSS)
		check := func(when string) {
			t.Helper()
			said := map[string]string{}
			for line := range strings.Lines(c.Status()) {
				if f := strings.Fields(line); len(f) > 1 {
					said[f[0]] = f[1]
				}
			}
			var srtt, rto time.Duration
			var cwnd, ssthresh int
			r.locked(func() { srtt, rto, cwnd, ssthresh = c.rto.srtt, c.rto.timeout(), c.cc.cwnd, c.cc.ssthresh })
			for name, want := range map[string]time.Duration{"SRTT": srtt, "RTO": rto} {
				if got, err := time.ParseDuration(said[name]); err != nil || (got-want).Abs() > time.Millisecond {
					t.Errorf("%s: %s is %q, want %v", when, name, said[name], want)
				}
			}
			for name, want := range map[string]int{"cwnd": cwnd, "ssthresh": ssthresh} {
				if said[name] != strconv.Itoa(want) {
					t.Errorf("%s: %s is %q, want %d", when, name, said[name], want)
				}
			}
		}
		check("the connection is open")
		for range 2 {
			go c.Write(pattern(20 * 1460))
			r.pass(150 * time.Millisecond)
			r.in(r.ack(r.nxt(), 60000))
		}
		check("the round trips have become longer")
		r.pass(400 * time.Millisecond)
		check("the timer has expired")
	})
}

// Exercise 2: a router that drops what is too large for the next link without saying so, a
// black hole (RFC 2923 2.1), lets small segments through and no large one, however often we
// send it. When a segment of more than 1200 bytes was sent again five times in vain, it goes
// again in smaller pieces.
func TestExercise2BlackHole(t *testing.T) {
	onRig(t, func(r *rig) {
		r.open(60000, optMSS)
		sent := r.write(1460)
		if len(sent) != 1 || len(sent[0].data) != 1460 {
			t.Fatalf("sent %v", sent)
		}
		sent = append(r.pass(900*time.Millisecond), r.pass(time.Minute)...)
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

// Exercise 4: Config.Reno has the stack do as TCP did before CUBIC (RFC 5681 3.1): a loss
// leaves half of the window, and above ssthresh it grows by one segment in each round trip.
func TestExercise4Reno(t *testing.T) {
	cfg := quietConfig()
	on := reflect.ValueOf(&cfg).Elem().FieldByName("Reno")
	if !on.IsValid() || on.Kind() != reflect.Bool {
		t.Fatal("Config has no field Reno, of type bool, beside NoSACK")
	}
	on.SetBool(true)
	onReno := func(f func(r *rig)) {
		onRig(t, func(r *rig) {
			r.replug(cfg)
			defer r.s.Close()
			f(r)
		})
	}
	wantHalf := func(r *rig, of int, what string) {
		t.Helper()
		r.locked(func() {
			if half := r.c.cc.ssthresh; half < of/2-1460 || half > of/2+1460 {
				t.Errorf("%s, with a window of %d bytes: it leaves %d, want half of it", what, of, half)
			}
		})
	}
	onReno(func(r *rig) {
		c := r.open(65535, optMSS+optWS7)
		go c.Write(pattern(4 << 20))
		cwnd := func() (n int) {
			r.locked(func() { n = c.cc.cwnd })
			return n
		}
		roundTrip := func() {
			from := r.una()
			r.pass(100 * time.Millisecond)
			for ack, end := from.add(2920), r.nxt(); ack.leq(end); ack = ack.add(2920) {
				r.in(r.ack(ack, 65535))
			}
		}
		for range 3 {
			roundTrip()
		}
		r.pass(100 * time.Millisecond)
		before := cwnd()
		r.in(r.ack(r.una(), 65535), r.ack(r.una(), 65535), r.ack(r.una(), 65535))
		wantHalf(r, before, "three duplicate ACKs")
		for range 4 { // the recovery, and until the window is full again
			roundTrip()
		}
		before = cwnd()
		const rounds = 8
		for range rounds {
			roundTrip()
		}
		if grown := cwnd() - before; grown < (rounds-1)*1460 || grown > (rounds+2)*1460 { // a round here is a little more than a window
			t.Errorf("in %d round trips the window has grown by %d bytes, want %d segments of 1460 bytes", rounds, grown, rounds)
		}
	})
	const window = 10 * 1460
	onReno(func(r *rig) {
		r.open(65535, optMSS)
		r.write(window)
		r.pass(400 * time.Millisecond)
		wantHalf(r, window, "the timer has expired")
	})
	onReno(func(r *rig) {
		r.open(65535, optMSS+optSACK)
		sent := len(r.write(window))
		for range 100 {
			if sent > 10 {
				break
			}
			sent += len(r.pass(time.Millisecond))
		}
		r.in(r.ack(r.nxt(), 65535))
		wantHalf(r, window, "a tail loss probe has repaired a loss")
	})
}

// replug has the rig's stack made anew.
func (r *rig) replug(cfg Config) {
	r.s.Close()
	r.s = New(r, cfg)
	r.l, _ = r.s.Listen(80)
	r.locked(func() { r.s.receiveFrame(request(peerMAC, peerIP, ourIP)) })
	r.pass(time.Millisecond)
}
