package main

import (
	"strings"
	"testing"
)

// Karn's algorithm: "RTT samples MUST NOT be made using segments that were retransmitted
// (and thus for which it is ambiguous whether the reply was for the first instance of the
// packet or a later instance)" (RFC 6298 3), and the back-off stays until there is a
// sample (5.5: the RTO is computed anew with the next one).
func TestScriptKarn(t *testing.T) {
	playAllLoss(t, map[string]string{
		"both halves": withRTT(plainPeer, 60000, ".1") + `
			+0   do write 10 = 10
			+0   > P. 1:11(10) ack 1
			+.3  > P. 1:11(10) ack 1
			+.01 < . 1:1(0) ack 11 win 60000
			+0   do srtt = 100                    // not 10, nor 310
			+0   do write 10 = 10
			+0   > P. 11:21(10) ack 1
			+.6  > P. 11:21(10) ack 1             // 2 * .3
			+1.2 > P. 11:21(10) ack 1
			+.1  < . 1:1(0) ack 21 win 60000
			+0   do rto = 2400
			+0   do write 10 = 10
			+0   > P. 21:31(10) ack 1
			+.1  < . 1:1(0) ack 31 win 60000      // a sample: .1 + 4 * .0375
			+0   do rto = 250
			+0   do write 10 = 10
			+0   > P. 31:41(10) ack 1
			+.25 > P. 31:41(10) ack 1`,
		"nor of what was sent behind it, and had to wait for it at the peer": withRTT(plainPeer, 60000, ".1") + `
			+0  do write 2000 = 2000
			+0  > . 1:1001(1000) ack 1
			+0~+.02 > P. 1001:2001(1000) ack 1
			+.27~+.31 > . 1:1001(1000) ack 1
			+.1 < . 1:1(0) ack 2001 win 60000
			+0  do rto = 600`,
		"with timestamps there is no doubt": opened1000TS(".1") + `
			+0   do write 10 = 10
			+0   > P. 1:11(10) ack 1 <nop,nop,TS val b ecr 1100>
			+.3  > P. 1:11(10) ack 1 <nop,nop,TS val b+300 ecr 1100>
			+.06 < . 1:1(0) ack 11 win 60000 <nop,nop,TS val 1400 ecr b+300>
			+0   do srtt = 95                   // 7/8 * 100 + 1/8 * 60
			+0   do rto = 285`, // 95 + 4 * (37.5 + 10)
		// "A TSecr value received in a segment MAY be used to update the averaged RTT
		// measurement only if the segment advances the left edge of the send window" (RFC 7323
		// 4.1): behind a gap it is that of a segment from before the gap.
		"not from an ACK that only has a SACK block": `
			+0   < S 0:0(0) win 60000 <mss 1012,sackOK,TS val 1000 ecr 0,nop,nop>
			+0   > S. 0:0(0) ack 1 <TS val a ecr 1000,...>
			+.1  < . 1:1(0) ack 1 win 60000 <nop,nop,TS val 1100 ecr a>
			+0   do accept
			+1   do write 5000 = 5000
			` + burst(1, 5001, true) + `
			+.1  < . 1:1(0) ack 1 win 60000 <nop,nop,TS val 2200 ecr a,nop,nop,sack 1001:3001 4001:5001>
			+0~+.02 > . 1:1001(1000) ack 1
			+0~+.02 > . 3001:4001(1000) ack 1
			+0   do srtt = 100
			+.19~+.21 > . 3001:4001(1000) ack 1
			+.24~+.26 > . 1:1001(1000) ack 1
			+.05 < . 1:1(0) ack 1 win 60000 <nop,nop,TS val 2300 ecr a,nop,nop,sack 1001:5001>
			+0   do srtt = 100`,
		"a sample of what was sent again ends the back-off": opened1000TS(".1") + `
			+0   do write 2000 = 2000
			+0   > . 1:1001(1000) ack 1
			+0~+.02 > P. 1001:2001(1000) ack 1
			+.1  < . 1:1(0) ack 1001 win 60000 <nop,nop,TS val 1200 ecr a+100>
			+.1~+.3 > P. 1001:2001(1000) ack 1 <nop,nop,TS val b ecr 1200>
			+.1  < . 1:1(0) ack 2001 win 60000 <nop,nop,TS val 1500 ecr b>
			+.01 do write 10 = 10
			+0   > P. 2001:2011(10) ack 1
			+.15~+.26 > P. 2001:2011(10) ack 1`,
		"nor with those of the first copy": opened1000TS(".1") + `
			+0   do write 10 = 10
			+0   > P. 1:11(10) ack 1 <nop,nop,TS val b ecr 1100>
			+.3  > P. 1:11(10) ack 1 <nop,nop,TS val b+300 ecr 1100>
			+.12 < . 1:1(0) ack 11 win 60000 <nop,nop,TS val 1420 ecr b>
			+0   do srtt = 140`, // 7/8 * 100 + 1/8 * 420
	})
}

// opened1000TS is withRTT with timestamps. The peer's clock ticks milliseconds, as ours
// does, and shows 1000 when it begins.
func opened1000TS(rtt string) string {
	return strings.ReplaceAll(`
		+0   < S 0:0(0) win 60000 <mss 1012,nop,nop,TS val 1000 ecr 0>
		+0   > S. 0:0(0) ack 1 <TS val a ecr 1000,...>
		+RTT < . 1:1(0) ack 1 win 60000 <nop,nop,TS val 1100 ecr a>
		+0   do accept
	`, "RTT", rtt)
}

