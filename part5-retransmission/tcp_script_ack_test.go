package main

import "testing"

// When an ACK is sent (RFC 9293 3.8.6.3): a little later, "the delay MUST be less than
// 0.5 seconds" (MUST-40), for "at least every second full-sized segment" (SHLD-19), and
// with what is sent anyway.
func TestScriptDelayedACK(t *testing.T) {
	playAll(t, map[string]string{
		"a little later, once": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000
			+.01~+.49 > . 1:1(0) ack 11
			+2 > nothing`,
		"from the first one on": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000
			+.01~+.49 > . 1:1(0) ack 11
			+3 < P. 11:21(10) ack 1 win 1000
			+.01~+.49 > . 1:1(0) ack 21
			+2 > nothing`,
		"for every second one": accepted + `
			+0 < . 1:1461(1460) ack 1 win 1000
			+.01 < . 1461:2921(1460) ack 1 win 1000
			+0 > . 1:1(0) ack 2921
			+0 < . 2921:4381(1460) ack 1 win 1000
			+.01 < . 4381:5841(1460) ack 1 win 1000
			+0 > . 1:1(0) ack 5841
			+0 < P. 5841:5842(1) ack 1 win 1000
			+.01~+.49 > . 1:1(0) ack 5842
			+2 > nothing`,
		"with our data": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0 do write 5 = 5
			+0 > P. 1:6(5) ack 11
			+0 < . 11:11(0) ack 6 win 1000
			+2 > nothing`,
		"with our data, that the same segment lets go": accepted + `
			+0 do write 5 = 5
			+0 > P. 1:6(5) ack 1
			+0 do write 5 = 5
			+.1 < P. 1:11(10) ack 6 win 1000
			+0 > P. 6:11(5) ack 11
			+0 < . 11:11(0) ack 11 win 1000
			+2 > nothing`,
		"with our FIN": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0 do closewrite
			+0 > F. 1:1(0) ack 11
			+0 < . 11:11(0) ack 2 win 1000
			+2 > nothing`,
		"one for text, and a FIN right behind it": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000
			+.01 < F. 11:11(0) ack 1 win 1000
			+0 > . 1:1(0) ack 12
			+2 > nothing`,
		"no ACK for an ACK": accepted + `
			+0 < . 1:1(0) ack 1 win 1000
			+0 < . 1:1(0) ack 1 win 1500
			+2 > nothing`,
	})
}

// What is answered at once: a sender may have to learn something, "an immediate duplicate
// ACK when an out-of-order segment arrives" (RFC 5681 4.2), or wait for it.
func TestScriptImmediateACK(t *testing.T) {
	playAll(t, map[string]string{
		"a gap, each time": accepted + `
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 21:31(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 31:41(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+2 > nothing`,
		"a gap, with an ACK still due": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000
			+.01 < P. 21:31(10) ack 1 win 1000
			+0 > . 1:1(0) ack 11
			+2 > nothing`,
		"a FIN": accepted + `
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1:1(0) ack 2
			+2 > nothing`,
		"a FIN with text": accepted + `
			+0 < FP. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 12
			+2 > nothing`,
		"what has been acknowledged already, each time": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000
			+.01~+.49 > . 1:1(0) ack 11
			+1 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 11
			+1 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 11`,
		"a keep-alive": accepted + `
			+10 < . 0:0(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 0:1(1) ack 1 win 1000
			+0 > . 1:1(0) ack 1`,
	})
}
