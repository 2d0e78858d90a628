package script

import (
	"testing"
)

// A retransmission carries the same bytes, and its data may begin anywhere.
func TestPayload(t *testing.T) {
	wrongPlace := func(f []byte) []byte { f[tcpAt+7]++; return resum(f) } // the sequence number
	runAll(t, map[string]scene{
		"other place": {
			text:  handshake + "+0 < . 1:1(0) ack 1\n+0 > . 2:12(10) ack 1",
			says:  shaken([]reply{{text: ". 1:11(10) ack 1", spoil: wrongPlace}}),
			fails: []string{"payload byte 0, at stream offset 1, is 0x00, want 0x01"},
		},
		"text": {
			text: handshake + "+0 < P. 1:5(4) ack 1 data \"GET\\n\"\n+0 > . 1:6(5) ack 5 data \"hello\" // said",
			says: shaken(say(`. 1:6(5) ack 5 data "hello"`)),
			check: func(t *testing.T, f *fake) {
				if data := string(f.got[2][tcpAt+tcpLen:]); data != "GET\n" {
					t.Errorf("the peer sent %q", data)
				}
			},
		},
		"other text": {
			text:  handshake + "+0 < . 1:1(0) ack 1\n+0 > . 1:6(5) ack 1 data \"hallo\"",
			says:  shaken(say(`. 1:6(5) ack 1 data "hello"`)),
			fails: []string{"payload byte 1, at stream offset 1, is 0x65, want 0x61"},
		},
		"any data": {
			text: handshake + "+0 < . 1:1(0) ack 1\n+0 > . 1:6(5) ack 1 data *",
			says: shaken(say(`. 1:6(5) ack 1 data "hello"`)),
		},
		"own pattern": {
			text: handshake + "+0 < . 1:1(0) ack 1\n+0 > . 1:3(2) ack 1",
			says: shaken(say(`. 1:3(2) ack 1 data "xx"`)),
			cfg:  func(c *Config) { c.Payload = func(uint32) byte { return 'x' } },
		},
		"data with the SYN": {
			text: "+0 < S 0:5(5) win 1\n+0 > S. 0:0(0) ack 6",
			says: [][]reply{nil, say("S. 0:0(0) ack 6")},
			check: func(t *testing.T, f *fake) {
				if data := f.got[0][tcpAt+tcpLen:]; string(data) != string(Bytes(Pattern, 0, 5)) {
					t.Errorf("the peer sent % x", data)
				}
			},
		},
	})
}

func TestMismatches(t *testing.T) {
	lines := map[string]string{
		"P. 1:11(10) ack 2":                           "flags is ., want P.",
		". 2:12(10) ack 2":                            "sequence number is 1, want 2",
		". 1:10(9) ack 2":                             "length is 10, want 9",
		". 1:11(10) ack -2":                           "ack is 2, want -2",
		". 1:11(10) ack 2 win 7":                      "win is 500, want 7",
		". 1:11(10) ack 2 urg 7":                      "urg is 0, want 7",
		". 1:11(10) ack 2 <>":                         "options are <nop,nop,TS val 5 ecr 6>, want <>",
		". 1:11(10) ack 2 <nop,TS val 5 ecr 6,nop>":   "want <nop,TS val 5 ecr 6,nop>",
		". 1:11(10) ack 2 <nop,nop,TS val 6 ecr 6>":   "want <nop,nop,TS val 6 ecr 6>",
		". 1:11(10) ack 2 <nop,nop,TS val a ecr a>":   "want <nop,nop,TS val a ecr a>",
		". 1:11(10) ack 2 <sackOK,...>":               "without sackOK",
		"81>8000 . 1:11(10) ack 2":                    "source port is 80, want 81",
		"80>8001 . 1:11(10) ack 2":                    "destination port is 8000, want 8001",
		"80>10.0.0.9:8000 . 1:11(10) ack 2":           "IPv4 destination is 10.0.0.1, want 10.0.0.9",
		". 1:11(10) ack 2":                            "",
		". 1:11(10) ack 2 win 500 urg 0":              "",
		". 1:11(10) ack 2 <...>":                      "",
		". 1:11(10) ack 2 <TS val * ecr 6,...>":       "",
		". 1:11(10) ack 2 <nop,nop,TS val a ecr a+1>": "",
		"b>8000 . 1:11(10) ack 2":                     "",
	}
	for line, want := range lines {
		sc := scene{
			text: handshake + "+0 < P. 1:2(1) ack 1\n+0 > " + line,
			says: shaken(say(". 1:11(10) ack 2 win 500 <nop,nop,TS val 5 ecr 6>")),
		}
		if want != "" {
			sc.fails = []string{want, " got  > . 1:11(10) ack 2 win 500 <nop,nop,TS val 5 ecr 6>"}
		}
		t.Run(line, sc.run)
	}
}