// Back-off to 60 seconds (RFC 6298 2.5, 5.5), and what comes then: R2 is reached, after
// at least 100 seconds (RFC 9293 3.8.3, SHLD-11), and the connection is closed.
func TestScriptBackoff(t *testing.T) {
	playAllLoss(t, map[string]string{
		"data": accepted + `
			+0    do! read 10
			+0    do write 10 = 10
			+0    > P. 1:11(10) ack 1
			+.2   > P. 1:11(10) ack 1
			+.4   > P. 1:11(10) ack 1
			+.8   > P. 1:11(10) ack 1
			+1.6  > P. 1:11(10) ack 1
			+3.2  > P. 1:11(10) ack 1
			+6.4  > P. 1:11(10) ack 1
			+12.8 > P. 1:11(10) ack 1
			+25.6 > P. 1:11(10) ack 1
			+51.2 > P. 1:11(10) ack 1
			+60   > P. 1:11(10) ack 1
			+60   > P. 1:11(10) ack 1
			+60   > P. 1:11(10) ack 1
			+60   > R 11:11(0)
			+0    done read = ETIMEDOUT
			+0    do write 10 = ETIMEDOUT
			+0    state LISTEN`,
		"an answer in between: the time begins again": opened(plainPeer, 60000) + `
			+0    do usertimeout 1s
			+0    do write 2000 = 2000
			+0    > . 1:1001(1000) ack 1
			+0    > P. 1001:2001(1000) ack 1
			+.2   > . 1:1001(1000) ack 1
			+.4   > . 1:1001(1000) ack 1
			+.1   < . 1:1(0) ack 1001 win 60000
			+0    > P. 1001:2001(1000) ack 1      // RFC 5681 3.1: in slow start, from one segment on
			+.8   > P. 1001:2001(1000) ack 1
			+.1   < . 1:1(0) ack 2001 win 60000
			+100  > nothing
			+0    state ESTABLISHED`,
		"SetUserTimeout (MUST-21)": accepted + `
			+0    do! read 10
			+0    do usertimeout 1s
			+0    do write 10 = 10
			+0    > P. 1:11(10) ack 1
			+.2   > P. 1:11(10) ack 1
			+.4   > P. 1:11(10) ack 1
			+.4~+.8 > R 11:11(0)
			+0    done read = ETIMEDOUT`,
		"SetUserTimeout(0) is the default, and it can be changed on the way": accepted + `
			+0    do! read 10
			+0    do usertimeout 1s
			+0    do usertimeout 0s
			+0    do write 10 = 10
			+0    > P. 1:11(10) ack 1
			+.2   > P. 1:11(10) ack 1
			+.4   > P. 1:11(10) ack 1
			+.8   > P. 1:11(10) ack 1
			+1.6  > P. 1:11(10) ack 1
			+0    do usertimeout 100ms
			+0~+3.2 > R 11:11(0)
			+0    done read = ETIMEDOUT`,
		"FIN": accepted + `
			+0    do closewrite
			+0    > F. 1:1(0) ack 1
			+.2   > F. 1:1(0) ack 1
			+.4   > F. 1:1(0) ack 1
			+.8   > F. 1:1(0) ack 1
			+.1   < . 1:1(0) ack 2 win 1000
			+0    state FIN-WAIT-2
			+100  > nothing`,
		"FIN in LAST-ACK": accepted + `
			+0    < F. 1:1(0) ack 1 win 1000
			+0    > . 1:1(0) ack 2
			+0    do closewrite
			+0    > F. 1:1(0) ack 2
			+.2   > F. 1:1(0) ack 2
			+.4   > F. 1:1(0) ack 2
			+.1   < . 2:2(0) ack 2 win 1000
			+0    state LISTEN
			+100  > nothing`,
		"data and FIN: only one segment": accepted + `
			+0    do write 1000 = 1000
			+0    > P. 1:1001(1000) ack 1
			+0    do closewrite
			+0    < . 1:1(0) ack 1 win 3000
			+0    > F. 1001:1001(0) ack 1
			+.2   > FP. 1:1001(1000) ack 1       // they fit into one
			+.1   < . 1:1(0) ack 1002 win 1000
			+0    state FIN-WAIT-2
			+20   > nothing`,
	})
}

// A connection that is closed does not live for ever in CLOSING, LAST-ACK or FIN-WAIT-1:
// R2 holds for the FIN as well.
func TestScriptGiveUpFIN(t *testing.T) {
	playAllLoss(t, map[string]string{
		"FIN-WAIT-1": accepted + `
			+0    do closeconn
			+0    > F. 1:1(0) ack 1
			+.2   > F. 1:1(0) ack 1
			+.4   > F. 1:1(0) ack 1
			+.8   > F. 1:1(0) ack 1
			+1.6  > F. 1:1(0) ack 1
			+3.2  > F. 1:1(0) ack 1
			+6.4  > F. 1:1(0) ack 1
			+12.8 > F. 1:1(0) ack 1
			+25.6 > F. 1:1(0) ack 1
			+51.2 > R 2:2(0)
			+0    state LISTEN`,
	})
}
