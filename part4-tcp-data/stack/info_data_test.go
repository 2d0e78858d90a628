package stack

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
)

// What is in the buffers, which timers run, and how long they will.
func TestInfoData(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, peer := p.connect(4000)
		var fired suite.Events
		p.ours.Observe(func(e Event) {
			if timer, ok := e.(TimerFired); ok {
				fired.Add(timer.Timer)
			}
		})
		peer.Write([]byte("unread"))
		ours.SetReadDeadline(time.Now().Add(time.Minute))
		time.Sleep(time.Millisecond)
		info := ours.Info()
		if info.Rcv.User != 6 || info.Rcv.Buff != minBuffer || info.Rcv.WND != minBuffer-6 || info.Rcv.NXT != info.Rcv.IRS+7 {
			t.Errorf("RCV is %+v", info.Rcv)
		}
		names := []string{}
		for _, timer := range info.Timers {
			names = append(names, timer.Name)
			if limit := map[string]time.Duration{"delayed ACK": ackDelay, "read deadline": time.Minute}[timer.Name]; timer.Left <= limit-2*time.Millisecond || timer.Left > limit {
				t.Errorf("%s has %v left of %v", timer.Name, timer.Left, limit)
			}
		}
		if want := []string{"delayed ACK", "read deadline"}; !slices.Equal(names, want) {
			t.Errorf("timers %q, want %q", names, want)
		}
		time.Sleep(2 * ackDelay)
		if got, want := fired.Take(), []string{"delayed ACK"}; !slices.Equal(got, want) {
			t.Errorf("%q fired, want %q", got, want)
		}
		peer.Close()
		ours.Write([]byte("nobody takes that"))
		synctest.Wait()
		if snd := ours.Info().Snd; snd.Queued != 17 || snd.NXT != snd.UNA+17 || snd.EffMSS > 1460 || snd.EffMSS < 1400 || snd.Buffer < minBuffer {
			t.Errorf("SND is %+v", snd)
		}
	})
}

// A connection in TIME-WAIT is still one, and its end is an event.
func TestInfoTimeWait(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, peer := p.connect(4000)
		var events suite.Events
		p.ours.Observe(func(e Event) { events.Add(e.String()) })
		ours.Close()
		synctest.Wait()
		peer.Close()
		time.Sleep(time.Second)
		all := p.ours.Info().Connections
		if len(all) != 1 || all[0].State != "TIME-WAIT" || all[0].Remote.Addr() != peerIP || len(all[0].Timers) != 1 {
			t.Fatalf("%+v", all)
		}
		if left := all[0].Timers[0].Left; left > timeWaitLen-time.Second+10*time.Millisecond || left < timeWaitLen-2*time.Second {
			t.Errorf("%v left of TIME-WAIT", left)
		}
		time.Sleep(timeWaitLen)
		seen := events.Take()
		last := seen[len(seen)-1]
		if n := len(p.ours.Info().Connections); n != 0 || !strings.HasSuffix(last, ": TIME-WAIT -> CLOSED") {
			t.Errorf("%d connections, the last event is %s", n, last)
		}
	})
}
