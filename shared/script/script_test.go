package script

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"
)

func TestScripts(t *testing.T) {
	runAll(t, map[string]scene{
		"handshake and data, both wrapping": {
			text: handshake + `
				+.5  < P. 1:21(20) ack 1 win 257
				+.04 > P. 1:31(30) ack 21 <nop,nop,sack 5:15>   # a comment
			`,
			cfg:  func(c *Config) { c.PeerISS = Wrap },
			says: [][]reply{nil, say("S. 0:0(0) ack 1 <mss 1460>"), nil, later(40*time.Millisecond, "P. 1:31(30) ack 21 <nop,nop,sack 5:15>")},
			check: func(t *testing.T, f *fake) {
				s, err := Decode(f.got[2], Flow{SrcMAC: peerMAC, DstMAC: stackMAC, SrcIP: peerIP, DstIP: stackIP})
				if err != nil || s.Seq != Wrap+1 || s.Seq+uint32(s.Len) != 11 || s.Ack != Wrap+1 {
					t.Errorf("the peer sent %s, %v", s, err)
				}
			},
		},
		"data both ways": {
			text: handshake + `
				+.5  < P. 1:2001(2000) ack 1 win 257 <nop,nop,sack 5:20 30:40>
				+.04 > . 1:1001(1000) ack 2001 win 500 <nop,nop,sack 2005:2020>
				+0   > P. 1001:1101(100) ack 2001
				+1   > . 1:1001(1000) ack 2001
			`,
			says: shaken([]reply{
				{after: 40 * time.Millisecond, text: ". 1:1001(1000) ack 2001 win 500 <nop,nop,sack 2005:2020>"},
				{after: 40 * time.Millisecond, text: "P. 1001:1101(100) ack 2001"},
				{after: 1040 * time.Millisecond, text: ". 1:1001(1000) ack 2001"},
			}),
		},
		"reset without a connection": {
			text: `
				+0 < . 5:5(0) ack 100
				+0 > R 100:100(0)
				+0 < S 7:7(0) win 10
				+0 > R. 0:0(0) ack 8
				+1 > nothing
				2  < - 7:7(0)
			`,
			cfg:  func(c *Config) { c.StackPort = 80 },
			says: [][]reply{nil, {absolute("R 100:100(0)")}, {absolute("R. 0:0(0) ack 8")}},
		},
		"timestamps bound by name": {
			text: `
				+0 < S 0:0(0) win 1000 <mss 1460,sackOK,TS val 100 ecr 0>
				+0 > S. 0:0(0) ack 1 <mss 1460,TS val a ecr 100,...>
				+.01 < . 1:1(0) ack 1 win 257 <nop,nop,TS val 110 ecr a>
				+.01 > . 1:11(10) ack 1 <nop,nop,TS val a+20 ecr 110>
				+0   > . 11:21(10) ack 1 <nop,nop,TS val * ecr 110>
			`,
			says: [][]reply{
				nil, say("S. 0:0(0) ack 1 <sackOK,TS val 4294967290 ecr 100,nop,mss 1460>"),
				append(later(10*time.Millisecond, ". 1:11(10) ack 1 <nop,nop,TS val 14 ecr 110>"),
					later(10*time.Millisecond, ". 11:21(10) ack 1 <nop,nop,TS val 9 ecr 110>")...),
			},
			check: func(t *testing.T, f *fake) {
				s, err := Decode(f.got[1], f.flow.Reverse())
				if err != nil || s.Options[2].Ecr.N != 4294967290 {
					t.Errorf("the peer sent %s, %v", s, err)
				}
			},
		},
		"a stack that dials": {
			text: `
				+0    do! dial
				+0    > S 0:0(0) win 65535
				+.1   < S. 0:0(0) ack 1 win 1000 <mss 1460>
				+0    done dial = connected
				+0    > . 1:1(0) ack 1
			`,
			cfg:  func(c *Config) { c.StackPort = 0 },
			says: [][]reply{later(time.Microsecond, "S 0:0(0) win 65535"), say(". 1:1(0) ack 1")},
			calls: Calls{"dial": func(...string) (string, error) {
				time.Sleep(100*time.Millisecond + 2*time.Microsecond)
				return "connected", nil
			}},
		},
		"two connections and a second peer": {
			text: `
				+0 < 8001>80 S 0:0(0) win 1
				+0 > 80>8001 S. 0:0(0) ack 1
				+0 < 10.0.0.9:8002>80 S 0:0(0) win 1
				+0 > 80>10.0.0.9:8002 S. 0:0(0) ack 1
				+0 > a>8003 S 0:0(0)
				+0 < 8003>a R. 0:0(0) ack 1
				+0 > a>8003 S 0:0(0)
			`,
			cfg: func(c *Config) { c.Others = append(c.Others, otherIP) },
			says: [][]reply{
				nil, say("80>8001 S. 0:0(0) ack 1"),
				say("80>10.0.0.9:8002 S. 0:0(0) ack 1", "1234>8003 S 0:0(0)"), say("1234>8003 S 0:0(0)"),
			},
		},
		"a new initial sequence number": {
			text: `
				+0 < S 0:0(0) win 1
				+0 > S. 0:0(0) ack 1
				+0 forget
				+0 < S 1000:1000(0) win 1
				+0 > S. 0:0(0) ack 1001
			`,
			says: [][]reply{nil, say("S. 0:0(0) ack 1"), say("S. 77:77(0) ack 1001")},
		},
	})
}

