package main

import (
	"strings"
	"testing"
	"time"
)

// Keep-alives (RFC 9293 3.8.4).
func TestScriptKeepAlive(t *testing.T) {
	const probe = " > . 0:0(0) ack 1\n" // "SEG.SEQ = SND.NXT-1", no data (SHLD-12)
	playAllLoss(t, map[string]string{
		"off, unless somebody wants it (MUST-25)": accepted + `
			+864000 > nothing
			+0 state ESTABLISHED`,
		"two hours, nine probes of 75 s, the end (MUST-28, MUST-29)": accepted + `
			+0 do! read 10
			+0 do keepaliveon
			+7200` + probe + strings.Repeat("+75"+probe, 8) + `
			+75 > R 1:1(0)
			+0 done read = ETIMEDOUT
			+0 state LISTEN`,
		"SetKeepAlivePeriod (MUST-27)": accepted + `
			+0 do keepalive 10m
			+600` + probe + `
			+75` + probe,
		"an answer: the time begins again": accepted + `
			+0 do keepalive 10m
			+600` + probe + strings.Repeat("+75"+probe, 8) + `
			+1 < . 1:1(0) ack 1 win 1000
			+600` + probe + strings.Repeat("+75"+probe, 8) + `
			+74 < . 1:1(0) ack 1 win 1000
			+600` + probe + `
			+0 state ESTABLISHED`,
		"but not what a stranger may have sent": accepted + `
			+0 do keepalive 10m
			+300 < R 1000000000:1000000000(0)
			+0 < S 1000000000:1000000000(0) win 1000
			+0 > . 1:1(0) ack 1
			+0 < . 1000000000:1000000000(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < . 1:1(0) ack 1000000000 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. -1000000000:-999999990(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < F 1:1(0) win 1000
			+300` + probe,
		"any segment is an answer": accepted + `
			+0 do keepalive 10m
			+500 < P. 1:11(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 11
			+599 > nothing
			+0~+1 > . 0:0(0) ack 11`,
		"a RST, too: the peer does not know us any more": accepted + `
			+0 do! read 10
			+0 do keepalive 10m
			+600` + probe + `
			+0 < R 1:1(0)
			+0 done read = ECONNRESET`,
		// "Keep-alive packets MUST only be sent when no sent data is outstanding" (MUST-26).
		"not while something is on its way": opened("<mss 1460>", 1000) + `
			+0 do keepalive 1s
			+0 do write 10 = 10
			+0   > P. 1:11(10) ack 1
			+.2  > P. 1:11(10) ack 1
			+.4  > P. 1:11(10) ack 1
			+.8  > P. 1:11(10) ack 1
			+1.6 > P. 1:11(10) ack 1
			+3.2 > P. 1:11(10) ack 1
			+.1  < . 1:1(0) ack 11 win 1000
			+.9~+1.1 > . 10:10(0) ack 1`,
		"on and off": accepted + `
			+0 do keepalive 10m
			+500 do keepalive 0s
			+7200 > nothing
			+0 do keepalive 1m
			+60` + probe + `
			+1 do keepalive 0s
			+7200 > nothing`,
		"after our FIN it can be asked, too": accepted + `
			+0 do keepalive 10m
			+0 do closewrite
			+0 > F. 1:1(0) ack 1
			+0 < . 1:1(0) ack 2 win 1000
			+600 > . 1:1(0) ack 1
			+1 < . 1:1(0) ack 2 win 1000
			+600 > . 1:1(0) ack 1`,
		"with timestamps": openedTS + `
			+0 do keepalive 10m
			+600 > . 0:0(0) ack 1 <nop,nop,TS val a+600000 ecr 1000>
			+0 < . 1:1(0) ack 1 win 1000 <nop,nop,TS val 601000 ecr a+600000>
			+599 > nothing`,
	})
}

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
