package main

import (
	"testing"
	"time"
)

// CLOSE with data that nobody has read, and data after CLOSE: TCP "SHOULD send a RST to
// show that data was lost" (RFC 9293 3.6.1, SHLD-3; RFC 1122 4.2.2.13).
func TestScriptResetUnread(t *testing.T) {
	const fed = accepted + `
		+0 < P. 1:11(10) ack 1 win 1000
		+0~+.2 > . 1:1(0) ack 11
	`
	playAll(t, map[string]string{
		"in ESTABLISHED": fed + `
			+0 do closeconn
			+0 > R 1:1(0) <>
			+0 state LISTEN
			+0 do read 10 = closed`,
		"one byte of it": fed + `
			+0 do read 9 = 9
			+0 do closeconn
			+0 > R 1:1(0)`,
		"all is read": fed + `
			+0 do read 10 = 10
			+0 do closeconn
			+0 > F. 1:1(0) ack 11`,
		"the peer's FIN is nothing to be read": accepted + `
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1:1(0) ack 2
			+0 do closeconn
			+0 > F. 1:1(0) ack 2`,
		"in CLOSE-WAIT": accepted + `
			+0 < FP. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 12
			+0 do closeconn
			+0 > R 1:1(0) <>
			+0 state LISTEN`,
		"in FIN-WAIT-2": fed + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 11
			+0 < . 11:11(0) ack 2 win 1000
			+0 do closeconn
			+0 > R 2:2(0) <>
			+0 state LISTEN`,
		"in FIN-WAIT-1": fed + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 11
			+0 do closeconn
			+0 > R 2:2(0) <>`,
		"with our own data on their way, and some behind": fed + `
			+0 do write 1500 = 1500
			+0 > . 1:1001(1000) ack 11
			+0 do closeconn
			+0 > R 1:1(0) <>
			+0 > R 1001:1001(0) <>
			+0 < . 11:11(0) ack 1001 win 1000
			+0 > R 1001:1001(0) <>`,
		"in LAST-ACK": accepted + `
			+0 < FP. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 12
			+0 do closewrite
			+0 > F. 1:1(0) ack 12
			+0 do closeconn
			+0 > R 2:2(0) <>
			+0 state LISTEN`,
		"in TIME-WAIT there is nobody to be told": fed + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 11
			+0 < F. 11:11(0) ack 2 win 1000
			+0 > . 2:2(0) ack 12
			+0 do closeconn
			+.1 > nothing
			+0 state TIME-WAIT`,
	})
}

// New data after CLOSE.
func TestScriptResetAfterClose(t *testing.T) {
	playAll(t, map[string]string{
		"in FIN-WAIT-1": accepted + `
			+0 do closeconn
			+0 > F. 1:1(0) ack 1
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > R 2:2(0) <>
			+0 state LISTEN`,
		"in FIN-WAIT-2": accepted + `
			+0 do closeconn
			+0 > F. 1:1(0) ack 1
			+0 < . 1:1(0) ack 2 win 1000
			+0 < P. 1:2(1) ack 2 win 1000
			+0 > R 2:2(0) <>
			+0 state LISTEN`,
		"with a FIN": accepted + `
			+0 do closeconn
			+0 > F. 1:1(0) ack 1
			+0 < FP. 1:11(10) ack 2 win 1000
			+0 > R 2:2(0) <>
			+0 state LISTEN`,
		"partly new": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 11
			+0 do read 10 = 10
			+0 do closeconn
			+0 > F. 1:1(0) ack 11
			+0 < P. 1:12(11) ack 2 win 1000
			+0 > R 2:2(0) <>`,
		"what comes again is not new": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 11
			+0 do read 10 = 10
			+0 do closeconn
			+0 > F. 1:1(0) ack 11
			+0 < P. 1:11(10) ack 2 win 1000
			+0 > . 2:2(0) ack 11
			+0 state FIN-WAIT-1`,
		"only a FIN": accepted + `
			+0 do closeconn
			+0 > F. 1:1(0) ack 1
			+0 < F. 1:1(0) ack 2 win 1000
			+0 > . 2:2(0) ack 2
			+0 state TIME-WAIT`,
	})
}

// SO_LINGER, as POSIX has it: Close throws away, or waits.
func TestScriptLinger(t *testing.T) {
	playAll(t, map[string]string{
		"0: RST": accepted + `
			+0 do linger 0
			+0 do closeconn
			+0 > R 1:1(0) <>
			+0 state LISTEN
			+0 do write 10 = closed`,
		"0, in CLOSE-WAIT, with data": accepted + `
			+0 do linger 0
			+0 do write 1500 = 1500
			+0 > . 1:1001(1000) ack 1
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1001:1001(0) ack 2
			+0 do closeconn
			+0 > R 1:1(0) <>
			+0 > R 1001:1001(0) <>`,
		"0, and back": accepted + `
			+0 do linger 0
			+0 do linger -1 = -1
			+0 do closeconn
			+0 > F. 1:1(0) ack 1`,
		"5: until the FIN is acknowledged": accepted + `
			+0 do linger 5
			+0 do write 5 = 5
			+0 > P. 1:6(5) ack 1
			+0 do! closeconn
			+0 > F. 6:6(0) ack 1
			+.05 < . 1:1(0) ack 6 win 1000
			+.05 < . 1:1(0) ack 7 win 1000
			+0 done closeconn
			+0 state FIN-WAIT-2
			+10 state FIN-WAIT-2`, // the time to linger is over, and nobody cares
		"5, in LAST-ACK": accepted + `
			+0 do linger 5
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1:1(0) ack 2
			+0 do! closeconn
			+0 > F. 1:1(0) ack 2
			+.1 < . 2:2(0) ack 2 win 1000
			+0 done closeconn
			+0 state LISTEN`,
		"5, and the peer resets": accepted + `
			+0 do linger 5
			+0 do! closeconn
			+0 > F. 1:1(0) ack 1
			+.1 < R 1:1(0)
			+0 done closeconn`,
		"5, with nothing that could be waited for": accepted + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 1
			+0 < . 1:1(0) ack 2 win 1000
			+0 do linger 5
			+0 do closeconn`,
	})
}

// When the time is over, the connection is reset.
func TestScriptLingerTimeout(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(accepted + `
			+0 do linger 2
			+0 do write 5 = 5
			+0 > P. 1:6(5) ack 1`)
		defer p.Close()
		closed := make(chan time.Duration)
		go func() {
			start := time.Now()
			b.kept().Close()
			closed <- time.Since(start)
		}()
		if after := <-closed; after != 2*time.Second {
			t.Errorf("Close returned after %v", after)
		}
		sent := p.Sent(time.Second)
		if n := len(sent); n == 0 || p.Parse("R 7:7(0) <>").Match(sent[n-1], nil) != nil {
			t.Errorf("sent %v, want a RST at last", sent)
		}
		if state := b.state(8000); state != stateListen {
			t.Errorf("it is in %s", state)
		}
	})
}
