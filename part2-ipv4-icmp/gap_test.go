package main

import "testing"

// gap is something that this part cannot do yet. The chapter's "Not yet" is made
// from these; the next part closes some of them.
type gap struct {
	try   string // what a reader would try
	here  string // what happens in this part
	check func(b *bench)
}

var gaps = []gap{
	{"`nc -z 10.0.0.4 80`", "The datagram arrives, but nobody here speaks TCP: we say \"protocol 6 unreachable\".", func(b *bench) {
		b.meet()
		b.sendIPv4(ipv4From(peerIP, 6), make([]byte, 20))
		b.wantDropped(errIPv4Protocol, 1)
		b.wantICMP(b.one(), icmpUnreachable, codeProtocolUnreachable)
	}},
}

func TestGaps(t *testing.T) {
	for _, g := range gaps {
		t.Run(g.try, func(t *testing.T) { onBench(t, g.check) })
	}
}
