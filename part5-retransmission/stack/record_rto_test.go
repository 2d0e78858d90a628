package stack

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/wire"
)

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
	recordings["rto"] = func(t *testing.T) *recording {
		start := time.Now()
		defer time.Sleep(time.Second) // whoever writes notices that all is closed
		seg := wire.New(2)
		r := newRecording(slowPath{seg.End(0), func() time.Duration { return roundTrip(time.Since(start)) }})
		ours, peer := New(r, quietConfig()), New(seg.End(1), honestConfig())
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
				r.row("rto", millis(sample), millis(now.srtt), millis(now.rttvar), millis(now.timeout()))
			}
			last = now
		}
		if r.rows("rto") < 50 {
			t.Errorf("there were %d samples, want one for each question", r.rows("rto"))
		}
		return r
	}
}
