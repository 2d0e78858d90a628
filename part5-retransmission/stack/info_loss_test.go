package stack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// lossEvents collects the events of a stack that have to do with losses.
func lossEvents(s *Stack) *suite.Events {
	all := new(suite.Events)
	s.Observe(func(e Event) {
		switch e := e.(type) {
		case SegmentLost:
			all.Add(fmt.Sprintf("lost %d+%d: %s", e.Seq, e.Length, e.Why))
		case Retransmitted:
			all.Add(fmt.Sprintf("again %d+%d: %s", e.Seq, e.Length, e.Why))
		case RecoveryStarted:
			all.Add(fmt.Sprintf("recovery from %d", e.Seq))
		case RecoveryEnded:
			all.Add("recovered")
		case RetransmissionTimeout:
			all.Add(fmt.Sprintf("timeout at %d after %v", e.Seq, e.Waited))
		case TailLossProbe:
			all.Add("probe")
		}
	})
	return all
}

func wantEvents(t *testing.T, events *suite.Events, want ...string) {
	t.Helper()
	if got := events.Take(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What is lost, why we think so, what goes again and why, and when it is over. The peer has no SACK:
// three duplicate acknowledgments (RFC 5681 3.2), a partial one (RFC 6582 3.2), and a timeout (RFC 6298
// 5.4).
func TestEventsLoss(t *testing.T) {
	onConnDirect(t, func(r *connDirect) {
		c := r.open(60000, optMSS)
		events := lossEvents(r.s)
		c.Write(pattern(6 * 1460))
		first := r.nxt() - 6*1460
		for range 3 {
			r.in(r.ack(first, 60000))
		}
		wantEvents(t, events, "lost 1+1460: three duplicate ACKs", "recovery from 1", "again 1+1460: lost")
		info := c.Info()
		if rec := info.Recovery; !rec.Recovering || rec.TimedOut || rec.SACK || rec.DupACKs != 3 || rec.Recover != uint32(c.snd.iss)+1+6*1460 {
			t.Errorf("recovery %+v", rec)
		}
		if cc := info.Congestion; cc.SSThresh >= 10*1460 || cc.CWND < 2*1460 {
			t.Errorf("congestion %+v", cc)
		}
		r.in(r.ack(first+2*1460, 60000))
		wantEvents(t, events, "lost 2921+1460: partial ACK", "again 2921+1460: lost")
		r.in(r.ack(first+6*1460, 60000))
		wantEvents(t, events, "recovered")
		c.Write(pattern(1460))
		rto := c.Info().RTO.RTO
		r.pass(rto + time.Millisecond)
		wantEvents(t, events, fmt.Sprintf("timeout at 8761 after %v", rto), "again 8761+1460: timeout")
		info = c.Info()
		if r := info.RTO; r.Backoff != 1 || r.RTO != 2*rto || r.SRTT == 0 || r.RTTVAR == 0 || r.MinRTT == 0 {
			t.Errorf("RTO %+v", r)
		}
		if rec := info.Recovery; !rec.Recovering || !rec.TimedOut || info.Congestion.CWND != 1460 {
			t.Errorf("recovery %+v, congestion %+v", rec, info.Congestion)
		}
		names := []string{}
		for _, timer := range info.Timers {
			names = append(names, timer.Name)
		}
		if want := []string{"retransmission"}; !slices.Equal(names, want) {
			t.Errorf("timers %q, want %q", names, want)
		}
		text, err := json.Marshal(info)
		for _, want := range []string{`"congestion":{"cwnd":1460,"ssthresh":`, `"rto":{"srtt_ns":`, `"recovery":{"sack":false,"recovering":true,"timed_out":true,`, `"out_of_order":[]`} {
			if err != nil || !strings.Contains(string(text), want) {
				t.Errorf("no %s in\n%s, %v", want, text, err)
			}
		}
	})
}
