package stack

import (
	"testing"
	"time"
)

// Below `recover`, which a timeout sets to the highest number that was sent, duplicate
// ACKs do not start a fast retransmit: they come from what was sent twice (RFC 6582 3.2,
// step 4, and 4.1).
func TestScriptNewRenoAfterTimeout(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(opened(plainPeer, 60000) + `
			+0  do write 5000 = 5000
			` + burst(1, 5001, true) + `
			+.2 > . 1:1001(1000) ack 1`)
		defer p.Close()
		var before int
		b.do(func() { before = b.conn(8000).cc.ssthresh })
		for range 10 {
			p.Send(p.Parse(". 1:1(0) ack 1 win 60000"))
			for _, seg := range p.Sent(time.Millisecond) {
				if int32(seg.Seq) == 1 {
					t.Errorf("sent again: %s", seg)
				}
			}
		}
		b.do(func() {
			if after := b.conn(8000).cc.ssthresh; after != before {
				t.Errorf("ssthresh has gone from %d to %d", before, after)
			}
		})
	})
}
