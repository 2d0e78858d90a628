package main

import "testing"

// SACK is used if both SYNs had the option (RFC 2018 2): "SACK-Permitted MUST NOT be sent
// on non-SYN segments", and blocks only to a peer that has asked for them.
func TestScriptSACKPermitted(t *testing.T) {
	playAllLoss(t, map[string]string{
		"asked": `
			+0 < S 0:0(0) win 1000 <mss 1460,sackOK>
			+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK>
			+0 < . 1:1(0) ack 1 win 1000
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1 <nop,nop,sack 11:21>`,
		"not asked": `
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1 <mss 1460>
			+0 < . 1:1(0) ack 1 win 1000
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1 <>`,
		"we ask, the peer does": dialled + `
			+0 < S. 0:0(0) ack 1 win 1000 <mss 1460,nop,nop,sackOK>
			+0 > . 1:1(0) ack 1 <>
			+0 done dial
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1 <nop,nop,sack 11:21>`,
		"we ask, the peer does not": `
			+0 do! dial
			+0 > S 0:0(0) <sackOK,...>
			+0 < S. 0:0(0) ack 1 win 1000 <mss 1460>
			+0 > . 1:1(0) ack 1 <>
			+0 done dial
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1 <>`,
		"blocks that nobody asked for are ignored": opened(plainPeer, 60000) + `
			+0 do write 5000 = 5000
			` + burst(1, 5001, true) + `
			+0 < . 1:1(0) ack 1 win 60001 <nop,nop,sack 1001:5001>
			+.1 > nothing`,
	})
}

// What we say (RFC 2018 4): "the first SACK block MUST specify the contiguous block of data
// containing the segment which triggered this ACK", then the most recent ones, and "as
// many distinct SACK blocks as possible".
func TestScriptSACKBlocks(t *testing.T) {
	const asked = "<mss 1460,nop,nop,sackOK>"
	five := opened(asked, 1000) + `
		+0 < P. 11:21(10) ack 1 win 1000
		+0 > . 1:1(0) ack 1 <nop,nop,sack 11:21>
		+0 < P. 31:41(10) ack 1 win 1000
		+0 > . 1:1(0) ack 1 <nop,nop,sack 31:41 11:21>
		+0 < P. 51:61(10) ack 1 win 1000
		+0 > . 1:1(0) ack 1 <nop,nop,sack 51:61 31:41 11:21>
		+0 < P. 71:81(10) ack 1 win 1000
		+0 > . 1:1(0) ack 1 <nop,nop,sack 71:81 51:61 31:41 11:21>
		+0 < P. 91:101(10) ack 1 win 1000
		+0 > . 1:1(0) ack 1 <nop,nop,sack 91:101 71:81 51:61 31:41>
	`
	playAllLoss(t, map[string]string{
		"newest first, four": five,
		"one that grows comes to the front": five + `
			+0 < P. 41:46(5) ack 1 win 1000
			+0 > . 1:1(0) ack 1 <nop,nop,sack 31:46 91:101 71:81 51:61>
			+0 < P. 6:11(5) ack 1 win 1000
			+0 > . 1:1(0) ack 1 <nop,nop,sack 6:21 31:46 91:101 71:81>`,
		"two become one": five + `
			+0 < P. 61:71(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1 <nop,nop,sack 51:81 91:101 31:41 11:21>`,
		"one ends where all before it has come": five + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 21 <nop,nop,sack 91:101 71:81 51:61 31:41>
			+0 < P. 21:101(80) ack 1 win 1000
			+0 > . 1:1(0) ack 101 <>
			+0 do read 200 = 100`,
		"three, with timestamps": `
			+0 < S 0:0(0) win 1000 <mss 1460,sackOK,TS val 100 ecr 0,nop,nop>
			+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK,nop,nop,TS val a ecr 100>
			+0 < . 1:1(0) ack 1 win 1000 <nop,nop,TS val 100 ecr a>
			+0 < P. 11:21(10) ack 1 win 1000 <nop,nop,TS val 100 ecr a>
			+0 > . 1:1(0) ack 1 <nop,nop,TS val * ecr 100,nop,nop,sack 11:21>
			+0 < P. 31:41(10) ack 1 win 1000 <nop,nop,TS val 100 ecr a>
			+0 > . 1:1(0) ack 1 <nop,nop,TS val * ecr 100,nop,nop,sack 31:41 11:21>
			+0 < P. 51:61(10) ack 1 win 1000 <nop,nop,TS val 100 ecr a>
			+0 > . 1:1(0) ack 1 <nop,nop,TS val * ecr 100,nop,nop,sack 51:61 31:41 11:21>
			+0 < P. 71:81(10) ack 1 win 1000 <nop,nop,TS val 100 ecr a>
			+0 > . 1:1(0) ack 1 <nop,nop,TS val * ecr 100,nop,nop,sack 71:81 51:61 31:41>`,
		"what we send with data has none, and what comes then has": opened(asked, 1000) + `
			+0 < P. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1 <nop,nop,sack 11:21>
			+0 do write 1000 = 1000
			+0 > P. 1:1001(1000) ack 1
			+0 < P. 21:31(10) ack 1001 win 1000
			+0 > . 1001:1001(0) ack 1 <nop,nop,sack 11:31>`,
		"a FIN behind a gap": opened(asked, 1000) + `
			+0 < FP. 11:21(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1 <nop,nop,sack 11:22>
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 22 <>
			+0 state CLOSE-WAIT`,
	})
}

// D-SACK (RFC 2883 4): the first block tells what came twice, once.
func TestScriptDSACK(t *testing.T) {
	const asked = "<mss 1460,nop,nop,sackOK>"
	playAllLoss(t, map[string]string{
		"below the acknowledgment (4.1.1)": opened(asked, 1000) + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 11 <>
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 11 <nop,nop,sack 1:11>
			+0 < P. 11:21(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 21 <>`,
		"with a gap (4.1.2)": opened(asked, 1000) + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 11 <>
			+0 < P. 21:31(10) ack 1 win 1000
			+0 > . 1:1(0) ack 11 <nop,nop,sack 21:31>
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 11 <nop,nop,sack 1:11 21:31>`,
		"above the acknowledgment (4.1.3)": opened(asked, 1000) + `
			+0 < P. 21:31(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1 <nop,nop,sack 21:31>
			+0 < P. 21:31(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1 <nop,nop,sack 21:31 21:31>
			+0 < P. 31:41(10) ack 1 win 1000
			+0 > . 1:1(0) ack 1 <nop,nop,sack 21:41>
			+0 < P. 26:31(5) ack 1 win 1000
			+0 > . 1:1(0) ack 1 <nop,nop,sack 26:31 21:41>`,
		"without SACK nothing is said": opened("<mss 1460>", 1000) + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack 11 <>
			+0 < P. 1:11(10) ack 1 win 1000
			+0 > . 1:1(0) ack 11 <>`,
	})
}
