package stack

import "testing"

// A ping of the kernel's, and the echo reply. Whoever pings has asked for our address
// before, so that we know its own.
func init() {
	journeys["ping"] = func(t *testing.T) {
		onBench(t, func(b *bench) {
			b.meet()
			b.leg("An echo request comes in", func() {
				b.sendIPv4(ipv4From(peerIP, protocolICMP), echoRequest(1, pattern(56)))
			}, "checksum")
			b.wantEchoReply(b.One(), 1, pattern(56))
		})
	}
}
