package main

import "testing"

// The FIN (RFC 9293 3.10.7.4, eighth).
func TestScriptFIN(t *testing.T) {
	playAll(t, map[string]string{
		"signals the user, with nothing before it": accepted + `
			+0 do! read 10
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1:1(0) ack 2
			+0 done read = EOF
			+0 do read 10 = EOF`,
		"signals the user, behind text": accepted + `
			+0 do! read 100
			+0 < FP. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 12
			+0 done read = 10
			+0 do read 10 = EOF`,
		"behind text that was there": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 11
			+0 < FP. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 12
			+0 state CLOSE-WAIT`,
		"behind a gap": accepted + `
			+0 < F. 11:11(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < FP. 6:11(5) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 state ESTABLISHED
			+0 < FP. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 12
			+0 state CLOSE-WAIT
			+0 do read 100 = 10`,
		"beyond the window": accepted + `
			+0 do rcvbuf 1000
			+0 < FP. 1:1001(1000) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1001 win 0
			+0 state ESTABLISHED
			+0 do read 2000 = 1000
			+0 > . 1:1(0) ack 1001
			+0 < F. 1001:1001(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1002
			+0 state CLOSE-WAIT
			+0 do read 2000 = EOF`,
		"on the window's last number": accepted + `
			+0 do rcvbuf 1000
			+0 < P. 1:901(900) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 901 win 100
			+0 < FP. 901:1000(99) ack 1 win 1000
			+0 > . 1:1(0) ack 1001
			+0 state CLOSE-WAIT
			+0 do read 2000 = 999
			+0 do read 2000 = EOF`,
		"takes an ACK along": accepted + `
			+0 do write 5 = 5
			+0 > P. 1:6(5) ack 1
			+0 < F. 1:1(0) ack 6 win 1000
			+0 > . 6:6(0) ack 2
			+0 do closewrite
			+0 > F. 6:6(0) ack 2`,
		"before the connection is accepted": handshake + `
			+0 < FP. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 12
			+0 do accept
			+0 do read 100 = 10
			+0 do read 100 = EOF`,
	})
}
