package main

import "testing"

// The seventh check of RFC 9293 3.10.7.4, the segment text.
func TestScriptText(t *testing.T) {
	playAll(t, map[string]string{
		"in order": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 11
			+0 do read 4 = 4
			+0 do read 100 = 6
			+0 < P. 11:21(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 21
			+0 do read 100 = 10`,
		"PSH or not, a reader who waits gets it": accepted + `
			+0 do! read 100
			+0 < . 1:11(10) ack 1 win 1000
			+0 done read = 10
			+0~+.2 > . 1:1(0) ack 11`,
		// "When a segment overlaps other already received segments, we reconstruct the
		// segment to contain just the new data" (3.10).
		"partly old": accepted + `
			+0 < . 1:11(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 11
			+0 < P. 1:16(15) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 16
			+0 < P. 15:17(2) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 17
			+0 do read 100 = 16`,
		"partly from before the SYN": accepted + `
			+0 < P. -5:11(16) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 11
			+0 do read 100 = 10`,
		"all of it old: acknowledged at once": accepted + `
			+0 < . 1:11(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 11
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 11
			+0 do read 100 = 10`,
		"partly beyond the window": accepted + `
			+0 do rcvbuf 1000
			+0 < P. 1:1101(1100) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1001 win 0
			+0 do read 2000 = 1000
			+0 > . 1:1(0) ack 1001 win 1000`,
		"behind a gap: acknowledged at once, and the reader waits": accepted + `
			+0 do! read 100
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:21(20) ack 1 win 1000
			+0 done read = 20
			+0~+.2 > . 1:1(0) ack 21`,
		"without ACK it is nothing": accepted + `
			+0 < P 1:11(10) win 1000
			+.2 > nothing
			+0 do! read 10`,
		"read in pieces from several segments": accepted + `
			+0 < . 1:1461(1460) ack 1 win 1000
			+0 < . 1461:2921(1460) ack 1 win 1000
			+0 > . 1:1(0) ack 2921
			+0 < P. 2921:4101(1180) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 4101
			+0 do read 1 = 1
			+0 do read 4098 = 4098
			+0 do read 100 = 1`,
	})
}

// "If the RCV.WND is zero, no segments will be acceptable, but special allowance
// should be made to accept valid ACKs, URGs, and RSTs" (RFC 9293 3.10.7.4, first).
func TestScriptTextNoWindow(t *testing.T) {
	const full = accepted + `
		+0 do rcvbuf 1000
		+0 < P. 1:1001(1000) ack 1 win 1000
		+0~+.2 > . 1:1(0) ack 1001 win 0
	`
	playAll(t, map[string]string{
		"text: acknowledged at once, and not taken": full + `
			+0 < P. 1001:1002(1) ack 1 win 1000
			+0 > . 1:1(0) ack 1001 win 0
			+0 < F. 1001:1001(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1001 win 0
			+0 < FP. 1001:1011(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1001 win 0
			+0 state ESTABLISHED
			+0 do read 2000 = 1000
			+0 > . 1:1(0) ack 1001 win 1000
			+0 < FP. 1001:1011(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1012
			+0 do read 2000 = 10
			+0 do read 2000 = EOF`,
		"ACK with text": full + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 1001
			+0 < P. 1001:1002(1) ack 2 win 1000
			+0 > . 2:2(0) ack 1001 win 0
			+0 state FIN-WAIT-2`,
		"ACK without text: nothing to be said": full + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 1001
			+0 < . 1001:1001(0) ack 2 win 1000
			+.1 > nothing
			+0 state FIN-WAIT-2`,
		"URG with text": full + `
			+0 < PU. 1001:1002(1) ack 1 win 1000 urg 1
			+0 > . 1:1(0) ack 1001 win 0
			+0 do urgent = 1001`,
		"RST with text": full + `
			+0 < R 1001:1002(1)
			+0 state LISTEN
			+0 do read 10 = ECONNRESET`,
		"RST behind RCV.NXT: dropped": full + `
			+0 < R 1002:1002(0)
			+0 < R 1002:1003(1)
			+.1 > nothing
			+0 state ESTABLISHED`,
		"what is not at RCV.NXT": full + `
			+0 < . 1002:1002(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1001 win 0
			+0 < P. 1002:1012(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1001 win 0
			+0 < . 1000:1000(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1001 win 0`,
		// "If our FIN is now acknowledged, delete the TCB, enter the CLOSED state, and
		// return": no more is said.
		"LAST-ACK, ended by an ACK with text": accepted + `
			+0 do rcvbuf 40
			+0 < P. 1:31(30) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 31 win 10
			+0 < FP. 31:40(9) ack 1 win 1000
			+0 > . 1:1(0) ack 41 win 0
			+0 do closewrite
			+0 > F. 1:1(0) ack 41
			+0 < P. 41:42(1) ack 2 win 1000
			+.1 > nothing
			+0 state LISTEN`,
	})
}

// Text and controls that come with a SYN,ACK: "continue processing at the sixth step
// under Section 3.10.7.4 where the URG bit is checked" (RFC 9293 3.10.7.3, fourth).
func TestScriptTextBehindSYN(t *testing.T) {
	playAll(t, map[string]string{
		"text": dialled + `
			+0 < S. 0:10(10) ack 1 win 1000 <mss 1460>
			+0 > . 1:1(0) ack 1
			+0 done dial
			+0 state ESTABLISHED
			+0~+.2 > . 1:1(0) ack 11
			+0 do read 100 = 10`,
		"FIN": dialled + `
			+0 < SF. 0:0(0) ack 1 win 1000 <mss 1460>
			+0 > . 1:1(0) ack 1
			+0 > . 1:1(0) ack 2
			+0 done dial
			+0 state CLOSE-WAIT
			+0 do read 100 = EOF`,
		"text and FIN": dialled + `
			+0 < SFP. 0:10(10) ack 1 win 1000 <mss 1460>
			+0 > . 1:1(0) ack 1
			+0 > . 1:1(0) ack 12
			+0 done dial
			+0 state CLOSE-WAIT
			+0 do read 100 = 10
			+0 do read 100 = EOF`,
		// The pointer is counted from SEG.SEQ, where the SYN is.
		"URG": dialled + `
			+0 < SPU. 0:10(10) ack 1 win 1000 urg 5 <mss 1460>
			+0 > . 1:1(0) ack 1
			+0 done dial
			+0 do urgent = 4
			+0~+.2 > . 1:1(0) ack 11`,
	})
}
