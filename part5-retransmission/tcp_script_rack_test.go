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
	})
}
