package main

import "testing"

// What a sender does with SACK blocks (RFC 2018 5, RFC 6675). The timeout is 300 ms away.
func TestScriptSACKRecovery(t *testing.T) {
	four := withRTT(sackPeer, 60000, ".1") + `
		+0 do write 4000 = 4000
		` + burst(1, 4001, true)
	ten := opened(sackPeer, 60000) + `
		+0 do write 10000 = 10000
		` + burst(1, 10001, true)
	playAllLoss(t, map[string]string{
		"three behind it": four + `
			+.05 < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:2001>
			+.001 < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:3001>
			+.001 < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:4001>
			+0   > . 1:1001(1000) ack 1
			+.05 < . 1:1(0) ack 4001 win 60000
			+1   > nothing`,
		"three at once, as a block may be lost with its ACK": four + `
			+.05 < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:4001>
			+0   > . 1:1001(1000) ack 1
			+.05 < . 1:1(0) ack 4001 win 60000
			+1   > nothing`,
		"only holes": ten + `
			+.0001 < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:4001>
			+0    > . 1:1001(1000) ack 1
			+.0001 < . 1:1(0) ack 1 win 60000 <nop,nop,sack 5001:7001 1001:4001>
			+.0001 < . 1:1(0) ack 1 win 60000 <nop,nop,sack 8001:10001 5001:7001 1001:4001>
			+0~+.05 > . 4001:5001(1000) ack 1
			+0~+.05 > . 7001:8001(1000) ack 1
			+.0001 < . 1:1(0) ack 10001 win 60000
			+1    > nothing`,
		"the window behind a block: an ACK with another window is as good": four + `
			+.05 < . 1:1(0) ack 1 win 59000 <nop,nop,sack 1001:4001>
			+0   > . 1:1001(1000) ack 1`,
		"what came twice, and then what is missing": withRTT(sackPeer, 60000, ".1") + `
			+0 do write 5000 = 5000
			` + burst(1, 5001, true) + `
			+.05 < . 1:1(0) ack 1001 win 60000 <nop,nop,sack 1:1001 2001:5001>
			+0   > . 1001:2001(1000) ack 1`,
		"blocks with data of the peer's": four + `
			+.05 < P. 1:11(10) ack 1 win 60000 <nop,nop,sack 1001:4001>
			+0   > . 1:1001(1000) ack 11`,
	})
}

// Blocks that nobody who plays by the rules sends are ignored.
func TestScriptSACKNonsense(t *testing.T) {
	const sent = `
		+0 do write 5000 = 5000
		`
	for name, blocks := range map[string]string{
		"beyond SND.NXT":            "1001:5002",
		"far beyond":                "100001:200001",
		"all of it, and more":       "1:5002",
		"reversed":                  "4001:1001",
		"empty":                     "1001:1001",
		"half of the numbers":       "1001:2147483001",
		"old":                       "-1000:-10",
		"old, and half of the rest": "-1000:-10 -2000:-1500",
		"parts of segments":         "1002:2000 2002:3000 3002:4000",
		"their beginnings":          "1001:1500 2001:2999 3001:3999 4001:4999",
		"their ends":                "1002:2001 2500:3001 3999:4001 4500:5001",
	} {
		t.Run(name, func(t *testing.T) {
			playLoss(t, withRTT(sackPeer, 60000, ".1")+sent+burst(1, 5001, true)+`
				+.01 < . 1:1(0) ack 1 win 60000 <nop,nop,sack `+blocks+`>
				+.01 < . 1:1(0) ack 1 win 60000 <nop,nop,sack `+blocks+`>
				+.01 < . 1:1(0) ack 1 win 60000 <nop,nop,sack `+blocks+`>
				+.01 < . 1:1(0) ack 1 win 60000 <nop,nop,sack `+blocks+`>
				+.1 > nothing
				+0  < . 1:1(0) ack 5001 win 60000
				+1  > nothing`)
		})
	}
	t.Run("a list that is cut off", func(t *testing.T) {
		playLoss(t, withRTT(sackPeer, 60000, ".1")+sent+burst(1, 5001, true)+`
			+.01 < . 1:1(0) ack 1 win 60000 <raw 0509100003e91000>
			+.01 < . 1:1(0) ack 1 win 60000 <raw 0502>
			+.01 < . 1:1(0) ack 1 win 60000 <raw 05ff1000>
			+.1 > nothing`)
	})
}

