//go:build exercise

package main

import (
	"fmt"
	"io"
	"reflect"
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

// Exercise 4: the flag -reno has the stack do as TCP did before CUBIC (RFC 5681 3.1): a loss
// leaves half of the window, and above ssthresh it grows by one segment in each round trip.
func TestExercise4Reno(t *testing.T) {
	if _, err := parseOptions("part5", []string{"-reno"}, io.Discard); err != nil {
		t.Fatalf("there is no flag -reno: %v", err)
	}
	onRig(t, func(r *rig) {
		field := reflect.ValueOf(&r.s.tcp).Elem().FieldByName("reno")
		if !field.IsValid() || field.Kind() != reflect.Bool {
			t.Fatal("tcpTable has no field reno, of type bool, beside plain")
		}
		*(*bool)(field.Addr().UnsafePointer()) = true
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
		r.locked(func() {
			if half := c.cc.ssthresh; half < before/2-1460 || half > before/2+1460 {
				t.Errorf("with a window of %d bytes a loss leaves %d, want half of it", before, half)
			}
		})
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
}
