package main

import "testing"

// The peer's window: nothing is sent beyond SND.UNA+SND.WND (RFC 9293 3.8.6).
func TestScriptSendInWindow(t *testing.T) {
	playAll(t, map[string]string{
		"it slides": opened("<mss 1000>", 3000) + `
			+0 do write 8000 = 8000
			+0 > . 1:1001(1000) ack 1
			+0 > . 1001:2001(1000) ack 1
			+0 > . 2001:3001(1000) ack 1
			+.1 < . 1:1(0) ack 1001 win 3000
			+0 > . 3001:4001(1000) ack 1
			+.1 < . 1:1(0) ack 4001 win 4000
			+0 > . 4001:5001(1000) ack 1
			+0 > . 5001:6001(1000) ack 1
			+0 > . 6001:7001(1000) ack 1
			+0 > P. 7001:8001(1000) ack 1
			+.1 < . 1:1(0) ack 8001 win 4000
			+1 > nothing`,
		"zero, and back": accepted + `
			+0 < . 1:1(0) ack 1 win 0
			+0 do write 10 = 10
			+.1 < . 1:1(0) ack 1 win 1000
			+0 > P. 1:11(10) ack 1
			+.1 < . 1:1(0) ack 11 win 0
			+0 do write 10 = 10
			+.1 < . 1:1(0) ack 11 win 1000
			+0 > P. 11:21(10) ack 1`,
		"text of the peer's takes its window along": accepted + `
			+0 < . 1:1(0) ack 1 win 0
			+0 do write 10 = 10
			+.1 < P. 1:11(10) ack 1 win 1000
			+0 > P. 1:11(10) ack 11`,
		"scaled": opened("<mss 1000,nop,wscale 3>", 1000) + `
			+0 do write 9000 = 9000
			+0 > . 1:1001(1000) ack 1
			+0 > . 1001:2001(1000) ack 1
			+0 > . 2001:3001(1000) ack 1
			+0 > . 3001:4001(1000) ack 1
			+0 > . 4001:5001(1000) ack 1
			+0 > . 5001:6001(1000) ack 1
			+0 > . 6001:7001(1000) ack 1
			+0 > . 7001:8001(1000) ack 1
			+.1 < . 1:1(0) ack 8001 win 125
			+0 > P. 8001:9001(1000) ack 1`,
		"in a SYN,ACK it is not scaled": dialled + `
			+0 < S. 0:0(0) ack 1 win 500 <mss 1460,nop,wscale 3>
			+0 > . 1:1(0) ack 1
			+0 done dial
			+0 do write 600 = 600
			+0 > . 1:501(500) ack 1
			+.1 < . 1:1(0) ack 501 win 500
			+0 > P. 501:601(100) ack 1`,
		// "A sending TCP peer MUST be robust against window shrinking, which may cause the
		// "usable window" ... to become negative (MUST-34)", and then "SHOULD NOT send new
		// data (SHLD-15)".
		"it shrinks": opened("<mss 1000>", 3000) + `
			+0 do write 5000 = 5000
			+0 > . 1:1001(1000) ack 1
			+0 > . 1001:2001(1000) ack 1
			+0 > . 2001:3001(1000) ack 1
			+.05 < . 1:1(0) ack 1 win 1000
			+.05 < . 1:1(0) ack 1001 win 1000
			+.05 < . 1:1(0) ack 2001 win 1000
			+.05 < . 1:1(0) ack 3001 win 1000
			+0 > . 3001:4001(1000) ack 1
			+.05 < . 1:1(0) ack 4001 win 1000
			+0 > P. 4001:5001(1000) ack 1`,
		"it shrinks to nothing, with a FIN on its way": opened("<mss 1000>", 3000) + `
			+0 do write 1000 = 1000
			+0 > P. 1:1001(1000) ack 1
			+0 do closewrite
			+0 > F. 1001:1001(0) ack 1
			+.05 < . 1:1(0) ack 1 win 0
			+.05 < . 1:1(0) ack 1002 win 0
			+1 > nothing
			+0 state FIN-WAIT-2`,
	})
}

