package stack

import (
	"bytes"
	"testing"
	"time"
)

// "If a retransmitted packet is identical to the original packet ..., then the same IPv4
// Identification field MAY be used" (RFC 9293 3.8.1, MAY-4). Ours is 0 each time: a datagram
// that must not be cut needs none (RFC 6864 4.1).
func TestRetransmissionIsIdentical(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(accepted)
		defer p.Close()
		b.take()
		b.stream(10)
		p.Sent(300 * time.Millisecond)
		frames := b.take()
		if len(frames) < 2 {
			t.Fatalf("%d frames", len(frames))
		}
		first := frames[0].frame
		if id := first[etherHeaderLen+4:][:2]; !bytes.Equal(id, []byte{0, 0}) {
			t.Errorf("the Identification is % x, want 0", id)
		}
		if !bytes.Equal(first, frames[1].frame) {
			t.Errorf("sent\n% x and then\n% x", first, frames[1].frame)
		}
	})
}

// A window that the peer takes back although it is in use: "SHOULD NOT time out the
// connection if data beyond the right window edge is not acknowledged" (RFC 9293 3.8.6,
// SHLD-17); and if it is zero, it is probed (MUST-35), as long as there are answers (MUST-37).
// The oldest segment is sent again whole, also beyond the edge (MAY-7).
func TestWindowTakenBackForHours(t *testing.T) {
	for name, left := range map[string]int{"all of it": 0, "half a segment is left": 500, "one segment is left": 1000} {
		t.Run(name, func(t *testing.T) {
			onRig(t, func(r *rig) {
				r.open(5000, optMSS+optSACK)
				una := r.una()
				r.c.SetNoDelay(true)
				for range 5 {
					r.write(1000)
				}
				edge := una.add(left)
				answered, beyond := 0, 0
				for range 3600 * 2 {
					for _, seg := range r.pass(time.Second) {
						if seg.seq.leq(una) && una.less(seg.seq.add(len(seg.data))) {
							una = seg.seq.add(min(len(seg.data), int(edge-seg.seq))) // what is in the window is taken
						}
						if left > 0 && edge.less(seg.seq.add(len(seg.data))) && seg.seq.less(edge) {
							beyond++
						}
						answered++
						r.in(r.ack(una, uint16(edge-una)))
					}
				}
				if r.state() != stateEstablished || una != edge || answered < 100 {
					t.Fatalf("after two hours and %d answers it is in %s; %d bytes of the window are left", answered, r.state(), edge-una)
				}
				if (beyond > 0) != (left == 500) {
					t.Errorf("%d segments went across the edge", beyond)
				}
				r.in(r.ack(una, 5000))
				for range 100 {
					for _, seg := range r.pass(100 * time.Millisecond) {
						una = seg.seq.add(len(seg.data))
					}
					r.in(r.ack(una, 5000))
				}
				if len(r.c.sentSegments.live()) > 0 {
					t.Error("the window is open again, and not everything has arrived")
				}
			})
		})
	}
}
