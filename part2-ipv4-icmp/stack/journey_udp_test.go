package stack

import "testing"

// A datagram comes to a port that a program has opened, and the program answers.
func init() {
	journeys["datagram"] = func(t *testing.T) {
		onBench(t, func(b *bench) {
			b.meet()
			u := b.listenUDP(server.Port())
			var d Datagram
			b.leg("A datagram comes in, and a program reads it", func() {
				b.Send(udpFrame(client, server, pattern(6)))
				d, _ = u.Receive(b.Context())
			}, "transportChecksum", "UDPSocket.arrives", "UDPSocket.next")
			b.leg("The program answers", func() {
				if err := u.Send(Datagram{Peer: d.Peer, Data: d.Data}); err != nil {
					b.Error(err)
				}
			})
			b.wantUDP(b.One(), u.Port(), client, pattern(6))
		})
	}
}
