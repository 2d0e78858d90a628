package stack

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"
)

// A Write that fails says how much it has taken, and that is what is sent.
func TestScriptWritePartly(t *testing.T) {
	onBench(t, func(b *bench) {
		p := b.NewPeer(opened("<mss 1460>", 0))
		defer p.Close()
		c := b.kept()
		c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		n, err := c.Write(make([]byte, 16<<20))
		b.do(func() {
			if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n != c.snd.text.size {
				t.Errorf("Write returned %d, %v, and there are %d in the buffer", n, err, c.snd.text.size)
			}
		})
		c.Abort()
	})
}

// A Write waits while the buffer is full. One that comes second waits for the end of the
// first, even if there is room: their bytes do not mix.
func TestScriptWriteWaits(t *testing.T) {
	onBench(t, func(b *bench) {
		p := b.NewPeer(opened("<mss 1460>", 1460))
		defer p.Close()
		c := b.kept()
		type result struct {
			n   int
			err error
		}
		first, second := make(chan result, 1), make(chan result, 1)
		go func() { n, err := c.Write(make([]byte, 16<<20)); first <- result{n, err} }()
		p.Play(`
			+0 > . 1:1461(1460) ack 1 data *
			+0 < . 1:1(0) ack 1461 win 0
			+.01 > nothing`)
		go func() { n, err := c.Write([]byte{1, 2, 3}); second <- result{n, err} }()
		b.Advance(time.Millisecond)
		if len(first)+len(second) > 0 {
			t.Fatal("Write has not waited")
		}
		p.Send(p.Parse("R 1:1(0)"))
		if r := <-first; !errors.Is(r.err, syscall.ECONNRESET) || r.n == 0 {
			t.Errorf("the first Write returned %v", r)
		}
		if r := <-second; !errors.Is(r.err, syscall.ECONNRESET) || r.n != 0 {
			t.Errorf("the second Write returned %v", r)
		}
	})
}

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
