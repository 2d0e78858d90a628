package suite

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

// What the parts do not let a program change: how long TIME-WAIT lasts, and how long a connection that nobody uses any
// more waits for the peer's FIN.
const (
	timeWaitLen   = 60 * time.Second
	orphanTimeout = 60 * time.Second
)

// much is more than any window and buffer take.
var much = make([]byte, 32<<20)

// readOne and writeMuch are calls that wait: for a byte, or for a peer who reads.
func readOne(c TCP) func() error {
	return func() error { _, err := c.Read(make([]byte, 1)); return err }
}

func writeMuch(c TCP) func() error {
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
func testConnCloseUnblocks(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, _ := p.Connect(80)
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

		ours, _ = p.Connect(80)
		ours.CloseWrite()
		time.Sleep(time.Second)
		start := time.Now()
		read = p.call(readOne(ours))
		ours.Close() // changes no state any more
		wantAfter(t, start, 0, <-read, "read", net.ErrClosed)
	})
}

// Close of the stack ends whatever waits, with net.ErrClosed.
func testStackCloseUnblocks(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, _ := p.Connect(80)
		l := p.listen(81)
		read, write := p.call(readOne(ours)), p.call(writeMuch(ours))
		accept := p.call(func() error { _, err := l.Net.Accept(); return err })
		p.Ours.Close()
		wantOpError(t, <-read, "read", net.ErrClosed)
		wantOpError(t, <-write, "write", net.ErrClosed)
		wantOpError(t, <-accept, "accept", net.ErrClosed)
		if _, err := p.kind.listen(p.Ours, 82); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Listen: %v", err)
		}
		_, err := dialTCP(p.Context(), p.Ours, "10.0.0.1:80")
		wantOpError(t, err, "dial", net.ErrClosed)
	})
}

// A reset by the peer ends what waits and what comes later, with ECONNRESET (RFC 9293
// 3.10.7.4, second: "any outstanding RECEIVEs and SENDs should receive 'reset' responses").
// What was there to be read is gone: "all segment queues should be flushed".
func testConnReset(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, peer := p.Connect(80)
		read, write := p.call(readOne(ours)), p.call(writeMuch(ours))
		peer.Abort()
		wantOpError(t, <-read, "read", syscall.ECONNRESET)
		wantOpError(t, <-write, "write", syscall.ECONNRESET)
		wantOpError(t, writeMuch(ours)(), "write", syscall.ECONNRESET)
		wantOpError(t, readOne(peer)(), "read", net.ErrClosed)

		ours, peer = p.Connect(80)
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
func testConnCloseUnread(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, peer := p.Connect(80)
		peer.Write([]byte("unread"))
		time.Sleep(time.Second)
		ours.Close()
		time.Sleep(time.Second)
		wantOpError(t, readOne(peer)(), "read", syscall.ECONNRESET)

		ours, peer = p.Connect(80)
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
func testConnLingerLimits(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		for _, sec := range []int{-1, math.MinInt32, math.MinInt, math.MinInt + 1, math.MaxInt32, math.MaxInt} {
			ours, peer := p.Connect(80)
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
func testConnCloseWrite(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, peer := p.Connect(80)
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
func testConnCloseRead(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, peer := p.Connect(80)
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

// wantAfter checks that a call that began at start has ended with an error after d.
func wantAfter(t *testing.T, start time.Time, d time.Duration, err error, op string, want error) {
	t.Helper()
	wantOpError(t, err, op, want)
	if got := time.Since(start); got != d {
		t.Errorf("%s ended after %v, want %v", op, got, d)
	}
}

// A deadline that is over makes every call fail at once, also if there would be
// something to do; it may be taken back, and then nothing is lost.
func testDeadlinePast(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, peer := p.Connect(80)
		peer.Write([]byte("hello"))
		time.Sleep(time.Second)
		start := time.Now()
		ours.SetDeadline(start.Add(-time.Second))
		wantAfter(t, start, 0, readOne(ours)(), "read", os.ErrDeadlineExceeded)
		wantAfter(t, start, 0, writeMuch(ours)(), "write", os.ErrDeadlineExceeded)
		ours.SetReadDeadline(time.Time{})
		text := make([]byte, 5)
		if _, err := io.ReadFull(ours, text); err != nil || string(text) != "hello" {
			t.Errorf("read %q, %v", text, err)
		}
		wantAfter(t, start, 0, writeMuch(ours)(), "write", os.ErrDeadlineExceeded)
		ours.SetWriteDeadline(time.Time{})
		if _, err := ours.Write(text); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(peer, text); err != nil || string(text) != "hello" {
			t.Errorf("the peer read %q, %v", text, err)
		}
	})
}

// A deadline ends calls that wait when its time comes, to the nanosecond, each direction
// by itself; Write says how much it has taken.
func testDeadlineFuture(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, peer := p.Connect(80)
		start := time.Now()
		ours.SetReadDeadline(start.Add(2 * time.Second))
		ours.SetWriteDeadline(start.Add(3 * time.Second))
		read := p.call(readOne(ours))
		taken := 0
		write := p.call(func() (err error) { taken, err = ours.Write(much); return err })
		wantAfter(t, start, 2*time.Second, <-read, "read", os.ErrDeadlineExceeded)
		wantAfter(t, start, 3*time.Second, <-write, "write", os.ErrDeadlineExceeded)
		ours.CloseWrite()
		if n, err := io.Copy(io.Discard, peer); err != nil || n != int64(taken) || n == 0 {
			t.Errorf("the peer read %d bytes, %v; Write has said %d", n, err, taken)
		}
	})
}

// A deadline can be moved and cleared while a call waits for it.
func testDeadlineMoved(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, peer := p.Connect(80)
		start := time.Now()
		ours.SetReadDeadline(start.Add(2 * time.Second))
		read := p.call(readOne(ours))
		time.Sleep(time.Second)
		ours.SetReadDeadline(start.Add(5 * time.Second))
		wantAfter(t, start, 5*time.Second, <-read, "read", os.ErrDeadlineExceeded)

		ours.SetReadDeadline(start.Add(time.Hour))
		read = p.call(readOne(ours))
		ours.SetReadDeadline(time.Now())
		wantAfter(t, start, 5*time.Second, <-read, "read", os.ErrDeadlineExceeded)

		write := p.call(writeMuch(ours))
		ours.SetWriteDeadline(time.Now())
		wantAfter(t, start, 5*time.Second, <-write, "write", os.ErrDeadlineExceeded)

		ours.SetReadDeadline(time.Now().Add(time.Second))
		read = p.call(readOne(ours))
		ours.SetReadDeadline(time.Time{})
		time.Sleep(time.Hour)
		peer.Write([]byte("x"))
		if err := <-read; err != nil {
			t.Errorf("Read whose deadline was cleared: %v", err)
		}
	})
}

