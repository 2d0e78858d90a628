package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"framebyframe/shared/script"
)

// rule is a row of the table of all states and segments: what a state makes of a
// kind of segment. Numbers and answers are the RFC's (9293 3.10.7).
type rule struct {
	state    string // at first; some have a word more
	segments string // kinds: flags as tcpdump shows them, data (one byte, with ACK), none (no flags)
	seqs     string // SEG.SEQ - RCV.NXT; W: just behind the window; any: all three
	acks     string // SEG.ACK: una-1, una, una+1, nxt+1; any: all of them, or no ACK
	answer   string // - is silence, ? is nothing or an ACK: it depends on the window
	then     string // the state; ? if that depends on the window
}

// In LISTEN and SYN-SENT the ACK is looked at before anything is known of the
// sequence number; after that it is the other way round.
var stateTable = []rule{
	{"CLOSED", "R R.", "any", "any", "-", "CLOSED"},
	{"CLOSED", "S none", "any", "any", "<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>", "CLOSED"},
	{"CLOSED", "S. . F. data", "any", "any", "<SEQ=SEG.ACK><CTL=RST>", "CLOSED"},

	{"LISTEN", "R R.", "any", "any", "-", "LISTEN"},
	{"LISTEN", "S. . F. data", "any", "any", "<SEQ=SEG.ACK><CTL=RST>", "LISTEN"},
	{"LISTEN", "S", "any", "any", "<SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>", "SYN-RECEIVED"},
	{"LISTEN", "none", "any", "any", "-", "LISTEN"},

	{"SYN-SENT", "S. . F. data", "any", "una-1 una nxt+1", "<SEQ=SEG.ACK><CTL=RST>", "SYN-SENT"},
	{"SYN-SENT", "R.", "any", "una-1 una nxt+1", "-", "SYN-SENT"},
	{"SYN-SENT", "R.", "any", "una+1", "-", "CLOSED"},
	{"SYN-SENT", "R none", "any", "any", "-", "SYN-SENT"},
	{"SYN-SENT", "S.", "any", "una+1", "<SEQ=SND.NXT><ACK=SEG.SEQ+1><CTL=ACK>", "ESTABLISHED"},
	{"SYN-SENT", "S", "any", "any", "<SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>", "SYN-RECEIVED"},
	{"SYN-SENT", ". F. data", "any", "una+1", "-", "SYN-SENT"},

	{"SYN-RECEIVED passive", "R R.", "-1 W", "any", "-", "SYN-RECEIVED"},
	{"SYN-RECEIVED passive", "S", "-1", "any", "<SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>", "SYN-RECEIVED"}, // the same SYN
	{"SYN-RECEIVED passive", "S", "W", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "SYN-RECEIVED"},
	{"SYN-RECEIVED passive", "S. . F. data none", "-1 W", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "SYN-RECEIVED"},
	{"SYN-RECEIVED passive", "R R. S S.", "0", "any", "-", "LISTEN"},
	{"SYN-RECEIVED passive", "none", "0", "any", "-", "SYN-RECEIVED"},
	{"SYN-RECEIVED passive", ". F. data", "0", "una-1 una nxt+1", "<SEQ=SEG.ACK><CTL=RST>", "SYN-RECEIVED"},
	{"SYN-RECEIVED passive", ".", "0", "una+1", "-", "ESTABLISHED"},
	{"SYN-RECEIVED passive", "data", "0", "una+1", "?", "ESTABLISHED"},
	{"SYN-RECEIVED passive", "F.", "0", "una+1", "?", "?"},

	{"SYN-RECEIVED active", "R R.", "-1 W", "any", "-", "SYN-RECEIVED"},
	{"SYN-RECEIVED active", "S", "-1", "any", "<SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>", "SYN-RECEIVED"}, // the same SYN
	{"SYN-RECEIVED active", "S", "W", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "SYN-RECEIVED"},
	{"SYN-RECEIVED active", ". F. data none", "-1 W", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "SYN-RECEIVED"},
	{"SYN-RECEIVED active", "S.", "W", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "SYN-RECEIVED"},
	{"SYN-RECEIVED active", "S.", "-1", "una-1 una nxt+1", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "SYN-RECEIVED"},
	// The peer's SYN,ACK: old by the sequence check, and in figure 7 what opens it.
	{"SYN-RECEIVED active", "S.", "-1", "una+1", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "?"},
	{"SYN-RECEIVED active", "R R.", "0", "any", "-", "CLOSED"},
	{"SYN-RECEIVED active", "S S.", "0", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "SYN-RECEIVED"},
	{"SYN-RECEIVED active", "none", "0", "any", "-", "SYN-RECEIVED"},
	{"SYN-RECEIVED active", ". F. data", "0", "una-1 una nxt+1", "<SEQ=SEG.ACK><CTL=RST>", "SYN-RECEIVED"},
	{"SYN-RECEIVED active", ".", "0", "una+1", "-", "ESTABLISHED"},
	{"SYN-RECEIVED active", "data", "0", "una+1", "?", "ESTABLISHED"},
	{"SYN-RECEIVED active", "F.", "0", "una+1", "?", "?"},

	{"ESTABLISHED", "R R.", "-1 W", "any", "-", "ESTABLISHED"},
	{"ESTABLISHED", "S S. . F. data none", "-1 W", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "ESTABLISHED"},
	{"ESTABLISHED", "R R.", "0", "any", "-", "LISTEN"}, // CLOSED, and the listener is still there
	{"ESTABLISHED", "S S.", "0", "any", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "ESTABLISHED"},
	{"ESTABLISHED", "none", "0", "any", "-", "ESTABLISHED"},
	{"ESTABLISHED", ". F. data", "0", "nxt+1", "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", "ESTABLISHED"},
	{"ESTABLISHED", ".", "0", "una-1 una", "-", "ESTABLISHED"},
	{"ESTABLISHED", "data", "0", "una-1 una", "?", "ESTABLISHED"},
	{"ESTABLISHED", "F.", "0", "una-1 una", "?", "?"},
}

