package main

import (
	"fmt"
	"testing"
)

// How large segments are (RFC 9293 3.7.1): what the peer's MSS option says, or 536
// (MUST-15), but no more than our own MTU of 1500 has room for.
func TestScriptSegmentSize(t *testing.T) {
	for options, size := range map[string]int{
		"<mss 1460>": 1460,
		"<mss 1000>": 1000,
		"<mss 100>":  100,
		"<>":         536,
		"<wscale 2>": 536,
		"<mss 1459>": 1459,
		"<mss 1461>": 1460,
		"<mss 9000>": 1460,
		"<mss 0>":    48,
	} {
		t.Run(options, func(t *testing.T) {
			playTCP(t, opened(options, 20000)+fmt.Sprintf(`
				+0 do write %[1]d = %[1]d
				+0 > . 1:%[2]d(%[4]d) ack 1
				+0 > P. %[2]d:%[3]d(%[4]d) ack 1
				+0 < . 1:1(0) ack %[3]d win 20000
				+0 do write %[4]d = %[4]d
				+0 > P. %[3]d:%[5]d(%[4]d) ack 1`, 2*size, 1+size, 1+2*size, size, 1+3*size))
		})
	}
}

// PSH is set "when there is no more queued data to be sent" (RFC 9293 3.9.1.2), and only
// then: MUST-60 and MUST-61.
func TestScriptPush(t *testing.T) {
	playAll(t, map[string]string{
		"on the last one": opened("<mss 100>", 1000) + `
			+0 do nodelay
			+0 do write 250 = 250
			+0 > . 1:101(100) ack 1
			+0 > . 101:201(100) ack 1
			+0 > P. 201:251(50) ack 1`,
		"on each Write's, if nothing waits": opened("<mss 100>", 1000) + `
			+0 do nodelay
			+0 do write 10 = 10
			+0 > P. 1:11(10) ack 1
			+0 do write 10 = 10
			+0 > P. 11:21(10) ack 1`,
		"not where the window ends": opened("<mss 100>", 100) + `
			+0 do write 110 = 110
			+0 > . 1:101(100) ack 1
			+.1 < . 1:1(0) ack 101 win 100
			+0 > P. 101:111(10) ack 1`,
		"not on a FIN alone": opened("<mss 100>", 100) + `
			+0 do write 10 = 10
			+0 > P. 1:11(10) ack 1
			+0 do closewrite
			+0 > F. 11:11(0) ack 1`,
	})
}

// The Nagle algorithm (RFC 9293 3.7.4, SHLD-7): "If there is unacknowledged data ... then
// the sending TCP endpoint buffers all user data (regardless of the PSH bit) until the
// outstanding data has been acknowledged or until the TCP endpoint can send a full-sized
// segment". The application can turn it off (MUST-17).
func TestScriptNagle(t *testing.T) {
	const started = accepted + `
		+0 do write 10 = 10
		+0 > P. 1:11(10) ack 1
	`
	playAll(t, map[string]string{
		"until all is acknowledged": opened("<mss 100>", 1000) + `
			+0 do write 110 = 110
			+0 > . 1:101(100) ack 1
			+0 do write 10 = 10
			+.05 < . 1:1(0) ack 100 win 1000
			+.05 < . 1:1(0) ack 101 win 1000
			+0 > P. 101:121(20) ack 1`,
		"small ones are put together": started + `
			+0 do write 10 = 10
			+.05 do write 10 = 10
			+.05 < . 1:1(0) ack 11 win 1000
			+0 > P. 11:31(20) ack 1`,
		"or until there is a full one": opened("<mss 100>", 1000) + `
			+0 do write 10 = 10
			+0 > P. 1:11(10) ack 1
			+0 do write 99 = 99
			+.05 do write 2 = 2
			+0 > . 11:111(100) ack 1
			+.05 < . 1:1(0) ack 111 win 1000
			+0 > P. 111:112(1) ack 1`,
		"off": accepted + `
			+0 do nodelay
			+0 do write 10 = 10
			+0 > P. 1:11(10) ack 1
			+0 do write 10 = 10
			+0 > P. 11:21(10) ack 1`,
		"turned off, what waits is sent": started + `
			+0 do write 10 = 10
			+.05 do nodelay
			+0 > P. 11:21(10) ack 1`,
		"and on again": started + `
			+0 do nodelay
			+0 do nodelay off
			+0 do write 10 = 10
			+.1 < . 1:1(0) ack 11 win 1000
			+0 > P. 11:21(10) ack 1`,
		"the last one of all does not wait": started + `
			+0 do write 10 = 10
			+.05 do closewrite
			+0 > FP. 11:21(10) ack 1`,
		"nor does a FIN": started + `
			+.05 do closewrite
			+0 > F. 11:11(0) ack 1`,
		// Off, a part of what is queued has to be worth it all the same: 3.8.6.2.1 (3).
		"off, and a silly window": accepted + `
			+0 do nodelay
			+0 do write 600 = 600
			+0 > P. 1:601(600) ack 1
			+0 do write 500 = 500
			+.1 < . 1:1(0) ack 1 win 1099         // 499 are usable
			+.05 < . 1:1(0) ack 601 win 1000
			+0 > P. 601:1101(500) ack 1`,
	})
}
