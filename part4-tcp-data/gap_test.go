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
	{"`-drop '1:[S.]'`", "One lost segment, and the handshake hangs: nothing is ever sent a second time.", func(b *bench) {
		b.play(`
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1
			+60 > nothing
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > . 1:1(0) ack 1
			+60 > nothing`)
	}},
	{"`-drop '1:[P.]'`", "The same with data: the stream ends where the lost segment was. The peer cannot know, and we never send it again.", func(b *bench) {
		b.play(`
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1
			+0 < . 1:1(0) ack 1 win 1000
			+0 < P. 1:7(6) ack 1 win 1000
			+0 > P. 1:7(6) ack 7
			+60 > nothing
			+0 < P. 7:13(6) ack 1 win 1000
			+.040 > . 7:7(0) ack 13
			+60 > nothing`)
	}},
	{"`-drop '1:[F.]'`", "A lost FIN: the peer never learns that we have closed.", func(b *bench) {
		b.play(`
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1
			+0 < . 1:1(0) ack 1 win 1000
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1:1(0) ack 2
			+0 > F. 1:1(0) ack 2
			+60 > nothing`)
	}},
	{"`-reorder 5%`", "What comes too early is dropped: the peer has to send all of it again.", func(b *bench) {
		b.play(`
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1
			+0 < . 1:1(0) ack 1 win 1000
			+0 < P. 7:13(6) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+0 < P. 1:7(6) ack 1 win 1000
			+0 > P. 1:7(6) ack 7`)
	}},
	{"a window update that is lost", "We send into a window of 0 when we are told that it is open, and never ask.", func(b *bench) {
		b.play(`
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1
			+0 < . 1:1(0) ack 1 win 0
			+0 < P. 1:7(6) ack 1 win 0
			+.040 > . 1:1(0) ack 7
			+60 > nothing
			+0 < . 7:7(0) ack 1 win 1000
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