// absolute is a reply of a stack that has no connection, so that no number of it
// is relative to its own ISS.
func absolute(text string) reply {
	s, err := ParseSegment(text)
	if err != nil {
		panic(err)
	}
	s.Seq -= stackISS
	return reply{text: s.String()}
}

func TestTimes(t *testing.T) {
	answer := func(after time.Duration) [][]reply {
		return [][]reply{nil, later(after, "S. 0:0(0) ack 1")}
	}
	ask := "+0 < S 0:0(0) win 1\n"
	const ms = time.Millisecond
	runAll(t, map[string]scene{
		"exact":            {text: ask + "+.1 > S. 0:0(0) ack 1", says: answer(100 * ms)},
		"tolerance":        {text: ask + "+100ms > S. 0:0(0) ack 1", says: answer(100*ms + 900*time.Microsecond)},
		"early":            {text: ask + "+.1 > S. 0:0(0) ack 1", says: answer(90 * ms), fails: []string{"9.99", "early"}},
		"late":             {text: ask + "+.1 > S. 0:0(0) ack 1", says: answer(110 * ms), fails: []string{"nothing came by 0.100000s", "late"}},
		"missing":          {text: ask + "+.1 > S. 0:0(0) ack 1", fails: []string{"nothing came by 0.100000s", " got  nothing", "=>   2"}},
		"range":            {text: ask + "+.1~+.2 > S. 0:0(0) ack 1", says: answer(150 * ms)},
		"range, early":     {text: ask + "+.1~+.2 > S. 0:0(0) ack 1", says: answer(50 * ms), fails: []string{"early"}},
		"range, late":      {text: ask + "+.1~+.2 > S. 0:0(0) ack 1", says: answer(250 * ms), fails: []string{"50.00", "late"}},
		"absolute":         {text: "1 < S 0:0(0) win 1\n1.1 > S. 0:0(0) ack 1", says: answer(100 * ms)},
		"absolute range":   {text: "1 < S 0:0(0) win 1\n1.1~1200ms > S. 0:0(0) ack 1", says: answer(150 * ms)},
		"any time":         {text: ask + "* > S. 0:0(0) ack 1", says: answer(50 * time.Minute)},
		"not at any time":  {text: ask + "* > S. 0:0(0) ack 1", fails: []string{"nothing came by"}},
		"in the past":      {text: "1 < S 0:0(0) win 1\n.5 < . 1:1(0) ack 1", fails: []string{"line is for 0.500000s"}},
		"quiet":            {text: ask + "+5 > nothing\n+1 > S. 0:0(0) ack 1", says: answer(6 * time.Second)},
		"not quiet":        {text: ask + "+5 > nothing", says: answer(4999 * ms), fails: []string{"was to send nothing up to 5.000000s", " got  > S. 0:0(0) ack 1"}},
		"unexpected":       {text: ask + "+1 < . 1:1(0) ack 1", says: answer(100 * ms), fails: []string{"no line expects", "=>   2", "line 2, at 0.100002s"}},
		"left at the end":  {text: ask, says: answer(100 * time.Microsecond), fails: []string{"the end of the script", "no line expects"}},
		"between two sent": {text: ask + "+0 < . 1:1(0) ack 1\n+0 > S. 0:0(0) ack 1", says: answer(0)},
	})
}

// A script tells where it needs to be called.
func TestOutsideBubble(t *testing.T) {
	tb := &caught{}
	p := NewPeer(tb, Config{Device: wire.New(1).End(0)})
	p.Close()
	if !strings.Contains(tb.String(), "synctest.Test") {
		t.Errorf("the failure is %q", tb)
	}
}

// One history, however often it is played.
func TestDeterministic(t *testing.T) {
	sc := scene{text: handshake + "+.1 < P. 1:11(10) ack 1\n+0 > . 1:1(0) ack 11\n+0 do nothing\n+1 < F. 11:11(0) ack 1\n+.2 > S 1:1(0)",
		calls: Calls{"nothing": func(...string) (string, error) { return "", nil }},
		says:  shaken(say(". 1:1(0) ack 11"), later(200*time.Millisecond, "F. 1:1(0) ack 12"))}
	first := sc.play(t)
	if first == "" {
		t.Fatal("the script should fail")
	}
	for range 20 {
		if again := sc.play(t); again != first {
			t.Fatalf("another history:\n%s\n%s", first, again)
		}
	}
}

// A peer lives through several scripts and takes segments from a test's table.
func TestPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seg := wire.New(2)
		f := newFake(seg.End(0), shaken(nil, say(". 1:1(0) ack 11", ". 1:1(0) ack 11")))
		go f.run()
		p := NewPeer(t, Config{Device: seg.End(1), PeerMAC: peerMAC, StackMAC: stackMAC, PeerIP: peerIP, StackIP: stackIP, StackPort: 80})
		p.Play(handshake, nil)
		p.Play("+0 < . 1:1(0) ack 1", nil)
		p.Send(p.Parse("P. 1:11(10) ack 1 win 257"))
		all := p.Sent(time.Millisecond)
		if fmt.Sprint(all) != "[. 1:1(0) ack 11 win 0 . 1:1(0) ack 11 win 0]" || p.Now() < time.Millisecond {
			t.Errorf("the stack sent %v", all)
		}
		p.Close()
		f.dev.Close()
	})
}
