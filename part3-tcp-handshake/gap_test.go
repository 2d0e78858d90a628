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
	{"`echo hello | nc 10.0.0.4 80`", "The connection opens, but there is no buffer to receive into: our window is 0, and the six bytes stay in the kernel's Send-Q.", func(b *bench) {
		b.play(`
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1 win 0
			+0 < . 1:1(0) ack 1 win 1000
			+0 < P. 1:7(6) ack 1 win 1000
			+0 > . 1:1(0) ack 1 win 0`)
	}},
	{"closing the connection", "A FIN takes a sequence number like a byte of data, and does not fit into a window of 0 either. The connection stays until it is reset to make room for the 257th.", func(b *bench) {
		b.play(`
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1
			+0 < . 1:1(0) ack 1 win 1000
			+0 < F. 1:1(0) ack 1 win 1000
			+0 > . 1:1(0) ack 1
			+60 > nothing`)
	}},
	{"`-drop '1:[S.]'`", "One lost segment, and the handshake hangs: nothing is ever sent a second time.", func(b *bench) {
		b.play(`
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > S. 0:0(0) ack 1
			+60 > nothing
			+0 < S 0:0(0) win 1000 <mss 1460>
			+0 > . 1:1(0) ack 1
			+60 > nothing`)
	}},
}

// play runs a script against a listener on port 80.
func (b *bench) play(text string) {
	b.Helper()
	if _, err := b.s.Listen(80); err != nil {
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
