package main

import (
	"testing"

	"framebyframe/shared/script"
)

// gap is something that this part cannot do yet. The chapter's "Not yet" is made
// from these; the next part closes some of them.
type gap struct {
	try   string // what a reader would try
	here  string // what happens in this part
	check func(b *bench)
}

var gaps = []gap{
	{"explicit congestion notification (RFC 3168)", "A peer whose SYN asks for ECN gets a SYN,ACK that says no: routers have to drop frames to tell us that there are too many.", func(b *bench) {
		b.play(`
			+0 < SEW 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1`)
	}},
	{"TCP Fast Open (RFC 7413)", "Data in a SYN are not taken: the peer has to send them again, a round trip later.", func(b *bench) {
		b.play(`
			+0 < S 0:6(6) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1
			+0 < . 7:7(0) ack 1 win 1000
			+0 < P. 1:7(6) ack 1 win 1000
			+0 > P. 1:7(6) ack 7`)
	}},
}

// play runs a script against an echo service on port 80.
func (b *bench) play(text string) {
	b.Helper()
	if err := serve(b.s, 80, echo); err != nil {
		b.Fatal(err)
	}
	script.Run(b.T, script.Config{
		Device: b.peer, PeerMAC: peerMAC, StackMAC: ourMAC, PeerIP: peerIP, StackIP: ourIP, StackPort: 80,
	}, text, nil)
}

func TestGaps(t *testing.T) {
	for _, g := range gaps {
		t.Run(g.try, func(t *testing.T) { onBench(t, g.check) })
	}
}
