package main

import "testing"

// openedTS is a connection with timestamps. The peer's clock shows 1000, ours a.
const openedTS = `
	+0 < S 0:0(0) win 60000 <mss 1012,nop,nop,TS val 1000 ecr 0>
	+0 > S. 0:0(0) ack 1 <TS val a ecr 1000,...>
	+0 < . 1:1(0) ack 1 win 60000 <nop,nop,TS val 1000 ecr a>
	+0 do accept
`

// Timestamps are used if both SYNs had the option, and then every segment has it (RFC
// 7323 3.2).
func TestScriptTimestamps(t *testing.T) {
	playAllLoss(t, map[string]string{
		"in the SYN,ACK only if the SYN had it": `
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1 <mss 1460>
			+0 < . 1:1(0) ack 1 win 1000
			+0 do accept
			+0 do write 10 = 10
			+0 > P. 1:11(10) ack 1 <>`,
		"in the SYN; if the SYN,ACK has it not, never again": `
			+0 do! dial
			+0 > S 0:0(0) <TS val * ecr 0,...>
			+0 < S. 0:0(0) ack 1 win 1000 <mss 1460>
			+0 > . 1:1(0) ack 1 <>
			+0 done dial
			+0 do write 10 = 10
			+0 > P. 1:11(10) ack 1 <>`,
		"in all segments, with the peer's last value": `
			+0   do! dial
			+0   > S 0:0(0) <TS val a ecr 0,...>
			+.02 < S. 0:0(0) ack 1 win 1000 <mss 1460,nop,nop,TS val 7 ecr a>
			+0   > . 1:1(0) ack 1 <nop,nop,TS val a+20 ecr 7>
			+0   done dial
			+.01 do write 10 = 10
			+0   > P. 1:11(10) ack 1 <nop,nop,TS val a+30 ecr 7>
			+.01 < . 1:1(0) ack 11 win 1000 <nop,nop,TS val 17 ecr a+30>
			+0   do closewrite
			+0   > F. 11:11(0) ack 1 <nop,nop,TS val a+40 ecr 17>
			+.01 < . 1:1(0) ack 12 win 1000 <nop,nop,TS val 30 ecr a+40>
			+.01 < F. 1:1(0) ack 12 win 1000 <nop,nop,TS val 40 ecr a+40>
			+0   > . 12:12(0) ack 2 <nop,nop,TS val a+60 ecr 40>`,
		// "If the ACK bit is not set in the outgoing TCP header, the sender of that segment SHOULD
		// set the TSecr field to zero."
		"in a RST": openedTS + `
			+0 do abort
			+0 > R 1:1(0) <nop,nop,TS val * ecr 0>`,
		"they take room in each segment (RFC 6691 3.1)": openedTS + `
			+0 do write 2000 = 2000
			+0 > . 1:1001(1000) ack 1
			+0 > P. 1001:2001(1000) ack 1`,
		"both met": dialled + `
			+0   < S 0:0(0) win 1000 <mss 1460,nop,nop,TS val 7 ecr 0>
			+0   > S. 0:0(0) ack 1 <TS val a ecr 7,...>
			+0   < . 1:1(0) ack 1 win 1000 <nop,nop,TS val 8 ecr a>
			+0   done dial`,
		// "the TSopt MUST be sent in every non-<RST> segment for the duration of the
		// connection" (3.2); TIME-WAIT is a part of it. A peer that obeys 3.2 drops what comes
		// without.
		"in TIME-WAIT": openedTS + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 1 <nop,nop,TS val * ecr 1000>
			+0 < F. 1:1(0) ack 2 win 1000 <nop,nop,TS val 1001 ecr a>
			+0 > . 2:2(0) ack 2 <nop,nop,TS val * ecr 1001>
			+0 state TIME-WAIT
			+1 < F. 1:1(0) ack 2 win 1000 <nop,nop,TS val 2001 ecr a>
			+0 > . 2:2(0) ack 2 <nop,nop,TS val * ecr 2001>`,
		"our clock starts at another value for each connection (RFC 7323 5.4)": `
			+0 < 8001>80 S 0:0(0) win 1000 <mss 1460,nop,nop,TS val 1 ecr 0>
			+0 > 80>8001 S. 0:0(0) ack 1 <TS val a ecr 1,...>
			+0 < 8002>80 S 0:0(0) win 1000 <mss 1460,nop,nop,TS val 1 ecr 0>
			+0 > 80>8002 S. 0:0(0) ack 1 <TS val b ecr 1,...>
			+0 < 8001>80 R 1:1(0)
			+0 < 8002>80 R 1:1(0)`,
	})
}

// Which value is echoed (RFC 7323 4.3): of several segments that are not acknowledged the
// first one's; behind a gap, the one's that came before it; after it, the one's that
// filled it.
func TestScriptTimestampEcho(t *testing.T) {
	playAllLoss(t, map[string]string{
		"(A) delayed ACKs: the earliest": openedTS + `
			+0   < . 1:11(10) ack 1 win 1000 <nop,nop,TS val 1001 ecr a>
			+.01 < . 11:21(10) ack 1 win 1000 <nop,nop,TS val 1011 ecr a>
			+0   > . 1:1(0) ack 21 <nop,nop,TS val * ecr 1001>
			+0   < P. 21:31(10) ack 1 win 1000 <nop,nop,TS val 1012 ecr a>
			+0~+.4 > . 1:1(0) ack 31 <nop,nop,TS val * ecr 1012>`,
		"(B) a gap: the last before it": openedTS + `
			+0 < . 1:11(10) ack 1 win 1000 <nop,nop,TS val 1001 ecr a>
			+0~+.4 > . 1:1(0) ack 11 <nop,nop,TS val * ecr 1001>
			+0 < . 21:31(10) ack 1 win 1000 <nop,nop,TS val 1003 ecr a>
			+0 > . 1:1(0) ack 11 <nop,nop,TS val * ecr 1001>
			+0 < . 31:41(10) ack 1 win 1000 <nop,nop,TS val 1004 ecr a>
			+0 > . 1:1(0) ack 11 <nop,nop,TS val * ecr 1001>
			+0 < . 11:21(10) ack 1 win 1000 <nop,nop,TS val 1002 ecr a>
			+0 > . 1:1(0) ack 41 <nop,nop,TS val * ecr 1002>`,
		"(C) a filled gap: the one that filled it": openedTS + `
			+0 < . 11:21(10) ack 1 win 1000 <nop,nop,TS val 1001 ecr a>
			+0 > . 1:1(0) ack 1 <nop,nop,TS val * ecr 1000>
			+.5 < . 1:11(10) ack 1 win 1000 <nop,nop,TS val 1500 ecr a>
			+0 > . 1:1(0) ack 21 <nop,nop,TS val * ecr 1500>`,
		"not from a segment outside of the window": openedTS + `
			+0 < . 100000:100000(0) ack 1 win 1000 <nop,nop,TS val 2000 ecr a>
			+0 > . 1:1(0) ack 1 <nop,nop,TS val * ecr 1000>
			+0 < . -100:-90(10) ack 1 win 1000 <nop,nop,TS val 2000 ecr a>
			+0 > . 1:1(0) ack 1 <nop,nop,TS val * ecr 1000>`,
		"ACKs without data count, too": openedTS + `
			+.5 < . 1:1(0) ack 1 win 1000 <nop,nop,TS val 1500 ecr a>
			+0 do write 10 = 10
			+0 > P. 1:11(10) ack 1 <nop,nop,TS val * ecr 1500>`,
	})
}

// PAWS (RFC 7323 5.3, R1): "If there is a Timestamps option in the arriving segment,
// SEG.TSval < TS.Recent, TS.Recent is valid ..., and if the RST bit is not set, then treat
// the arriving segment as not acceptable: Send an acknowledgment in reply ... and drop the
// segment."
func TestScriptPAWS(t *testing.T) {
	playAllLoss(t, map[string]string{
		"old": openedTS + `
			+0 < P. 1:11(10) ack 1 win 1000 <nop,nop,TS val 999 ecr a>
			+0 > . 1:1(0) ack 1 <nop,nop,TS val * ecr 1000>
			+0 do! read 100
			+0 < P. 1:11(10) ack 1 win 1000 <nop,nop,TS val 1000 ecr a>
			+0 done read = 10
			+0~+.2 > . 1:1(0) ack 11 <nop,nop,TS val * ecr 1000>`,
		"old, from behind the wrap": openedTS + `
			+0 < P. 1:11(10) ack 1 win 1000 <nop,nop,TS val 4294967295 ecr a>
			+0 > . 1:1(0) ack 1 <nop,nop,TS val * ecr 1000>`,
		"new, across the wrap": `
			+0 < S 0:0(0) win 1000 <mss 1460,nop,nop,TS val 4294967290 ecr 0>
			+0 > S. 0:0(0) ack 1 <TS val a ecr 4294967290,...>
			+0 < . 1:1(0) ack 1 win 1000 <nop,nop,TS val 4294967295 ecr a>
			+0 do accept
			+0 < P. 1:11(10) ack 1 win 1000 <nop,nop,TS val 5 ecr a>
			+0~+.2 > . 1:1(0) ack 11 <nop,nop,TS val * ecr 5>
			+0 < P. 11:21(10) ack 1 win 1000 <nop,nop,TS val 4294967295 ecr a>
			+0 > . 1:1(0) ack 11 <nop,nop,TS val * ecr 5>`,
		"its ACK does not count either": openedTS + `
			+0 do closewrite
			+0 > F. 1:1(0) ack 1
			+0 < . 1:1(0) ack 2 win 1000 <nop,nop,TS val 999 ecr a>
			+0 > . 2:2(0) ack 1 <nop,nop,TS val * ecr 1000>
			+0 state FIN-WAIT-1
			+0 < . 1:1(0) ack 2 win 1000 <nop,nop,TS val 1000 ecr a>
			+0 state FIN-WAIT-2`,
		"a RST is exempt, and needs no timestamp": openedTS + `
			+0 < R 1:1(0) <nop,nop,TS val 5 ecr 0>
			+0 do read 10 = ECONNRESET
			+0 state LISTEN`,
		"a RST without one": openedTS + `
			+0 < R 1:1(0)
			+0 do read 10 = ECONNRESET`,
		// "If a non-<RST> segment is received without TSopt, a TCP SHOULD silently drop the
		// segment" (3.2).
		"no timestamp": openedTS + `
			+0 < P. 1:11(10) ack 1 win 1000
			+0 < F. 1:1(0) ack 1 win 1000
			+0 < S 0:0(0) win 1000
			+0 > . 1:1(0) ack 1 <nop,nop,TS val * ecr 1000>
			+1 > nothing
			+0 state ESTABLISHED`,
		// TS.Recent is not valid any more when it is older than 24 days (5.5).
		"24 days": openedTS + `
			+2073500 < P. 1:11(10) ack 1 win 1000 <nop,nop,TS val 500 ecr a>
			+0    > . 1:1(0) ack 1
			+1000 < P. 1:11(10) ack 1 win 1000 <nop,nop,TS val 500 ecr a>
			+0~+.2 > . 1:1(0) ack 11 <nop,nop,TS val * ecr 500>`,
		"24 days since the last one, not since the first": openedTS + `
			+1728000 < P. 1:11(10) ack 1 win 1000 <nop,nop,TS val 2000 ecr a>
			+0~+.2 > . 1:1(0) ack 11 <nop,nop,TS val * ecr 2000>
			+864000 < P. 11:21(10) ack 1 win 1000 <nop,nop,TS val 1500 ecr a>
			+0    > . 1:1(0) ack 11 <nop,nop,TS val * ecr 2000>`,
		"not negotiated: they mean nothing": accepted + `
			+0 < P. 1:11(10) ack 1 win 1000 <nop,nop,TS val 1000 ecr 0>
			+0~+.2 > . 1:1(0) ack 11 <>
			+0 < P. 11:21(10) ack 1 win 1000 <nop,nop,TS val 900 ecr 0>
			+0~+.2 > . 1:1(0) ack 21 <>`,
	})
}
