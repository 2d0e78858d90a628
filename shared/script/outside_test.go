package script

import (
	"testing"
	"time"
)

// outsideScene is a scene that is played by the rules for a program of which only the frames can be seen.
func outsideScene(text string, says [][]reply, fails ...string) scene {
	return scene{text: handshake + text, says: says, fails: fails, cfg: func(c *Config) {
		c.Outside = &Outside{Late: 400 * time.Millisecond, Skip: []string{"accept"}}
	}}
}

// What RFCs leave free passes, and what they fix does not.
func TestOutside(t *testing.T) {
	const echo = "+0 < P. 1:11(10) ack 1 win 257\n+0 > P. 1:11(10) ack 11\n"
	line := func(texts ...string) [][]reply { return shaken(say(texts...)) }
	runAll(t, map[string]scene{
		"an ACK comes first":     outsideScene(echo, line(". 1:1(0) ack 11 win 9", "P. 1:11(10) ack 11 win 9")),
		"or does not":            outsideScene(echo, line("P. 1:11(10) ack 11 win 9")),
		"no PSH, another window": outsideScene(echo, line(". 1:11(10) ack 11 win 7")),
		"two segments":           outsideScene(echo, line(". 1:4(3) ack 11 win 9", ". 4:11(7) ack 11 win 9")),
		"state is not asked, accept not called": outsideScene(
			"+0 do accept\n+0 state ESTABLISHED\n", shaken()),
		"an ACK rides along": outsideScene(
			"+0 < P. 1:11(10) ack 1 win 257\n+0 > . 1:1(0) ack 11\n+0 > P. 1:11(10) ack 11\n", line("P. 1:11(10) ack 11 win 9")),
		"one segment for two lines": outsideScene(
			"+0 < P. 1:11(10) ack 1 win 257\n+0 > . 1:6(5) ack 11\n+0 > P. 6:11(5) ack 11\n", line("P. 1:11(10) ack 11 win 9")),
		"a FIN with the text": outsideScene(
			"+0 < F. 1:1(0) ack 1 win 257\n+0 > . 1:11(10) ack 2\n+0 > F. 11:11(0) ack 2\n", line("FP. 1:11(10) ack 2 win 9")),
		"it closes, too": outsideScene(
			"+0 < F. 1:1(0) ack 1 win 257\n+0 > . 1:1(0) ack 2\n+.1 > nothing\n", line(". 1:1(0) ack 2 win 9", "F. 1:1(0) ack 2 win 9")),
		"options in another order": {
			text: "+0 < S 0:0(0) win 9 <mss 1460,nop,wscale 7>\n+0 > S. 0:0(0) ack 1 <mss 1460,nop,wscale 7>\n",
			says: [][]reply{nil, say("S. 0:0(0) ack 1 win 9 <nop,wscale 2,mss 1400>")},
			cfg:  func(c *Config) { c.Outside = &Outside{} },
		},
		"a second challenge ACK may be missing": outsideScene(
			"+0 < R 9:9(0)\n+0 > . 1:1(0) ack 1\n+0 < R 9:9(0)\n+0 > . 1:1(0) ack 1\n", line(". 1:1(0) ack 1 win 9")),

		"the first must not": outsideScene("+0 < R 9:9(0)\n+0 > . 1:1(0) ack 1\n", shaken(), "nothing came"),
		"late":               outsideScene(echo, shaken(later(time.Second, "P. 1:11(10) ack 11 win 9")), "late"),
		"other data": outsideScene(echo,
			line(`P. 1:11(10) ack 11 win 9 data "0123456789"`), "payload byte 0"),
		"something is missing": outsideScene(echo, line(". 1:4(3) ack 11 win 9"), "nothing came", "4:11(7)"),
		"more than was wanted": outsideScene(echo, line("P. 1:21(20) ack 11 win 9"), "no line expects", "11:21(10)"),
		"an ACK twice": outsideScene("+0 < . 1:1(0) ack 1 win 257\n+.1 > nothing\n",
			line(". 1:1(0) ack 1 win 65535", ". 1:1(0) ack 1 win 65535"), "was to send nothing"),
		"beyond the window": outsideScene("+0 < P. 1:1201(1200) ack 1 win 257\n+0 > P. 1:1201(1200) ack 1201\n",
			line("P. 1:1201(1200) ack 1201 win 9"), "beyond the peer's window"),
		"a reset": outsideScene(echo, line("R 1:1(0)"), "flags is R"),
	})
}

// A back-off is measured by the time before.
func TestOutsideBackOff(t *testing.T) {
	const again = "+0 < S 0:0(0) win 1000 <mss 1460>\n+0 > S. 0:0(0) ack 1\n+.8~+3 > S. 0:0(0) ack 1\nx1.5~x2.7 > S. 0:0(0) ack 1\n"
	synACK := func(after time.Duration) reply { return reply{after: after, text: "S. 0:0(0) ack 1 win 9"} }
	outside := func(c *Config) { c.Outside = &Outside{Late: 400 * time.Millisecond} }
	runAll(t, map[string]scene{
		"twice the time": {text: again, cfg: outside, says: [][]reply{nil, {synACK(0), synACK(time.Second), synACK(3 * time.Second)}}},
		"or of 3 s":      {text: again, cfg: outside, says: [][]reply{nil, {synACK(0), synACK(3 * time.Second), synACK(9 * time.Second)}}},
		"the same time": {
			text: again, cfg: outside, says: [][]reply{nil, {synACK(0), synACK(time.Second), synACK(2 * time.Second)}},
			fails: []string{"early"},
		},
	})
}

// A script's length is what its lines allow at most.
func TestLength(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"+0 < R 1:1(0)\n+1~+2 > R 1:1(0)\n+3 > nothing": 5 * time.Second,
		"* > R 1:1(0)\n7 > nothing":                     7 * time.Second,
	} {
		if got, err := Length(text); got != want || err != nil {
			t.Errorf("%q takes %v, %v, want %v", text, got, err, want)
		}
	}
}
