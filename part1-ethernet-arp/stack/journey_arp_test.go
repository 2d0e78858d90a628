package stack

import (
	"testing"

	"github.com/google/gopacket/layers"
)

// The kernel asks for our address, and we answer.
func init() {
	journeys["request"] = func(t *testing.T) {
		onBench(t, func(b *bench) {
			b.leg("A request for our address comes in", func() { b.Send(capturedRequest) }, "Stack.setState")
			b.WantARP(b.One(), peerMAC, layers.ARPReply, ourIP, peerMAC, peerIP)
		})
	}
}
