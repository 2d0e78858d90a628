package main

import "testing"

// dialled is a stack in SYN-SENT.
const dialled = `
	+0 do! dial
	+0 > S 0:0(0) <mss 1460,...>
`

// answered ends it: the peer's SYN+ACK is still good.
const answered = `
	+0 state SYN-SENT
	+0 < S. 0:0(0) ack 1 win 1000 <mss 1460>
	+0 > . 1:1(0) ack 1
	+0 done dial
	+0 state ESTABLISHED
`

// RFC 9293 3.10.7.3, SYN-SENT STATE.
func TestScriptSynSent(t *testing.T) {
	playAll(t, map[string]string{
		"first, a bad ACK: SEG.ACK =< ISS or SEG.ACK > SND.NXT": dialled + `
			+0 < . 5:5(0) ack 0 win 1000
			+0 > R 0:0(0) <>
			+0 < S. 5:5(0) ack 2 win 1000
			+0 > R 2:2(0) <>
			+0 < S. 5:5(0) ack -1 win 1000
			+0 > R -1:-1(0) <>
			+0 < P. 5:15(10) ack 2000000000 win 1000
			+0 > R 2000000000:2000000000(0) <>
			+0 < F. 5:5(0) ack 0 win 1000
			+0 > R 0:0(0) <>` + answered,
		"a bad ACK with RST: dropped": dialled + `
			+0 < R. 5:5(0) ack 0
			+0 < R. 5:5(0) ack 2
			+0 < SR. 5:5(0) ack -1
			+10ms > nothing` + answered,
		"second, RST with an acceptable ACK: refused": dialled + `
			+.1 < R. 0:0(0) ack 1
			+0  done dial = ECONNREFUSED
			+0  state CLOSED
			+10ms > nothing`,
		"RST and SYN with an acceptable ACK: a RST all the same": dialled + `
			+0 < SR. 0:0(0) ack 1
			+0 done dial = ECONNREFUSED`,
		"RST without ACK: dropped": dialled + `
			+0 < R 0:0(0)
			+0 < R 1:1(0)
			+0 < SR 0:0(0)
			+10ms > nothing` + answered,
		"fourth, SYN and ACK: ESTABLISHED": dialled + answered,
		"SYN and ACK, with options that nobody knows": dialled + `
			+0 < S. 0:0(0) ack 1 win 1000 <unknown 253 0102,nop,mss 1200,unknown 254 00>
			+0 > . 1:1(0) ack 1
			+0 done dial`,
		"SYN alone: SYN-RECEIVED": dialled + `
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1 <mss 1460,...>
			+0 state SYN-RECEIVED
			+0 < . 1:1(0) ack 1 win 1000
			+0 done dial
			+0 state ESTABLISHED`,
		"fifth, neither SYN nor RST: dropped": dialled + `
			+0 < . 1:1(0) ack 1 win 1000
			+0 < F. 1:1(0) ack 1 win 1000
			+0 < P. 1:11(10) ack 1 win 1000
			+0 < - 1:1(0) win 1000
			+0 < F 1:1(0) win 1000
			+0 < P 1:11(10) win 1000
			+10ms > nothing` + answered,
	})
}

// After a simultaneous open nobody goes back to LISTEN (RFC 9293 3.10.7.4, second
// and fourth check): it was an active OPEN.
func TestScriptSynReceivedActive(t *testing.T) {
	const both = dialled + `
		+0 < S 0:0(0) win 1000 <mss 1460>
		+0 > S. 0:0(0) ack 1 <mss 1460,...>
		+0 state SYN-RECEIVED`
	playAll(t, map[string]string{
		"RST: refused": both + `
			+0 < R 1:1(0)
			+0 done dial = ECONNREFUSED
			+0 state CLOSED`,
		"RST before the window: dropped": both + `
			+0 < R 0:0(0)
			+10ms > nothing
			+0 state SYN-RECEIVED
			+0 < . 1:1(0) ack 1 win 1000
			+0 done dial`,
		"another SYN: a challenge ACK": both + `
			+0 < S 1:1(0) win 1000
			+0 > . 1:1(0) ack 1
			+0 < S 100000000:100000000(0) win 1000
			+0 > . 1:1(0) ack 1
			+0 state SYN-RECEIVED`,
		"a bad ACK: RST": both + `
			+0 < . 1:1(0) ack 0 win 1000
			+0 > R 0:0(0) <>
			+0 < . 1:1(0) ack 2 win 1000
			+0 > R 2:2(0) <>
			+0 state SYN-RECEIVED
			+0 < . 1:1(0) ack 1 win 1000
			+0 done dial`,
	})
}

// The maximum segment size is what the other side's SYN says, or else 536 (RFC 9293
// 3.7.1, MUST-15). A list that is malformed must not harm (3.1, MUST-7).
func TestScriptMSSOption(t *testing.T) {
	for options, want := range map[string]int{
		"<mss 1460>":                             1460,
		"<mss 0>":                                48, // nobody means that: CVE-2019-11479
		"<mss 47>":                               48,
		"<mss 49>":                               49,
		"<mss 1000>":                             1000,
		"<>":                                     536,
		"<nop,nop,wscale 3,nop>":                 536,
		"<sackOK,unknown 253 010203,mss 900>":    900,
		"<mss 1200,mss 1300>":                    1200,
		"<eol,mss 1460>":                         536,
		"<raw 02>":                               536, // a kind, and nothing behind it
		"<raw 0200>":                             536, // a length that is no length
		"<raw 0201>":                             536,
		"<raw 0203 05b4>":                        536, // shorter than an MSS
		"<raw 0205 05b400>":                      536, // longer than one
		"<raw 0208 05b4>":                        536, // longer than the list
		"<raw fd00 020405b4>":                    536, // behind it nothing can be found
		"<raw fdff 020405b4>":                    536,
		"<raw 01010101010101010101 020404b0>":    1200,
		"<mss 1400,raw 08>":                      1400,
		"<raw fe02fe02fe02fe02fe02fe02020403e8>": 1000,
	} {
		for how, text := range map[string]string{
			"passive": "+0 < S 0:0(0) win 1000 OPTIONS\n+0 > S. 0:0(0) ack 1 <mss 1460,...>\n+0 < . 1:1(0) ack 1 win 1000",
			"active":  "+0 do! dial\n+0 > S 0:0(0) <mss 1460,...>\n+0 < S. 0:0(0) ack 1 win 1000 OPTIONS\n+0 > . 1:1(0) ack 1\n+0 done dial",
		} {
			t.Run(how+" "+options, func(t *testing.T) {
				onTCPBench(t, func(b *tcpBench) {
					b.play(replace(text, options) + "\n+0 state ESTABLISHED")
					b.do(func() {
						if got := b.conn(8000).snd.mss; got != want {
							b.Errorf("the peer's MSS is %d, want %d", got, want)
						}
					})
				})
			})
		}
	}
}