// A deadline of one connection's Read does not end a Write, nor one of Writes a Read.
func testDeadlineOneDirection(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, peer := p.Connect(80)
		ours.SetWriteDeadline(time.Now())
		peer.Write([]byte("x"))
		if err := readOne(ours)(); err != nil {
			t.Errorf("Read: %v", err)
		}
		ours.SetDeadline(time.Time{})
		ours.SetReadDeadline(time.Now())
		if _, err := ours.Write([]byte("x")); err != nil {
			t.Errorf("Write: %v", err)
		}
	})
}

// With SetLinger(0), Close resets the connection and throws away what was not delivered.
func testLingerZero(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, peer := p.Connect(80)
		ours.Write(make([]byte, 1000))
		ours.SetLinger(0)
		ours.Close()
		time.Sleep(time.Second)
		if err := readOne(peer)(); err == nil || err == io.EOF {
			t.Errorf("the peer's Read: %v, want an error", err)
		}
	})
}

// With SetLinger(n), Close waits until the peer has acknowledged everything.
func testLingerDelivered(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, peer := p.Connect(80)
		fillSendBuffer(ours)
		ours.SetLinger(100)
		start := time.Now()
		closed := p.call(ours.Close)
		time.Sleep(30 * time.Second)
		if _, err := io.Copy(io.Discard, peer); err != nil {
			t.Errorf("the peer read until %v, want EOF", err)
		}
		if err := <-closed; err != nil || time.Since(start).Round(time.Second) != 30*time.Second {
			t.Errorf("Close returned %v after %v", err, time.Since(start))
		}
	})
}

// fillSendBuffer writes until the peer's window and our buffer are full.
func fillSendBuffer(c TCP) {
	c.SetWriteDeadline(time.Now().Add(time.Second))
	c.Write(much)
	c.SetWriteDeadline(time.Time{})
}

// With SetLinger(n), Close waits for no longer than n seconds, and the connection ends.
func testLingerInVain(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, _ := p.Connect(80)
		p.Cable.End(1).SetLink(false)
		ours.Write([]byte("nobody gets this"))
		ours.SetLinger(5)
		start := time.Now()
		if err := ours.Close(); err != nil || time.Since(start) != 5*time.Second {
			t.Errorf("Close returned %v after %v", err, time.Since(start))
		}
		if state := p.stateOf(ours); state != "" {
			t.Errorf("the connection is in %s", state)
		}
	})
}

// A peer that never closes its half does not keep a connection for ever that our user
// has closed: it ends with ETIMEDOUT after 60 seconds in FIN-WAIT-2.
func testOrphan(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		ours, _ := p.Connect(80)
		ours.Close()
		for _, want := range []string{"FIN-WAIT-2", ""} {
			time.Sleep(orphanTimeout - time.Second)
			if state := p.stateOf(ours); state != want {
				t.Errorf("the connection is in %s, want %s", state, want)
			}
		}
		if err := k.ended(t, ours); !errors.Is(err, syscall.ETIMEDOUT) {
			t.Errorf("it ended because of %v", err)
		}
	})
}
