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
	{"`ping 10.0.0.4`", "ARP answers, so the kernel knows where to send its echo request. That is an IPv4 datagram, and nobody here speaks IPv4: it is dropped.", func(b *bench) {
		b.send(append(capturedIPv4, make([]byte, 64)...))
		b.silence()
		b.wantDropped(errEtherType, 1)
	}},
}

func TestGaps(t *testing.T) {
	for _, g := range gaps {
		t.Run(g.try, func(t *testing.T) { onBench(t, g.check) })
	}
}