// RACK (RFC 8985): a segment is lost if one that was sent later has arrived, and the
// reordering window is over. As long as nothing was ever reordered that is none behind
// three, and a quarter of the shortest round trip for fewer (6.2).
func TestScriptRACK(t *testing.T) {
	sent := withRTT(sackPeer, 60000, ".1") + `
		+0  do write 2000 = 2000
		` + burst(1, 2001, true) + `
		+.1 < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:2001>
	`
	lost := withRTT(sackPeer, 60000, ".1") + `
		+0   do write 4000 = 4000
		` + burst(1, 4001, true) + `
		+.1  < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:4001>
		+0   > . 1:1001(1000) ack 1
	`
	playAllLoss(t, map[string]string{
		"reordered": sent + `
			+.015 < . 1:1(0) ack 2001 win 60000
			+1    > nothing`,
		"not reordered: sent again after a quarter of a round trip, with one segment behind it": sent + `
			+.015~+.03 > . 1:1001(1000) ack 1
			+.1   < . 1:1(0) ack 2001 win 60000
			+1    > nothing`,
		"the retransmission is lost, too: what was sent after it shows it": lost + `
			+.01  do write 2000 = 2000
			` + burst(4001, 6001, true) + `
			+.1   < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:6001>
			+0~+.03 > . 1:1001(1000) ack 1
			+.05  < . 1:1(0) ack 6001 win 60000
			+1    > nothing`,
		"what was sent before the retransmission says nothing about it": withRTT(sackPeer, 60000, ".1") + `
			+0   do write 5000 = 5000
			` + burst(1, 5001, true) + `
			+.08 < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:4001>
			+0   > . 1:1001(1000) ack 1
			+.02 < . 1:1(0) ack 1 win 60000 <nop,nop,sack 1001:5001>
			+.08 < . 1:1(0) ack 5001 win 60000
			+1   > nothing`,
		// RFC 8985 6.2, step 2: an ACK that comes before the retransmission can have got there
		// is the original's, and says nothing about what was sent between the two.
		"sent again too early": sent + `
			+.01  do write 2000 = 2000
			` + burst(2001, 4001, true) + `
			+0~+.02 > . 1:1001(1000) ack 1
			+.001 < . 1:1(0) ack 2001 win 60000
			+.07  > nothing
			+0    < . 1:1(0) ack 4001 win 60000
			+1    > nothing`,
		"or else the timer does": lost + `
			+.19~+.31 > . 1:1001(1000) ack 1`,
		// RFC 9937: what was on its way comes down to ssthresh, and no burst goes out, although
		// the recovery begins without an ACK. Then each ACK lets two go.
		"nine are lost when the window is over: one goes, then more": withRTT(sackPeer, 60000, ".1") + `
			+0   do write 10000 = 10000
			` + burst(1, 10001, true) + `
			+.1  < . 1:1(0) ack 1 win 60000 <nop,nop,sack 9001:10001>
			+.015~+.03 > . 1:1001(1000) ack 1
			+.09 > nothing
			+0   < . 1:1(0) ack 1001 win 60000 <nop,nop,sack 9001:10001>
			+0   > . 1001:2001(1000) ack 1
			+0   > . 2001:3001(1000) ack 1
			+.09 > nothing`,
		// RFC 8985 6.3: with the first segment those are lost that are older than a round trip
		// and the reordering window, and not what was sent a moment ago.
		"a timeout says nothing of the latest": withRTT(sackPeer, 60000, ".1") + `
			+0   do write 2000 = 2000
			` + burst(1, 2001, true) + `
			+.18~+.205 > P. 1001:2001(1000) ack 1
			+.25 do write 1000 = 1000
			+0   > P. 2001:3001(1000) ack 1
			+.03~+.06 > . 1:1001(1000) ack 1
			+.02 < . 1:1(0) ack 2001 win 60000
			+.03 > nothing
			+0   < . 1:1(0) ack 3001 win 60000
			+1   > nothing`,
	})
}

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
			c.cc.recovering, c.cc.ssthresh = true, test.ssthresh
			c.cc.prrFlight, c.cc.prrDelivered, c.cc.prrOut = test.total, test.before, test.out
			c.reduceRate(test.delivered)
			if got := c.cc.cwnd - test.flight; got != test.want {
				t.Errorf("%d bytes may be sent, want %d", got, test.want)
			}
			c.sentSegments.flight = 0
		})
	}
}
