package stack

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"framebyframe/shared/script"
)

// A sender that always fills the window, and a user who reads in small pieces: nothing
// is lost, the right edge never moves to the left (SHLD-14), and is never beyond the
// buffer.
func TestScriptReceiveWindowEdge(t *testing.T) {
	const size = 3000
	onBench(t, func(b *bench) {
		p := b.NewPeer(accepted + fmt.Sprintf("+0 do rcvbuf %d", size))
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

// "A TCP implementation MUST inform the application layer asynchronously whenever it
// receives an urgent pointer and there was previously no pending urgent data, or whenever
// the urgent pointer advances in the data stream" (RFC 9293 3.8.5, MUST-32).
func TestScriptUrgentNews(t *testing.T) {
	onBench(t, func(b *bench) {
		p := b.NewPeer(accepted)
		defer p.Close()
		news := make(chan struct{}, 1)
		if err := b.kept().NotifyUrgent(news); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			segment string
			told    int
		}{
			{". 1:1(0) ack 1 win 1000 urg 5", 0},
			{"U. 1:1(0) ack 1 win 1000 urg 0", 0}, // up to RCV.NXT, which is nothing
			{"U. 1:1(0) ack 1 win 1000 urg 5", 1},
			{"U. 1:1(0) ack 1 win 1000 urg 5", 0},
			{"U. 1:1(0) ack 1 win 1000 urg 4", 0},
			{"U. 1:1(0) ack 1 win 1000 urg 6", 1},
			{"UF. 1:1(0) ack 1 win 1000 urg 7", 1},
			{"U. 2:2(0) ack 1 win 1000 urg 8", 0}, // behind the FIN
		} {
			p.Send(p.Parse(c.segment))
			p.Sent(time.Millisecond)
			if len(news) != c.told {
				t.Errorf("%s: told %d times, want %d", c.segment, len(news), c.told)
			}
			if len(news) > 0 {
				<-news
			}
		}
	})
}

// Long after the last urgent data there still are none: numbers are compared modulo 2^32,
// and what is 2^31 behind is ahead.
func TestScriptUrgentLongAgo(t *testing.T) {
	onBench(t, func(b *bench) {
		p := b.NewPeer(accepted)
		defer p.Close()
		seg := p.Parse("P. 1:2(1) ack 1 win 1000")
		for range 5 {
			b.do(func() { // a quarter of all sequence numbers later
				rcv := &b.conn(8000).rcv
				rcv.nxt, rcv.read = rcv.nxt+1<<30, rcv.read+1<<30
			})
			seg.Seq += 1 << 30
			p.Send(seg)
			p.Sent(200 * time.Millisecond)
			if _, err := readStream(b.kept(), 1); err != nil {
				t.Fatal(err)
			}
			seg.Seq++
			if n := b.kept().Urgent(); n != 0 {
				t.Errorf("%d bytes of urgent data", n)
			}
		}
	})
}

// readStream reads once, and checks that the bytes are the stream's next.
func readStream(c *Conn, n int) (int, error) {
	c.s.mu.Lock()
	at := uint32(c.rcv.read - c.rcv.irs - 1)
	c.s.mu.Unlock()
	data := make([]byte, n)
	n, err := c.Read(data)
	if want := script.Bytes(script.Pattern, at, n); !bytes.Equal(data[:n], want) {
		return n, fmt.Errorf("read % x at %d of the stream, want % x", data[:n], at, want)
	}
	return n, err
}
