package stack

import "testing"

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
				onBench(t, func(b *bench) {
					b.Play(replace(text, options) + "\n+0 state ESTABLISHED")
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
