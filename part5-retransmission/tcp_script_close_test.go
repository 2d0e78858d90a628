package main

import "testing"

// The figures of RFC 9293 3.6, with the stack at both ends of them. What is 100 and
// 300 there is 1 here.
func TestScriptCloseFigures(t *testing.T) {
	playAll(t, map[string]string{
		"12, TCP peer A": accepted + `
			+0  do closewrite
			+0  > F. 1:1(0) ack 1
			+0  state FIN-WAIT-1
			+0  < . 1:1(0) ack 2 win 1000
			+0  state FIN-WAIT-2
			+0  < F. 1:1(0) ack 2 win 1000
			+0  > . 2:2(0) ack 2
			+0  state TIME-WAIT
			+59 state TIME-WAIT
			+1.1 state LISTEN`,
		"12, TCP peer B": accepted + `
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1:1(0) ack 2
			+0 state CLOSE-WAIT
			+1 do closewrite
			+0 > F. 1:1(0) ack 2
			+0 state LAST-ACK
			+0 < . 2:2(0) ack 2 win 1000
			+0 state LISTEN
			+1 > nothing`,
		"13": accepted + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 1
			+0 state FIN-WAIT-1
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 2:2(0) ack 2
			+0 state CLOSING
			+0 < . 2:2(0) ack 2 win 1000
			+0 state TIME-WAIT
			+60.1 state LISTEN`,
		// Two segments of figure 12 in one: "If our FIN has been ACKed (perhaps in this
		// segment), then enter TIME-WAIT" (3.10.7.4, eighth).
		"12, TCP peer A, with ACK and FIN in one": accepted + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 1
			+0 < F. 1:1(0) ack 2 win 1000
			+0 > . 2:2(0) ack 2
			+0 state TIME-WAIT`,
		"13, with text before both FINs": accepted + `
			+0 do write 5 = 5
			+0 > P. 1:6(5) ack 1
			+0 do closewrite
			+0 > F. 6:6(0) ack 1
			+0 < FP. 1:11(10) ack 1 win 1000
			+0 > . 7:7(0) ack 12
			+0 state CLOSING
			+0 < . 12:12(0) ack 6 win 1000     // of the text, not of the FIN
			+0 state CLOSING
			+0 < . 12:12(0) ack 7 win 1000
			+0 state TIME-WAIT
			+0 do read 100 = 10
			+0 do read 100 = EOF`,
	})
}

// A FIN that comes again is acknowledged again, and changes nothing (RFC 9293
// 3.10.7.4, first check, and "Remain in the ... state" of the eighth).
func TestScriptCloseAgain(t *testing.T) {
	playAll(t, map[string]string{
		"CLOSE-WAIT": accepted + `
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1:1(0) ack 2
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1:1(0) ack 2
			+0 state CLOSE-WAIT`,
		"CLOSING": accepted + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 1
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 2:2(0) ack 2
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 2:2(0) ack 2
			+0 state CLOSING`,
		"LAST-ACK": accepted + `
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1:1(0) ack 2
			+0 do closewrite
			+0 > F. 1:1(0) ack 2
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 2:2(0) ack 2
			+0 state LAST-ACK`,
	})
}

// Our FIN: CLOSE is to "queue this until all preceding SENDs have been segmentized, then
// form a FIN segment and send it" (RFC 9293 3.10.4).
func TestScriptCloseBehindText(t *testing.T) {
	playAll(t, map[string]string{
		"with the last text": accepted + `
			+0 do write 1500 = 1500
			+0 > . 1:1001(1000) ack 1
			+0 do closewrite
			+0 state FIN-WAIT-1
			+.1 < . 1:1(0) ack 1001 win 1000
			+0 > FP. 1001:1501(500) ack 1
			+0 < . 1:1(0) ack 1501 win 1000
			+0 state FIN-WAIT-1
			+0 < . 1:1(0) ack 1502 win 1000
			+0 state FIN-WAIT-2`,
		"it needs room in the window, like a byte": accepted + `
			+0 do write 1000 = 1000
			+0 > P. 1:1001(1000) ack 1
			+0 do closewrite
			+0 state FIN-WAIT-1
			+0 < . 1:1(0) ack 1001 win 0
			+.1 < . 1:1(0) ack 1001 win 1
			+0 > F. 1001:1001(0) ack 1`,
		"no room behind the last text": accepted + `
			+0 do closeread
			+0 < . 1:1(0) ack 1 win 0
			+0 do write 10 = 10
			+0 do closewrite
			+.1 < . 1:1(0) ack 1 win 10
			+0 > P. 1:11(10) ack 1
			+.1 < . 1:1(0) ack 11 win 1
			+0 > F. 11:11(0) ack 1`,
		// "CLOSE-WAIT: Queue this request until all preceding SENDs have been
		// segmentized; then send a FIN segment, enter LAST-ACK state."
		"from CLOSE-WAIT, LAST-ACK comes with it": accepted + `
			+0 do write 1500 = 1500
			+0 > . 1:1001(1000) ack 1
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1001:1001(0) ack 2
			+0 do closewrite
			+0 state CLOSE-WAIT
			+.1 < . 2:2(0) ack 1001 win 500
			+0 > P. 1001:1501(500) ack 2
			+0 state CLOSE-WAIT
			+.1 < . 2:2(0) ack 1501 win 500
			+0 > F. 1501:1501(0) ack 2
			+0 state LAST-ACK
			+0 < . 2:2(0) ack 1502 win 500
			+0 state LISTEN`,
		"in CLOSING, the rest is sent": accepted + `
			+0 do write 1500 = 1500
			+0 > . 1:1001(1000) ack 1
			+0 do closewrite
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1001:1001(0) ack 2
			+0 state CLOSING
			+.1 < . 2:2(0) ack 1001 win 1000
			+0 > FP. 1001:1501(500) ack 2
			+0 < . 2:2(0) ack 1502 win 1000
			+0 state TIME-WAIT`,
	})
}
