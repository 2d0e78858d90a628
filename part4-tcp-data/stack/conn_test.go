package stack

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"framebyframe/shared/script"
)

// What is a timeout says so: that of a deadline, and that of a connection.
func TestScriptTimeoutIsTimeout(t *testing.T) {
	onBench(t, func(b *bench) {
		p := b.NewPeer(accepted)
		defer p.Close()
		c := b.kept()
		for _, reason := range []error{os.ErrDeadlineExceeded, syscall.ETIMEDOUT, errOrphan} {
			if err := c.opError("read", reason); !os.IsTimeout(err) || !errors.Is(err, reason) {
				t.Errorf("%v is no timeout, or not %v", err, reason)
			}
		}
		if err := c.opError("read", syscall.ECONNRESET); os.IsTimeout(err) {
			t.Errorf("%v is a timeout", err)
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
