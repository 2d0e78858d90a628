package main

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// What the calls return when there is nothing more to be had. That all errors are
// *net.OpErrors, opErrorOf checks.
func TestScriptUserErrors(t *testing.T) {
	playAll(t, map[string]string{
		"after Close": accepted + `
			+0 do closeconn
			+0 > F. 1:1(0) ack 1
			+0 do read 10 = closed
			+0 do write 10 = closed
			+0 do closeconn = closed
			+0 do closewrite = closed
			+0 do closeread = closed
			+0 do linger 0 = closed
			+0 do nodelay = closed
			+0 do readdeadline 1s = closed
			+0 do writedeadline 1s = closed
			+0 do deadline 1s = closed`,
		"Close wakes who waits": accepted + `
			+0 < . 1:1(0) ack 1 win 0
			+0 do! read 10
			+0 do! flood
			+.01 do closeconn
			+0 done read = closed
			+0 done flood = closed`,
		"CloseWrite wakes who writes, and only him": accepted + `
			+0 < . 1:1(0) ack 1 win 0
			+0 do! read 10
			+0 do! flood
			+.01 do closewrite
			+0 done flood = EPIPE
			+0 < P. 1:11(10) ack 1 win 0
			+0 done read = 10
			+0~+.1 > . 1:1(0) ack 11`,
		"Close wakes who reads, in FIN-WAIT-2": inOpenState["FIN-WAIT-2"] + `
			+0 do! read 10
			+.01 do closeconn
			+0 done read = closed`,
		"Close wakes who writes, in CLOSE-WAIT": inOpenState["CLOSE-WAIT"] + `
			+0 < . 2:2(0) ack 1 win 0
			+0 do! flood
			+.01 do closeconn
			+0 done flood = closed
			+0 state CLOSE-WAIT`,
		"CloseWrite wakes who writes, in CLOSE-WAIT": inOpenState["CLOSE-WAIT"] + `
			+0 < . 2:2(0) ack 1 win 0
			+0 do! flood
			+.01 do closewrite
			+0 done flood = EPIPE`,
		"after an orderly end": accepted + `
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1:1(0) ack 2
			+0 do closewrite
			+0 > F. 1:1(0) ack 2
			+0 < . 2:2(0) ack 2 win 1000
			+0 state LISTEN
			+0 do read 10 = EOF
			+0 do write 10 = EPIPE
			+0 do closeread = ENOTCONN
			+0 do closewrite = ENOTCONN
			+0 do closeconn
			+0 do closeconn = closed`,
		"nothing to read into, nothing to write": accepted + `
			+0 do read 0 = 0
			+0 do write 0 = 0
			+.1 > nothing`,
	})
}

// A deadline ends a call that waits by then, and every later one, until it is set anew.
func TestScriptDeadline(t *testing.T) {
	playAll(t, map[string]string{
		"of Read": accepted + `
			+0 do readdeadline 300ms
			+0 do! read 10
			+.3 done read = timeout
			+1 do read 10 = timeout
			+0 do write 5 = 5
			+0 > P. 1:6(5) ack 1
			+0 < P. 1:11(10) ack 6 win 1000
			+0~+.2 > . 6:6(0) ack 11
			+0 do read 10 = timeout
			+0 do readdeadline 0s
			+0 do read 10 = 10`,
		"of Write": accepted + `
			+0 < . 1:1(0) ack 1 win 0
			+0 do writedeadline 150ms
			+0 do! flood
			+.15 done flood = timeout
			+0 do write 1 = timeout
			+0 < P. 1:11(10) ack 1 win 0
			+0 do read 10 = 10
			+0~+.04 > . 1:1(0) ack 11`,
		"of both": accepted + `
			+0 < . 1:1(0) ack 1 win 0
			+0 do deadline 100ms
			+0 do! read 10
			+0 do! flood
			+.1 done read = timeout
			+0 done flood = timeout`,
		"over before it began": accepted + `
			+0 do deadline -1s
			+0 do read 10 = timeout
			+0 do write 10 = timeout
			+0 do deadline 0s
			+0 do write 10 = 10
			+0 > P. 1:11(10) ack 1`,
		"put off while somebody waits": accepted + `
			+0 do readdeadline 300ms
			+0 do! read 10
			+.2 do readdeadline 2s
			+2 done read = timeout`,
		"brought forward while somebody waits": accepted + `
			+0 do readdeadline 2s
			+0 do! read 10
			+.2 do readdeadline 100ms
			+.1 done read = timeout`,
		"taken back while somebody waits": accepted + `
			+0 do readdeadline 300ms
			+0 do! read 10
			+.2 do readdeadline 0s
			+10 < P. 1:11(10) ack 1 win 1000
			+0 done read = 10
			+0~+.2 > . 1:1(0) ack 11`,
		"now, while somebody waits": accepted + `
			+0 do! read 10
			+1 do readdeadline -1ns
			+0 done read = timeout`,
		"in time": accepted + `
			+0 do readdeadline 300ms
			+0 do! read 10
			+.2 < P. 1:11(10) ack 1 win 1000
			+0 done read = 10
			+0~+.2 > . 1:1(0) ack 11`,
		// Whatever the peer does, a deadline is a deadline.
		"in TIME-WAIT": inOpenState["TIME-WAIT"] + `
			+0 do readdeadline 100ms
			+1 do read 10 = timeout`,
		"set before the connection ended": accepted + `
			+0 do readdeadline 100ms
			+0 do closewrite
			+0 > F. 1:1(0) ack 1
			+0 < FP. 1:11(10) ack 2 win 1000
			+0 > . 2:2(0) ack 12
			+1 do read 10 = timeout`,
	})
}

// What is a timeout says so: that of a deadline, and that of a connection.
func TestScriptTimeoutIsTimeout(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(accepted)
		defer p.Close()
		c := b.kept()
		for _, reason := range []error{os.ErrDeadlineExceeded, syscall.ETIMEDOUT, errOrphan} {
			if err := c.opError("read", reason); !os.IsTimeout(err) || !errors.Is(err, reason) {
				t.Errorf("%v is no timeout, or not %v", err, reason)
			}
		}
		if err := c.opError("read", syscall.ECONNRESET); os.IsTimeout(err) {
			t.Errorf("%v is a timeout", err)
		}
	})
}
