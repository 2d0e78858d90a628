package suite

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"framebyframe/shared/script"
)

// inState says which script of common.txt leads to a state of stateTable.
var inState = map[string]string{
	"CLOSED": "unlistened", "LISTEN": "listening", "SYN-SENT": "dialled", "ESTABLISHED": "handshake",
	"SYN-RECEIVED passive": "SYN-RECEIVED", "SYN-RECEIVED active": "SYN-RECEIVED-active",
}

// Every state that there is without text and FIN times every kind of segment at the edges of RCV.NXT, RCV.WND,
// SND.UNA and SND.NXT.
func testStates(t *testing.T, k *kind) {
	done := make(map[string]int)
	for _, r := range stateTable {
		r := r.in(k.part)
		for _, kind := range strings.Fields(r.segments) {
			for _, seq := range choose(r.seqs, "-1", "0", "W") {
				for _, ack := range r.ackList(kind) {
					name := strings.Join([]string{r.state, kind, seq, ack}, " ")
					done[name]++
					t.Run(name, func(t *testing.T) {
						onBench(t, k, Ours(), func(b *Bench) { b.apply(r, kind, seq, ack) })
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

func choose(words string, all ...string) []string {
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
	all := choose(r.acks, "una-1", "una", "una+1", "nxt+1")
	if r.state == "ESTABLISHED" {
		all = slices.DeleteFunc(all, func(s string) bool { return s == "una+1" })
	}
	return all
}

// apply leads the stack to the row's state, sends the segment, and looks at what
// becomes of it.
func (b *Bench) apply(r rule, kind, seq, ack string) {
	p := b.NewPeer("@" + inState[r.state])
	defer p.Close()
	before := strings.Fields(r.state)[0]
	una, nxt, wnd := 0, 1, 1
	if before == "ESTABLISHED" {
		una = 1
	}
	if before == "SYN-RECEIVED" || before == "ESTABLISHED" {
		wnd = max(wnd, b.window())
	}
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
	if after := p.State(); r.then != "?" && after != r.then {
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

// Every state that is open times every kind of segment at the edges of the window, of
// SND.UNA and of SND.NXT.
func testOpenStates(t *testing.T, k *kind) {
	done := make(map[string]int)
	for _, r := range openTable {
		r := r.in(k.part)
		for _, kind := range strings.Fields(r.segments) {
			for _, seq := range r.openSeqs(kind) {
				for _, ack := range r.openAcks(kind) {
					name := strings.Join([]string{r.state, kind, seq, ack}, " ")
					done[name]++
					t.Run(name, func(t *testing.T) {
						onBench(t, k, Ours(), func(b *Bench) { b.applyOpen(r, kind, seq, ack) })
					})
				}
			}
		}
	}
	for state := range openNumbers {
		for _, kind := range []string{"S", "S.", ".", "R", "R.", "F.", "data", "fin", "none"} {
			all := rule{state: state, seqs: "all", acks: "any"}
			for _, seq := range all.openSeqs(kind) {
				for _, ack := range all.openAcks(kind) {
					if name := strings.Join([]string{state, kind, seq, ack}, " "); done[name] != 1 {
						t.Errorf("the table has %q %d times, want once", name, done[name])
					}
				}
			}
		}
	}
}

// openSeqs are the values of SEG.SEQ that a row has for a kind of segment, counted
// from RCV.NXT. in and out are those with which it is acceptable, or not.
func (r rule) openSeqs(kind string) []string {
	in, out := []string{"0", "+1", "W-1"}, []string{"-1", "W", "W+1"}
	if kind == "fin" { // two numbers
		in, out = []string{"-1", "0", "+1", "W-1"}, []string{"W", "W+1"}
	}
	switch r.seqs {
	case "all":
		return slices.Concat(in, out)
	case "in":
		return in
	case "out":
		return out
	}
	return strings.Fields(r.seqs)
}

// openAcks are the values of SEG.ACK: una+1 only where something is not acknowledged.
func (r rule) openAcks(kind string) []string {
	switch {
	case !strings.HasSuffix(kind, ".") && kind != "data" && kind != "fin":
		return []string{""}
	case r.acks != "any":
		return strings.Fields(r.acks)
	case slices.Contains([]string{"ESTABLISHED", "FIN-WAIT-2", "CLOSE-WAIT", "TIME-WAIT"}, r.state):
		return []string{"una-1", "una", "nxt+1"}
	}
	return []string{"una-1", "una", "una+1", "nxt+1"}
}

// applyOpen leads the stack to the row's state, sends the segment, and looks at what
// becomes of it.
func (b *Bench) applyOpen(r rule, kind, seq, ack string) {
	p := b.NewPeer("@" + r.state)
	defer p.Close()
	if state := p.State(); state != r.state {
		b.Fatalf("it is in %s, want %s", state, r.state)
	}
	una, sndNxt, rcvNxt, wnd := b.numbers(r.state)
	shape := map[string]string{"data": "P. %d:%d(1)", "fin": "FP. %d:%d(1)", "none": "- %d:%d(0)"}[kind]
	if shape == "" {
		shape = kind + " %d:%d(0)"
	}
	at := rcvNxt + map[string]int{"-1": -1, "0": 0, "+1": 1, "W-1": wnd - 1, "W": wnd, "W+1": wnd + 1}[seq]
	end := at + strings.Count(shape, "(1)")
	segAck := map[string]int{"": 0, "una-1": una - 1, "una": una, "una+1": una + 1, "nxt+1": sndNxt + 1}[ack]
	seg := p.Parse(fmt.Sprintf(shape+" ack %d win 1000", at, end, segAck))
	if r.answer == "syn" {
		p.Play("+0 forget")
	}
	p.Send(seg)
	want, wait, more := "", time.Millisecond, 0
	switch _, err := fmt.Sscanf(r.answer, "ack+%d", &more); {
	case err == nil:
		wait = 150 * time.Millisecond
		fallthrough
	case r.answer == "ack":
		want = fmt.Sprintf(". %d:%d(0) ack %d", sndNxt, sndNxt, rcvNxt+more)
	case r.answer == "rst":
		want = fmt.Sprintf("R %d:%d(0) <>", segAck, segAck)
	case r.answer == "syn":
		want = fmt.Sprintf("S. 0:0(0) ack %d", at+1)
	}
	b.wantAnswer(p, seg, p.Sent(wait), want)
	if state := p.State(); state != r.then {
		b.Errorf("after %s it is in %s, want %s", seg, state, r.then)
	}
}

// wantAnswer checks what the stack made of a segment: one, or none.
func (b *Bench) wantAnswer(p *Player, seg script.Segment, got []script.Segment, want string) {
	b.Helper()
	switch {
	case want == "" && len(got) == 0:
	case want == "" || len(got) != 1:
		b.Errorf("to %s it says %v, want %q", seg, got, want)
	default:
		if err := p.Parse(want).Match(got[0], nil); err != nil {
			b.Errorf("to %s it says %s:\n%v", seg, got[0], err)
		}
	}
}

// openNumbers are SND.UNA, SND.NXT and RCV.NXT in each state, counted from the initial ones.
var openNumbers = map[string][3]int{
	"SYN-RECEIVED": {0, 1, 1},
	"ESTABLISHED":  {1, 1, 1},
	"FIN-WAIT-1":   {1, 2, 1},
	"FIN-WAIT-2":   {2, 2, 1},
	"CLOSE-WAIT":   {1, 1, 2},
	"CLOSING":      {1, 2, 2},
	"LAST-ACK":     {1, 2, 2},
	"TIME-WAIT":    {2, 2, 2},
}

// numbers are these, and RCV.WND.
func (b *Bench) numbers(state string) (una, sndNxt, rcvNxt, wnd int) {
	if state != "TIME-WAIT" {
		wnd = b.window()
	}
	n := openNumbers[state]
	return n[0], n[1], n[2], wnd
}

// window is what the stack's last segment says of its window, which nobody scales here.
func (b *Bench) window() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range slices.Backward(b.sent) {
		if packet := f.Bytes[14:]; packet[0]>>4 == 4 && packet[9] == 6 {
			return int(binary.BigEndian.Uint16(packet[int(packet[0]&15)*4+14:]))
		}
	}
	return 0
}

// in is the rule as a part has it: before part 5, which sends a SYN,ACK again when it may be lost, the same SYN once
// more is outside of the window like any other segment there.
func (r rule) in(part int) rule {
	if part < 5 && strings.HasPrefix(r.state, "SYN-RECEIVED") && r.segments == "S" && r.seqs == "-1" {
		switch r.answer {
		case "syn":
			r.answer = "ack"
		case "<SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>":
			r.answer = "<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>"
		}
	}
	return r
}
