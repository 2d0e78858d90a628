package stack

import (
	"context"
	"io"
	"net/netip"
	"testing"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// The same transfer with SACK and without, with one segment lost in it and with three of
// one window.
func init() {
	for name, lost := range map[string][]int{"one-loss": {20}, "three-losses": {20, 24, 28}} {
		for ending, plain := range map[string]bool{"-sack": false, "-plain": true} {
			recordings[name+ending] = func(t *testing.T) *suite.Recording { return recordLosses(t, plain, lost) }
		}
	}
}

// recordLosses records a transfer of 100 segments on a path of 8 Mbit/s with a round trip
// of 100 ms.
func recordLosses(t *testing.T, plain bool, lost []int) *suite.Recording {
	faults := wire.Faults{Delay: 50 * time.Millisecond, Rate: 8e6, DropOut: dropFull(lost)}
	from, to, r := recordPair(t, faults, func(s *Stack) { s.tcp.noSACK = plain })
	defer to.s.Close()
	defer from.s.Close()
	from.SetNoDelay(true) // the last segment need not wait for the others
	transferred(t, from, to, 140_000)
	time.Sleep(200 * time.Millisecond)
	if n := r.Rows("lost"); n != len(lost) {
		t.Errorf("%d segments were lost, want %d", n, len(lost))
	}
	if n := r.Rows("sack"); n == 0 != plain {
		t.Errorf("%d SACK blocks, without SACK: %v", n, plain)
	}
	return r
}

// dropFull loses full frames by their numbers, counted from 1 and in order.
func dropFull(numbers []int) func(frame []byte) bool {
	count := 0
	return func(frame []byte) bool {
		if len(frame) == etherHeaderLen+1500 {
			count++
		}
		if len(numbers) == 0 || count < numbers[0] || len(frame) < etherHeaderLen+1500 {
			return false
		}
		numbers = numbers[1:]
		return true
	}
}

// transferred writes n bytes and waits until the receiver has read them all.
func transferred(t *testing.T, from, to *Conn, n int) {
	go func() {
		if _, err := from.Write(pattern(n)); err != nil {
			t.Error(err)
		}
	}()
	if _, err := io.ReadFull(to, make([]byte, n)); err != nil {
		t.Error(err)
	}
}

// slowPath is a cable that takes as long as it says, in the direction of Write.
type slowPath struct {
	wire.Device
	takes func() time.Duration
}

func (p slowPath) Write(frame []byte) (int, error) {
	b := append([]byte(nil), frame...)
	time.AfterFunc(p.takes(), func() { p.Device.Write(b) })
	return len(frame), nil
}

// roundTrip is how long a path takes, there and back: 50 ms, with a little variation; 400 ms
// from the 6th second on; and 50 to 200 ms from the 13th.
func roundTrip(at time.Duration) time.Duration {
	saw := at / (100 * time.Millisecond) % 5 // 0 to 4
	switch {
	case at < 6*time.Second:
		return 50*time.Millisecond + saw*time.Millisecond
	case at < 13*time.Second:
		return 400*time.Millisecond + saw*time.Millisecond
	}
	return 50*time.Millisecond + saw*saw*10*time.Millisecond
}

// A question and an answer every 200 ms, on a path whose delay changes. The first question
// behind the change is sent again, for nothing: its answer takes longer than the RTO.
//
//	rto     in milliseconds, when one of them changes: the sample R', which follows from
//	        SRTT; SRTT, RTTVAR, and the RTO with the backing off
func init() {
	recordings["rto"] = func(t *testing.T) *suite.Recording {
		start := time.Now()
		defer time.Sleep(time.Second) // whoever writes notices that all is closed
		seg := wire.New(2)
		r := suite.NewRecording(slowPath{seg.End(0), func() time.Duration { return roundTrip(time.Since(start)) }})
		ours, peer := New(r, quietConfig()), New(seg.End(1), peerConfig())
		for _, s := range []*Stack{ours, peer} {
			go s.Run()
			defer s.Close()
		}
		l, err := peer.Listen(7)
		if err != nil {
			t.Fatal(err)
		}
		c, err := ours.DialTCP(context.Background(), netip.AddrPortFrom(peerIP, 7))
		if err != nil {
			t.Fatal(err)
		}
		to, err := l.AcceptTCP()
		if err != nil {
			t.Fatal(err)
		}
		go apps.Echo(to)
		go func() {
			for err := error(nil); err == nil; time.Sleep(200 * time.Millisecond) {
				_, err = c.Write(pattern(10))
			}
		}()
		go apps.Discard(c)
		var last rtoState
		for time.Since(start) < 20*time.Second {
			time.Sleep(time.Millisecond)
			ours.mu.Lock()
			now := c.rto
			ours.mu.Unlock()
			if now.srtt != last.srtt || now.rttvar != last.rttvar || now.backoff != last.backoff {
				millis := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
				sample := last.srtt + 8*(now.srtt-last.srtt) // SRTT <- 7/8 * SRTT + 1/8 * R'
				if last.srtt == 0 {
					sample = now.srtt
				}
				r.Row("rto", millis(sample), millis(now.srtt), millis(now.rttvar), millis(now.timeout()))
			}
			last = now
		}
		if r.Rows("rto") < 50 {
			t.Errorf("there were %d samples, want one for each question", r.Rows("rto"))
		}
		return r
	}
}

// A minute of sending on a path of 20 Mbit/s with a round trip of 80 ms. The queue in front of it
// overflows now and then; in the second half, the path is dead for a second.
//
//	cwnd    CWND, ssthresh (0: there is none yet), what is going on: slow start, avoidance,
//	        recovery, timeout
func init() {
	recordings["cwnd"] = func(t *testing.T) *suite.Recording {
		start := time.Now()
		dead := func(at time.Duration) bool { return at > 41*time.Second && at < 42*time.Second }
		faults := wire.Faults{Delay: 40 * time.Millisecond, Rate: 20e6, Queue: 80, DropOut: func([]byte) bool { return dead(time.Since(start)) }}
		from, to, r := recordPair(t, faults, func(*Stack) {})
		defer to.s.Close()
		defer from.s.Close()
		go apps.Chargen(from)
		go apps.Discard(to)
		seen := map[string]bool{}
		for last, now := 0, ""; time.Since(start) < time.Minute; time.Sleep(20 * time.Millisecond) {
			cwnd, ssthresh, what := from.congestionNow()
			if cwnd != last || what != now {
				r.Row("cwnd", cwnd, ssthresh, what)
			}
			last, now, seen[what] = cwnd, what, true
		}
		if len(seen) < 3 {
			t.Errorf("there were %v", seen)
		}
		return r
	}
}

// congestionNow returns the window and what it is doing.
func (c *Conn) congestionNow() (cwnd, ssthresh int, what string) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	switch cc := &c.cc; {
	case c.recovery.recovering && c.recovery.timedOut:
		what = "timeout"
	case c.recovery.recovering:
		what = "recovery"
	case cc.cwnd < cc.ssthresh:
		what = "slow start"
	default:
		what = "avoidance"
	}
	if ssthresh = c.cc.ssthresh; ssthresh == 1<<30 {
		ssthresh = 0
	}
	return c.cc.cwnd, ssthresh, what
}
