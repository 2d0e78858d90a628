package stack

import (
	"testing"
	"time"
)

// A peer answers as many keep-alives as it is asked, and a connection whose peer answers
// stays (RFC 9293 3.8.4), although challenge ACKs are limited (RFC 5961 7).
func TestKeepAliveOften(t *testing.T) {
	for _, d := range []time.Duration{50 * time.Millisecond, 200 * time.Millisecond, 499 * time.Millisecond} {
		onPair(t, func(p *pair) {
			ours, _ := p.connect(80)
			ours.SetKeepAlivePeriod(d)
			time.Sleep(time.Hour)
			p.ours.mu.Lock()
			defer p.ours.mu.Unlock()
			if ours.state != stateEstablished {
				t.Errorf("asked every %v: %s: %v", d, ours.state, ours.err)
			}
		})
	}
}
