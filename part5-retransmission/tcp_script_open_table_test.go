package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"framebyframe/shared/script"
)

// Every state that is open times every kind of segment at the edges of the window, of
// SND.UNA and of SND.NXT.
func TestScriptOpenTable(t *testing.T) {
	done := make(map[string]int)
	for _, r := range openTable {
		for _, kind := range strings.Fields(r.segments) {
			for _, seq := range r.openSeqs(kind) {
				for _, ack := range r.openAcks(kind) {
					name := strings.Join([]string{r.state, kind, seq, ack}, " ")
					done[name]++
					t.Run(name, func(t *testing.T) {
						onTCPBench(t, func(b *tcpBench) { b.applyOpen(r, kind, seq, ack) })
					})
				}
			}
		}
	}
	for state := range inOpenState {
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
func (b *tcpBench) applyOpen(r rule, kind, seq, ack string) {
	p := b.newPeer(inOpenState[r.state])
	defer p.Close()
	if state := string(b.stateOrTimeWait(8000)); state != r.state {
		b.Fatalf("it is in %s, want %s", state, r.state)
	}
	una, sndNxt, rcvNxt, wnd := b.numbers()
	shape := map[string]string{"data": "P. %d:%d(1)", "fin": "FP. %d:%d(1)", "none": "- %d:%d(0)"}[kind]
	if shape == "" {
		shape = kind + " %d:%d(0)"
	}
	at := rcvNxt + map[string]int{"-1": -1, "0": 0, "+1": 1, "W-1": wnd - 1, "W": wnd, "W+1": wnd + 1}[seq]
	end := at + strings.Count(shape, "(1)")
	segAck := map[string]int{"": 0, "una-1": una - 1, "una": una, "una+1": una + 1, "nxt+1": sndNxt + 1}[ack]
	seg := p.Parse(fmt.Sprintf(shape+" ack %d win 1000", at, end, segAck))
	if r.answer == "syn" {
		p.Play("+0 forget", nil)
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
	if state := string(b.stateOrTimeWait(8000)); state != r.then {
		b.Errorf("after %s it is in %s, want %s", seg, state, r.then)
	}
}

// wantAnswer checks what the stack made of a segment: one, or none.
func (b *tcpBench) wantAnswer(p *script.Peer, seg script.Segment, got []script.Segment, want string) {
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

// numbers are SND.UNA, SND.NXT, RCV.NXT and RCV.WND, counted from the initial ones.
func (b *tcpBench) numbers() (una, sndNxt, rcvNxt, wnd int) {
	irs := seqNum(0x10000000)
	b.do(func() {
		if c := b.conn(8000); c != nil {
			una, sndNxt = int(c.snd.una-c.snd.iss), int(c.snd.nxt-c.snd.iss)
			rcvNxt, wnd = int(c.rcv.nxt-irs), c.rcv.wnd
		} else if w := b.timeWait(8000); w != nil {
			una, sndNxt, rcvNxt = 2, 2, int(w.rcvNxt-irs)
		}
	})
	return una, sndNxt, rcvNxt, wnd
}
