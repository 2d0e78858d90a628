package stack

import "testing"

// Proportional rate reduction (RFC 9937 6.2), in numbers: how much may be sent for an ACK.
func TestPRR(t *testing.T) {
	for name, test := range map[string]struct {
		flight, ssthresh   int
		total, before, out int64 // RecoverFS, prr_delivered, prr_out
		delivered          int
		want               int // SndCnt
	}{
		"seven for ten":            {flight: 9000, ssthresh: 7000, total: 10000, before: 9000, out: 6000, delivered: 1000, want: 1000},
		"rounded up":               {flight: 9000, ssthresh: 7000, total: 10001, before: 2000, out: 1000, delivered: 1000, want: 1100},
		"not more":                 {flight: 9000, ssthresh: 7000, total: 10000, before: 1000, out: 2000, delivered: 1000, want: 0},
		"the fast retransmit":      {flight: 9000, ssthresh: 7000, total: 10000, delivered: 1000, want: 1460},
		"below ssthresh: one more": {flight: 3000, ssthresh: 7000, total: 10000, before: 5000, out: 5000, delivered: 1000, want: 2460},
		"what was not used":        {flight: 3000, ssthresh: 7000, total: 10000, before: 5000, out: 4000, delivered: 500, want: 2960},
		"up to ssthresh":           {flight: 6900, ssthresh: 7000, total: 10000, before: 5000, out: 5000, delivered: 1000, want: 100},
		"nothing has arrived":      {flight: 3000, ssthresh: 7000, total: 10000, before: 5000, out: 5000, want: 1460},
		"more than 32 bits":        {flight: 7 << 20, ssthresh: 5 << 20, total: 8 << 20, before: 1<<20 - 4, out: 1, delivered: 4, want: 5<<17 - 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := newSteadyOptions(t)
			d.s.mu.Lock()
			defer d.s.mu.Unlock()
			c := d.c
			c.ts.on, c.sentSegments.flight = false, test.flight
			c.recovery.recovering, c.cc.ssthresh = true, test.ssthresh
			c.recovery.prrFlight, c.recovery.prrDelivered, c.recovery.prrOut = test.total, test.before, test.out
			c.prr(test.delivered)
			if got := c.cc.cwnd - test.flight; got != test.want {
				t.Errorf("%d bytes may be sent, want %d", got, test.want)
			}
			c.sentSegments.flight = 0
		})
	}
}