// "The check here prevents using old segments to update the window" (RFC 9293
// 3.10.7.4, fifth): SND.WL1 =< SEG.SEQ. The segment that comes second was sent first.
func TestScriptSendWindowOld(t *testing.T) {
	playAll(t, map[string]string{
		"a larger one": opened("<mss 1000>", 3000) + `
			+0 < P. 11:21(10) ack 1 win 0
			+0 > . 1:1(0) ack 1
			+0 < P. 1:21(20) ack 1 win 3000
			+0~+.2 > . 1:1(0) ack 21
			+0 do write 10 = 10
			+.1 < . 21:21(0) ack 1 win 1000
			+0 > P. 1:11(10) ack 21`,
		"a smaller one": opened("<mss 1000>", 3000) + `
			+0 < P. 11:21(10) ack 1 win 2000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:21(20) ack 1 win 5
			+0~+.2 > . 1:1(0) ack 21
			+0 do write 2000 = 2000
			+0 > . 1:1001(1000) ack 21
			+0 > P. 1001:2001(1000) ack 21`,
		"an ACK from before the last one": opened("<mss 1000>", 3000) + `
			+0 do write 1000 = 1000
			+0 > P. 1:1001(1000) ack 1
			+0 < . 1:1(0) ack 1001 win 10
			+0 < . 1:1(0) ack 1 win 3000
			+0 do write 20 = 20
			+.05 < . 1:1(0) ack 1001 win 3000
			+0 > P. 1001:1021(20) ack 1`,
	})
}

// The sender's side of the silly window syndrome (RFC 9293 3.8.6.2.1, MUST-38), with its
// rules: (1) a full segment, (2) all that is queued, (3) half of the largest window that
// there ever was, or (4) the override timeout.
func TestScriptSillyWindow(t *testing.T) {
	const sent = accepted + `
		+0 < . 1:1(0) ack 1 win 2000
		+0 do write 4000 = 4000
		+0 > . 1:1461(1460) ack 1
	`
	playAll(t, map[string]string{
		"(1)": sent + `
			+.1 < . 1:1(0) ack 1461 win 1460
			+0 > . 1461:2921(1460) ack 1`,
		"(2)": sent + `
			+.1 < . 1:1(0) ack 1461 win 2000
			+0 > . 1461:2921(1460) ack 1
			+.05 < . 1:1(0) ack 2921 win 1460
			+0 > P. 2921:4001(1080) ack 1
			+0 do write 80 = 80
			+.05 < . 1:1(0) ack 4001 win 79
			+.05 < . 1:1(0) ack 4001 win 80
			+0 > P. 4001:4081(80) ack 1`,
		"(3)": sent + `
			+.1 < . 1:1(0) ack 1461 win 0
			+.05 < . 1:1(0) ack 1461 win 999
			+.05 < . 1:1(0) ack 1461 win 1000
			+0 > . 1461:2461(1000) ack 1`,
		"(3), of the largest, not of the last": sent + `
			+.1 < . 1:1(0) ack 1461 win 600
			+.05 < . 1:1(0) ack 1461 win 999
			+.05 < . 1:1(0) ack 1461 win 1100
			+0 > . 1461:2561(1100) ack 1`,
		"(4), in 0.1 to 1 seconds": sent + `
			+.05 < . 1:1(0) ack 1461 win 600
			+.1~+1 > . 1461:2061(600) ack 1
			+.05 < . 1:1(0) ack 2061 win 2000
			+0 > . 2061:3521(1460) ack 1`,
		"(4) does not come when there was no need of it": sent + `
			+.05 < . 1:1(0) ack 1461 win 600
			+.05 < . 1:1(0) ack 1461 win 1500
			+0 > . 1461:2921(1460) ack 1
			+.05 < . 1:1(0) ack 2921 win 1460
			+0 > P. 2921:4001(1080) ack 1
			+.05 < . 1:1(0) ack 4001 win 600
			+2 > nothing`,
		"(4) begins anew after a segment": sent + `
			+.05 < . 1:1(0) ack 1461 win 600
			+.05 < . 1:1(0) ack 1461 win 1460
			+0 > . 1461:2921(1460) ack 1
			+.1 < . 1:1(0) ack 2921 win 1460
			+0 > P. 2921:4001(1080) ack 1
			+.1 < . 1:1(0) ack 4001 win 2000
			+.17 < . 1:1(0) ack 4001 win 600
			+0 do write 2000 = 2000
			+.1~+1 > . 4001:4601(600) ack 1`,
		"with something on its way, the ACK is waited for": sent + `
			+.1 < . 1:1(0) ack 1461 win 1460
			+0 > . 1461:2921(1460) ack 1
			+.1 < . 1:1(0) ack 1461 win 2000     // 540 more
			+.05 < . 1:1(0) ack 2921 win 2000
			+0 > P. 2921:4001(1080) ack 1`,
	})
}
