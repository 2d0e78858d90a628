package main

import "testing"

// "A host is permitted to continue sending data in the open direction on a half-closed
// connection" (RFC 9293 3.6.1).
func TestScriptHalfClose(t *testing.T) {
	playAll(t, map[string]string{
		"ours is closed": accepted + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 1
			+0 do closewrite                      // it is already
			+0 do write 1 = EPIPE
			+0 < P. 1:11(10) ack 1 win 1000       // in FIN-WAIT-1
			+0~+.2 > . 2:2(0) ack 11
			+0 < P. 11:21(10) ack 2 win 1000      // in FIN-WAIT-2
			+0~+.2 > . 2:2(0) ack 21
			+0 state FIN-WAIT-2
			+0 do read 100 = 20
			+0 do! read 100
			+100 < P. 21:31(10) ack 2 win 1000
			+0 done read = 10
			+0~+.2 > . 2:2(0) ack 31
			+0 < FP. 31:41(10) ack 2 win 1000
			+0 > . 2:2(0) ack 42
			+0 state TIME-WAIT
			+0 do read 100 = 10
			+0 do read 100 = EOF
			+0 do write 1 = EPIPE
			+0 do closeconn
			+0 do closeconn = closed`,
		"theirs is closed": accepted + `
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1:1(0) ack 2
			+0 do read 10 = EOF
			+100 do write 10 = 10
			+0 > P. 1:11(10) ack 2
			+0 < . 2:2(0) ack 11 win 1000
			+100 do write 10 = 10
			+0 > P. 11:21(10) ack 2
			+0 < . 2:2(0) ack 21 win 1000
			+0 state CLOSE-WAIT
			+0 do closewrite
			+0 > F. 21:21(0) ack 2
			+0 < . 2:2(0) ack 22 win 1000
			+0 state LISTEN
			+0 do read 10 = EOF
			+0 do write 10 = EPIPE
			+0 do closeconn`,
		// CloseRead is ours alone, the peer does not learn of it.
		"for reading": accepted + `
			+0 do! read 10
			+0 do closeread
			+0 done read = EOF
			+0 < P. 1:11(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 11
			+0 do read 10 = EOF
			+0 do write 5 = 5
			+0 > P. 1:6(5) ack 11
			+0 < F. 11:11(0) ack 6 win 1000
			+0 > . 6:6(0) ack 12
			+0 do closeconn
			+0 > F. 6:6(0) ack 12`,
		"for reading, with something unread": accepted + `
			+0 do rcvbuf 1000
			+0 < P. 1:1001(1000) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1001 win 0
			+0 do closeread
			+0 > . 1:1(0) ack 1001 win 1000
			+0 < P. 1001:1201(200) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1201
			+0 < P. 1201:1401(200) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 1401
			+0 < P. 1401:1601(200) ack 1 win 1000   // that makes half of the buffer
			+0~+.2 > . 1:1(0) ack 1601 win 1000
			+0 do read 10 = EOF
			+0 do closeconn
			+0 > F. 1:1(0) ack 1601`,
		// Both halves closed are a CLOSE: "if new data is received after CLOSE is called, its
		// TCP implementation SHOULD send a RST" (3.6.1, SHLD-3). Acknowledging them would let
		// the peer send for ever.
		"for reading, and for writing": accepted + `
			+0 do closeread
			+0 do closewrite
			+0 > F. 1:1(0) ack 1
			+0 < . 1:1(0) ack 2 win 1000
			+0 < P. 1:11(10) ack 2 win 1000
			+0 > R 2:2(0)
			+0 state LISTEN`,
		"for writing, and for reading": accepted + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 1
			+0 do closeread
			+0 < FP. 1:11(10) ack 1 win 1000
			+0 > R 2:2(0)
			+0 state LISTEN`,
		"both, and the peer closes": accepted + `
			+0 do closeread
			+0 do closewrite
			+0 > F. 1:1(0) ack 1
			+0 < F. 1:1(0) ack 2 win 1000
			+0 > . 2:2(0) ack 2
			+0 state TIME-WAIT`,
	})
}

// FIN-WAIT-2 has no end in RFC 9293 3.10.7.4: "the user's CLOSE can be acknowledged
// ("ok") but do not delete the TCB". When no user is left, 60 seconds are enough.
func TestScriptOrphan(t *testing.T) {
	const gone = accepted + `
		+0 do closeconn
		+0 > F. 1:1(0) ack 1
		+0 < . 1:1(0) ack 2 win 1000
		+0 state FIN-WAIT-2
	`
	playAll(t, map[string]string{
		"ends": gone + `
			+59 state FIN-WAIT-2
			+1.1 state LISTEN
			+0 < F. 1:1(0) ack 2 win 1000
			+0 > R 2:2(0)`,
		"what comes does not make it longer": gone + `
			+59 < . 1:1(0) ack 2 win 500
			+0 state FIN-WAIT-2
			+1.1 state LISTEN`,
		"a FIN in time": gone + `
			+59 < F. 1:1(0) ack 2 win 1000
			+0 > . 2:2(0) ack 2
			+30 state TIME-WAIT
			+30.1 state LISTEN`,
		"not while there is a user who reads": accepted + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 1
			+0 < . 1:1(0) ack 2 win 1000
			+3000 state FIN-WAIT-2
			+0 do closeconn
			+59 state FIN-WAIT-2
			+1.1 state LISTEN`,
		"nor before our FIN is acknowledged": accepted + `
			+0 do closeconn
			+0 > F. 1:1(0) ack 1
			+.1 < . 1:1(0) ack 2 win 1000
			+59.9 state FIN-WAIT-2
			+1.1 state LISTEN`,
	})
}

// As long as there is something of ours on its way, it is not for this timer to give up.
func TestScriptOrphanTimer(t *testing.T) {
	for _, state := range []string{"ESTABLISHED", "FIN-WAIT-1", "CLOSE-WAIT", "CLOSING", "LAST-ACK"} {
		onTCPBench(t, func(b *tcpBench) {
			p := b.newPeer(inOpenState[state])
			defer p.Close()
			b.kept().Close()
			b.do(func() {
				if c := b.conn(8000); c == nil || c.runs(timerOrphan) {
					t.Errorf("closed in %s: the timer is running already", state)
				}
			})
		})
	}
}
