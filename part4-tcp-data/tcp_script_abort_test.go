package main

import "testing"

// The ABORT call (RFC 9293 3.10.5): "Send a reset segment: <SEQ=SND.NXT><CTL=RST>. All
// queued SENDs and RECEIVEs should be given 'connection reset' notification". In CLOSING
// and LAST-ACK: "Respond with 'ok' and delete the TCB".
func TestScriptAbortInState(t *testing.T) {
	for state, reset := range map[string]string{
		"ESTABLISHED": "+0 > R 1:1(0) <>",
		"FIN-WAIT-1":  "+0 > R 2:2(0) <>",
		"FIN-WAIT-2":  "+0 > R 2:2(0) <>",
		"CLOSE-WAIT":  "+0 > R 1:1(0) <>",
		"CLOSING":     "+.1 > nothing",
		"LAST-ACK":    "+.1 > nothing",
	} {
		t.Run(state, func(t *testing.T) {
			playTCP(t, inOpenState[state]+`
				+0 do abort
				`+reset+`
				+0 state LISTEN
				+0 do read 1 = closed
				+0 do write 1 = closed
				+0 do abort
				+0 do closeconn
				+0 < . 100:100(0) ack 100 win 1000
				+0 > R 100:100(0)`)
		})
	}
	playAll(t, map[string]string{
		// What it has for TIME-WAIT is enough for what may still come.
		"TIME-WAIT": inOpenState["TIME-WAIT"] + `
			+0 do abort
			+.1 > nothing
			+0 do read 1 = closed
			+0 do abort`,
		"behind text on its way, and some that is not": accepted + `
			+0 do write 1500 = 1500
			+0 > . 1:1001(1000) ack 1
			+0 do abort
			+0 > R 1:1(0) <>
			+0 > R 1001:1001(0) <>
			+0 state LISTEN`,
		"behind text on its way, in a window with room": opened("<mss 1000>", 3000) + `
			+0 do write 2500 = 2500
			+0 > . 1:1001(1000) ack 1
			+0 > . 1001:2001(1000) ack 1
			+0 do abort
			+0 > R 2001:2001(0) <>`,
		"who waits is told": accepted + `
			+0 < . 1:1(0) ack 1 win 0
			+0 do! read 10
			+0 do! flood
			+.1 do abort
			+0 > R 1:1(0)
			+0 done read = closed
			+0 done flood = closed`,
		"an ACK that is due is none any more": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0 do abort
			+0 > R 1:1(0)
			+1 > nothing
			+0 do read 10 = closed`,
		"with the stack": accepted + `
			+0 < . 1:1(0) ack 1 win 0
			+0 do! read 10
			+0 do! flood
			+.1 do close
			+0 > R 1:1(0) <>
			+0 done read = closed
			+0 done flood = closed
			+0 do write 1 = closed`,
	})
}

// A RST "is validated by checking its SEQ fields" (RFC 9293 3.5.3): to the peer it must have
// the number that he expects (RFC 5961 3.2), and beyond his window it is nothing to him. A
// window that is full ends where SND.NXT is, and one that has shrunk ends before that.
func TestScriptAbortAtWindowsEnd(t *testing.T) {
	playAll(t, map[string]string{
		"full, and all of it is acknowledged: he expects SND.NXT": accepted + `
			+0 do write 1500 = 1500
			+0 > . 1:1001(1000) ack 1
			+.1 < . 1:1(0) ack 1001 win 0
			+0 do abort
			+0 > R 1001:1001(0) <>
			+.1 > nothing`,
		"full, and the last is not acknowledged: he expects that or what is behind it": opened("<mss 1000>", 2000) + `
			+0 do write 2000 = 2000
			+0 > . 1:1001(1000) ack 1
			+0 > P. 1001:2001(1000) ack 1
			+0 < . 1:1(0) ack 1001 win 1000
			+0 do abort
			+0 > R 1001:1001(0) <>
			+0 > R 2001:2001(0) <>
			+.1 > nothing`,
		"shrunk": opened("<mss 1000>", 3000) + `
			+0 do write 3000 = 3000
			+0 > . 1:1001(1000) ack 1
			+0 > . 1001:2001(1000) ack 1
			+0 > P. 2001:3001(1000) ack 1
			+.05 < . 1:1(0) ack 1 win 1000
			+0 do abort
			+0 > R 1:1(0) <>
			+0 > R 1001:1001(0) <>
			+.1 > nothing`,
		"shrunk to nothing": opened("<mss 1000>", 3000) + `
			+0 do write 1000 = 1000
			+0 > P. 1:1001(1000) ack 1
			+.05 < . 1:1(0) ack 1 win 0
			+0 do abort
			+0 > R 1:1(0) <>
			+0 > R 2:2(0) <>
			+.1 > nothing`,
		"with unread text": accepted + `
			+0 do write 1500 = 1500
			+0 > . 1:1001(1000) ack 1
			+0 < P. 1:11(10) ack 1 win 500
			+0 do closeconn
			+0 > R 1:1(0) <>
			+0 > R 501:501(0) <>
			+.1 > nothing`,
	})
}

// The peer's RST: "any outstanding RECEIVEs and SEND should receive 'reset' responses. All
// segment queues should be flushed" (RFC 9293 3.10.7.4, second). That is not io.EOF: the
// user "MUST be informed whether it closed normally or was aborted" (3.6, MUST-12).
func TestScriptResetByPeer(t *testing.T) {
	for _, state := range []string{"ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"} {
		t.Run(state, func(t *testing.T) {
			playTCP(t, inOpenState[state]+`
				+0 do! read 10
				+.1 < R 1:1(0)
				+0 done read = ECONNRESET
				+0 state LISTEN
				+0 do read 10 = ECONNRESET
				+0 do write 10 = ECONNRESET
				+0 do closewrite = ENOTCONN
				+0 do urgent = 0
				+0 do closeconn
				+0 do read 10 = closed`)
		})
	}
	for _, state := range []string{"CLOSE-WAIT", "CLOSING", "LAST-ACK"} {
		t.Run(state, func(t *testing.T) {
			playTCP(t, inOpenState[state]+`
				+.1 < R 2:2(0)
				+0 state LISTEN
				+0 do read 10 = ECONNRESET
				+0 do write 10 = ECONNRESET`)
		})
	}
	playAll(t, map[string]string{
		"what was not read is lost": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 11
			+0 < R 11:11(0)
			+0 do read 10 = ECONNRESET`,
		"who writes is told": accepted + `
			+0 < . 1:1(0) ack 1 win 0
			+0 do! flood
			+.1 < R. 1:1(0) ack 1
			+0 done flood = ECONNRESET`,
		"an ACK that is due is none any more": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0 < R 11:11(0)
			+1 > nothing`,
		"before it is accepted: never accepted": handshake + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 11
			+0 < R 11:11(0)
			+0 do! accept
			+1 > nothing`,
	})
}
