package stack

import (
	"fmt"
	"testing"
	"time"
)

// A peer that sends every second byte only gets a bounded number of pieces kept, and can
// send the rest again.
func TestReassemblyBound(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(accepted)
		defer p.Close()
		const pieces = maxOutOfOrder + 44
		for i := range pieces {
			p.Send(p.Parse(fmt.Sprintf(". %d:%d(1) ack 1 win 1000", 2+2*i, 3+2*i)))
			if n := len(p.Sent(time.Millisecond)); n != 1 {
				t.Fatalf("piece %d: %d ACKs", i, n)
			}
		}
		b.do(func() {
			if n := len(b.conn(8000).rcv.outOfOrder); n != maxOutOfOrder {
				t.Errorf("%d pieces are kept, want %d", n, maxOutOfOrder)
			}
		})
		p.Play(fmt.Sprintf(`
			+0 < . 1:%[1]d(%[2]d) ack 1 win 1000
			+0 > . 1:1(0) ack %[3]d
			+0 < . 1:%[4]d(%[5]d) ack 1 win 1000
			+0~+.2 > . 1:1(0) ack %[4]d
			+0 do read 10000 = %[5]d`,
			2*maxOutOfOrder, 2*maxOutOfOrder-1, 2*maxOutOfOrder+1, 2*pieces+1, 2*pieces), b.calls())
	})
}
