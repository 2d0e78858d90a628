//go:build exercise

package stack

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// The exercises of docs/5-retransmission.md. Each of these tests fails until its exercise is done:
//
//	go test -tags exercise -run TestExercise1 ./part5-retransmission/...

// Exercise 1: Status, and with it the page http://10.0.0.4/, tells what we think of the
// network: SRTT, RTO, cwnd and ssthresh.
func TestExercise1Status(t *testing.T) {
	onConnDirect(t, func(r *connDirect) {
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
	onConnDirect(t, func(r *connDirect) {
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
	onConnDirect(t, func(r *connDirect) {
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

// Exercise 4: the congestion control "vegas" keeps between two and four segments in the queue of
// the bottleneck, and so the round trip short, where others fill the queue until it overflows.
func TestExercise4Vegas(t *testing.T) {
	defer func() {
		if r := recover(); r != nil {
			t.Fatal(r)
		}
	}()
	controlNamed("vegas")
	const rate, delay, size = 10_000_000, 20 * time.Millisecond, 10 << 20
	cable := wire.Faults{Rate: rate, Delay: delay, Queue: 300}
	synctest.Test(t, func(t *testing.T) {
		seg, cfg := wire.New(2), quietConfig()
		cfg.CongestionControl = "vegas"
		p := newPair(t, seg, New(wire.Impair(seg.End(0), cable), cfg), New(seg.End(1), peerConfig()))
		defer p.Close()
		ours, peer := p.connect(8000)
		start := time.Now()
		got := make(chan error, 2)
		go func() { got <- suite.SendStream(ours, 1, size) }()
		go func() { got <- suite.ReceiveStream(peer, 1, size, func() {}) }()
		time.Sleep(4 * time.Second)
		p.ours.mu.Lock()
		srtt, base := ours.rto.srtt, ours.rto.minRTT.rtt
		p.ours.mu.Unlock()
		if segment := time.Second * 1514 * 8 / rate; srtt > base+8*segment {
			t.Errorf("after 4 s a round trip takes %v, want no more than 8 segments' %v above the shortest, %v", srtt, segment, base)
		}
		for range 2 {
			if err := <-got; err != nil {
				t.Fatal(err)
			}
		}
		if took, best := time.Since(start), time.Second*size*8/rate; took > best*5/4 {
			t.Errorf("%d bytes took %v, want %v at most", size, took, best*5/4)
		}
	})
}
