package outside

import (
	"fmt"
	"time"

	"framebyframe/shared/script"
)

// Played are the scripts that lines cannot say, because where segments begin and end is the stack's own matter. The keys are
// what the scripts' key "go" says.
var Played = map[string]func(t T, p *script.Peer){
	"sackThree":  sackThree,
	"sackOnce":   sackOnce,
	"sackBeyond": sackBeyond,
}

const (
	roundTrip = 300 * time.Millisecond // so the RTO is 900 ms, if it is no more
	sackWin   = 8000
	soon      = 250 * time.Millisecond // before the timer
)

// sent opens a connection with SACK, to the service chargen, and returns the segments that fill the window, or what of it
// the congestion window has room for: four at least.
func sent(t T, p *script.Peer) []script.Segment {
	t.Helper()
	p.Play(fmt.Sprintf(`
		+0 < S 0:0(0) win %d <mss 1000,nop,nop,sackOK>
		+0 > S. 0:0(0) ack 1 <sackOK,...>`, sackWin), nil)
	p.Sent(roundTrip)
	p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack 1 win %d", sackWin)))
	var all []script.Segment
	for _, s := range p.Sent(roundTrip / 2) {
		if s.Len > 0 {
			all = append(all, s)
		}
	}
	if len(all) < 4 {
		t.Fatalf("with a window of %d bytes it sends %d segments of text, want 4 at least", sackWin, len(all))
	}
	return all
}

func end(s script.Segment) int { return int(s.Seq) + s.Len }

// ack is an ACK of nothing new with a block from the second segment up to one.
func ack(p *script.Peer, from, to int) {
	p.Send(p.Parse(fmt.Sprintf(". 1:1(0) ack 1 win %d <nop,nop,sack %d:%d>", sackWin, from, to)))
}

// wantFirst wants the first segment again, and none that the peer has.
func wantFirst(t T, p *script.Peer, all []script.Segment) {
	t.Helper()
	found := false
	for _, s := range p.Sent(soon) {
		switch {
		case s.Seq == 1 && s.Len > 0:
			found = true
		case s.Len > 0 && int(s.Seq) < end(all[3]):
			t.Fatalf("%v is sent again, and the peer has it", s)
		}
	}
	if !found {
		t.Fatalf("the peer has what is behind the first segment, and within %v that is not sent again", soon)
	}
}

func sackThree(t T, p *script.Peer) {
	all := sent(t, p)
	for _, s := range all[1:4] {
		ack(p, end(all[0]), end(s))
	}
	wantFirst(t, p, all)
}

func sackOnce(t T, p *script.Peer) {
	all := sent(t, p)
	ack(p, end(all[0]), end(all[3]))
	wantFirst(t, p, all)
}

func sackBeyond(t T, p *script.Peer) {
	all := sent(t, p)
	last := end(all[len(all)-1])
	ack(p, end(all[0]), last+1001)
	ack(p, last+100000, last+200000)
	for _, s := range p.Sent(soon) {
		if s.Len > 0 && int(s.Seq) < last {
			t.Fatalf("%v is sent again, for blocks of what was never sent", s)
		}
	}
}
