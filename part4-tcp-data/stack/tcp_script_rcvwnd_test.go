package stack

import (
	"fmt"
	"testing"
	"time"
)

// A sender that always fills the window, and a user who reads in small pieces: nothing
// is lost, the right edge never moves to the left (SHLD-14), and is never beyond the
// buffer.
func TestScriptReceiveWindowEdge(t *testing.T) {
	const size = 3000
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(accepted + fmt.Sprintf("+0 do rcvbuf %d", size))
		defer p.Close()
		at, edge, read := 1, 1+size, 0
		for i := 0; at < 100000; i++ {
			if n := min(edge-at, 1+i*37%1460); n > 0 {
				p.Send(p.Parse(fmt.Sprintf("P. %d:%d(%d) ack 1 win 1000", at, at+n, n)))
				at += n
			}
			answers := p.Sent(time.Duration(i%3) * 30 * time.Millisecond)
			n, err := readStream(b.kept(), 1+i*53%1000)
			if err != nil {
				t.Fatal(err)
			}
			read += n
			for _, seg := range append(answers, p.Sent(time.Millisecond)...) {
				next := int(seg.Ack) + int(seg.Win)
				if next < edge || next > read+1+size || seg.Flags.String() != "." {
					t.Fatalf("after %s the edge is at %d, and it was at %d, and %d are read", seg, next, edge, read)
				}
				edge = next
			}
		}
		b.wantDropped(errTCPWindow, 0)
	})
}
