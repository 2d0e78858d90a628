package stack

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// much is more than any window and buffer take.
var much = make([]byte, 32<<20)

// readOne and writeMuch are calls that wait: for a byte, or for a peer who reads.
func readOne(c *Conn) func() error {
	return func() error { _, err := c.Read(make([]byte, 1)); return err }
}

func writeMuch(c *Conn) func() error {
	return func() error { _, err := c.Write(much); return err }
}

// wantOpError checks that an error wraps want and says whose it is, as those of package
// net do.
func wantOpError(t *testing.T, err error, op string, want error) {
	t.Helper()
	var opErr *net.OpError
	if !errors.Is(err, want) || !errors.As(err, &opErr) || opErr.Op != op || opErr.Net != "tcp" || opErr.Addr == nil {
		t.Errorf("%s: got %v, want a net.OpError around %q", op, err, want)
		return
	}
	timeout := want == os.ErrDeadlineExceeded
	if opErr.Timeout() != timeout {
		t.Errorf("%s: %v says that it is a timeout: %v", op, err, opErr.Timeout())
	}
}

// Close ends Reads and Writes that wait, with net.ErrClosed, and so do all calls after it.
func TestConnCloseUnblocks(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, _ := p.connect(80)
		read, write := p.call(readOne(ours)), p.call(writeMuch(ours))
		if err := ours.Close(); err != nil {
			t.Error(err)
		}
		wantOpError(t, <-read, "read", net.ErrClosed)
		wantOpError(t, <-write, "write", net.ErrClosed)
		wantOpError(t, readOne(ours)(), "read", net.ErrClosed)
		wantOpError(t, writeMuch(ours)(), "write", net.ErrClosed)
		wantOpError(t, ours.Close(), "close", net.ErrClosed)
		for _, set := range []func() error{
			func() error { return ours.SetDeadline(time.Time{}) },
			func() error { return ours.SetReadDeadline(time.Time{}) },
			func() error { return ours.SetWriteDeadline(time.Time{}) },
			func() error { return ours.SetLinger(1) },
			func() error { return ours.SetNoDelay(true) },
		} {
			wantOpError(t, set(), "set", net.ErrClosed)
		}
		wantOpError(t, ours.CloseRead(), "close", net.ErrClosed)
		wantOpError(t, ours.CloseWrite(), "close", net.ErrClosed)

		ours, _ = p.connect(80)
		ours.CloseWrite()
		time.Sleep(time.Second)
		start := time.Now()
		read = p.call(readOne(ours))
		ours.Close() // changes no state any more
		wantAfter(t, start, 0, <-read, "read", net.ErrClosed)
	})
}

// Close of the stack ends whatever waits, with net.ErrClosed.
func TestStackCloseUnblocks(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, _ := p.connect(80)
		l := p.listen(81)
		read, write := p.call(readOne(ours)), p.call(writeMuch(ours))
		accept := p.call(func() error { _, err := l.Accept(); return err })
		p.ours.Close()
		wantOpError(t, <-read, "read", net.ErrClosed)
		wantOpError(t, <-write, "write", net.ErrClosed)
		wantOpError(t, <-accept, "accept", net.ErrClosed)
		if _, err := p.ours.Listen(82); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Listen: %v", err)
		}
		_, err := p.ours.DialContext(p.Context(), "tcp", "10.0.0.1:80")
		wantOpError(t, err, "dial", net.ErrClosed)
	})
}

// A reset by the peer ends what waits and what comes later, with ECONNRESET (RFC 9293
// 3.10.7.4, second: "any outstanding RECEIVEs and SENDs should receive 'reset' responses").
// What was there to be read is gone: "all segment queues should be flushed".
func TestConnReset(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, peer := p.connect(80)
		read, write := p.call(readOne(ours)), p.call(writeMuch(ours))
		peer.Abort()
		wantOpError(t, <-read, "read", syscall.ECONNRESET)
		wantOpError(t, <-write, "write", syscall.ECONNRESET)
		wantOpError(t, writeMuch(ours)(), "write", syscall.ECONNRESET)
		wantOpError(t, readOne(peer)(), "read", net.ErrClosed)

		ours, peer = p.connect(80)
		peer.Write([]byte("unread"))
		time.Sleep(time.Second)
		peer.Abort()
		time.Sleep(time.Second)
		wantOpError(t, readOne(ours)(), "read", syscall.ECONNRESET)
		if err := ours.Close(); err != nil {
			t.Errorf("Close after the reset: %v", err)
		}
	})
}

