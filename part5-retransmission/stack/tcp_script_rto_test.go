package stack

import (
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