// inState are scripts that lead to the states.
var inState = map[string]string{
	"CLOSED":   "+0 do unlisten",
	"LISTEN":   "+0 state LISTEN",
	"SYN-SENT": dialled,
	"SYN-RECEIVED passive": `
		+0 < S 0:0(0) win 1000 <mss 1460>
		+0 > S. 0:0(0) ack 1`,
	"SYN-RECEIVED active": dialled + `
		+0 < S 0:0(0) win 1000 <mss 1460>
		+0 > S. 0:0(0) ack 1`,
	"ESTABLISHED": handshake,
}

// Every state of this part times every kind of segment at the edges of RCV.NXT,
// RCV.WND, SND.UNA and SND.NXT.
func TestScriptStateTable(t *testing.T) {
	done := make(map[string]int)
	for _, r := range stateTable {
		for _, kind := range strings.Fields(r.segments) {
			for _, seq := range expand(r.seqs, "-1", "0", "W") {
				for _, ack := range r.ackList(kind) {
					name := strings.Join([]string{r.state, kind, seq, ack}, " ")
					done[name]++
					t.Run(name, func(t *testing.T) {
						onTCPBench(t, func(b *tcpBench) { b.apply(r, kind, seq, ack) })
					})
				}
			}
		}
	}
	for state := range inState {
		for _, kind := range []string{"S", "S.", ".", "R", "R.", "F.", "data", "none"} {
			for _, seq := range []string{"-1", "0", "W"} {
				for _, ack := range (rule{state: state, acks: "any"}).ackList(kind) {
					if name := strings.Join([]string{state, kind, seq, ack}, " "); done[name] != 1 {
						t.Errorf("the table has %q %d times, want once", name, done[name])
					}
				}
			}
		}
	}
}

func expand(words string, all ...string) []string {
	if words == "any" {
		return all
	}
	return strings.Fields(words)
}

// ackList are the values that a row has for a kind of segment. What has been
// acknowledged altogether, as in ESTABLISHED, has no una+1.
func (r rule) ackList(kind string) []string {
	if !strings.HasSuffix(kind, ".") && kind != "data" {
		return []string{""}
	}
	all := expand(r.acks, "una-1", "una", "una+1", "nxt+1")
	if r.state == "ESTABLISHED" {
		all = slices.DeleteFunc(all, func(s string) bool { return s == "una+1" })
	}
	return all
}

// apply leads the stack to the row's state, sends the segment, and looks at what
// becomes of it.
func (b *tcpBench) apply(r rule, kind, seq, ack string) {
	p := b.newPeer(inState[r.state])
	defer p.Close()
	before := strings.Fields(r.state)[0]
	una, nxt, wnd := 0, 1, 1
	if before == "ESTABLISHED" {
		una = 1
	}
	b.do(func() {
		if c := b.conn(8000); c != nil {
			wnd = max(wnd, c.rcv.wnd)
		}
	})
	flags, n := kind, 0
	switch kind {
	case "data":
		flags, n = ".", 1
	case "none":
		flags = "-"
	}
	segSeq := 1 + map[string]int{"-1": -1, "0": 0, "W": wnd}[seq]
	segAck := map[string]int{"": 0, "una-1": una - 1, "una": una, "una+1": una + 1, "nxt+1": nxt + 1}[ack]
	seg := p.Parse(fmt.Sprintf("%s %d:%d(%d) ack %d win 1000", flags, segSeq, segSeq+n, n, segAck))
	p.Send(seg)
	got := p.Sent(10 * time.Millisecond)

	answer := strings.NewReplacer(
		"-", "", "?", "",
		"<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>", fmt.Sprintf("R. 0:0(0) ack %d", segSeq+seqLen(seg)),
		"<SEQ=SEG.ACK><CTL=RST>", fmt.Sprintf("R %d:%d(0)", segAck, segAck),
		"<SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>", fmt.Sprintf("S. 0:0(0) ack %d", segSeq+1),
		"<SEQ=SND.NXT><ACK=SEG.SEQ+1><CTL=ACK>", fmt.Sprintf(". 1:1(0) ack %d", segSeq+1),
		"<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", ". 1:1(0) ack 1",
	).Replace(r.answer)
	switch {
	case r.answer == "?" && (len(got) == 0 || len(got) == 1 && got[0].Flags == script.ACK && got[0].Len == 0):
	case answer == "" && len(got) == 0:
	case answer != "" && len(got) == 1:
		if err := p.Parse(answer).Match(got[0], nil); err != nil {
			b.Errorf("to %s it says %s:\n%v", seg, got[0], err)
		}
	default:
		b.Errorf("to %s it says %v, want %s", seg, got, r.answer)
	}
	if after := string(b.state(8000)); r.then != "?" && after != r.then {
		b.Errorf("after %s it is in %s, want %s", seg, after, r.then)
	}
}

// seqLen is SEG.LEN.
func seqLen(s script.Segment) int {
	n := s.Len
	for _, f := range []script.Flags{script.SYN, script.FIN} {
		if s.Flags&f != 0 {
			n++
		}
	}
	return n
}