// A user who closes without having read everything resets the connection, so that the
// peer learns that data were lost (RFC 9293 3.6.1, SHLD-3; RFC 2525 2.17); one who has
// read all of it resets only what comes later.
func TestConnCloseUnread(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, peer := p.connect(80)
		peer.Write([]byte("unread"))
		time.Sleep(time.Second)
		ours.Close()
		time.Sleep(time.Second)
		wantOpError(t, readOne(peer)(), "read", syscall.ECONNRESET)

		ours, peer = p.connect(80)
		ours.Close()
		if err := readOne(peer)(); err != io.EOF {
			t.Errorf("behind the last byte: %v, want EOF", err)
		}
		if _, err := peer.Write([]byte("too late")); err != nil {
			t.Errorf("Write to a peer who has closed: %v, and he may have closed only his half", err)
		}
		time.Sleep(time.Second)
		wantOpError(t, writeMuch(peer)(), "write", syscall.ECONNRESET)
	})
}

// A linger time that is less than 0 is none, and one that is too long for the clock is long: in neither case does Close
// throw away what was written.
func TestConnLingerLimits(t *testing.T) {
	onPair(t, func(p *pair) {
		for _, sec := range []int{-1, math.MinInt32, math.MinInt, math.MinInt + 1, math.MaxInt32, math.MaxInt} {
			ours, peer := p.connect(80)
			if err := ours.SetLinger(sec); err != nil {
				t.Error(err)
			}
			start := time.Now()
			ours.Write([]byte("x"))
			go ours.Close()
			if text, err := io.ReadAll(peer); err != nil || string(text) != "x" || time.Since(start) > time.Second {
				t.Errorf("SetLinger(%d): the peer got %q, %v", sec, text, err)
			}
			peer.Close()
		}
	})
}

// CloseWrite closes one half (RFC 9293 3.6: "the user who CLOSEs may continue to RECEIVE
// until the TCP receiver is told that the remote peer has CLOSED also"). A Write that
// waits is told, and so are later ones.
func TestConnCloseWrite(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, peer := p.connect(80)
		write := p.call(writeMuch(ours))
		if err := ours.CloseWrite(); err != nil {
			t.Error(err)
		}
		wantOpError(t, <-write, "write", syscall.EPIPE)
		wantOpError(t, writeMuch(ours)(), "write", syscall.EPIPE)
		if n, err := io.Copy(io.Discard, peer); err != nil || n < 1 {
			t.Errorf("the peer read %d bytes, %v, want what was written before CloseWrite", n, err)
		}
		peer.Write([]byte("one more"))
		peer.Close()
		if text, err := io.ReadAll(ours); err != nil || string(text) != "one more" {
			t.Errorf("read %q, %v", text, err)
		}
		wantOpError(t, ours.CloseWrite(), "close", syscall.ENOTCONN) // as shutdown(2) says when both have closed
		if err := ours.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// CloseRead ends Reads; what the peer sends is acknowledged and thrown away, however
// much it is.
func TestConnCloseRead(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, peer := p.connect(80)
		read := p.call(readOne(ours))
		if err := ours.CloseRead(); err != nil {
			t.Error(err)
		}
		if err := <-read; err != io.EOF {
			t.Errorf("Read that waited: %v, want EOF", err)
		}
		if _, err := peer.Write(make([]byte, 1<<20)); err != nil {
			t.Errorf("the peer's Write: %v", err)
		}
		if err := readOne(ours)(); err != io.EOF {
			t.Errorf("Read: %v, want EOF", err)
		}
		if _, err := ours.Write([]byte("x")); err != nil {
			t.Errorf("Write: %v", err)
		}
		if err := readOne(peer)(); err != nil {
			t.Errorf("the peer's Read: %v", err)
		}
	})
}
