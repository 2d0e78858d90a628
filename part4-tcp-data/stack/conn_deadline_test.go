package stack

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"time"
)

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
func TestDeadlinePast(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, peer := p.connect(80)
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
func TestDeadlineFuture(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, peer := p.connect(80)
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
func TestDeadlineMoved(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, peer := p.connect(80)
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
func TestDeadlineOneDirection(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, peer := p.connect(80)
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
func TestLingerZero(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, peer := p.connect(80)
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
func TestLingerDelivered(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, peer := p.connect(80)
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
func fillSendBuffer(c *Conn) {
	c.SetWriteDeadline(time.Now().Add(time.Second))
	c.Write(much)
	c.SetWriteDeadline(time.Time{})
}

// With SetLinger(n), Close waits for no longer than n seconds, and the connection ends.
func TestLingerInVain(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, _ := p.connect(80)
		p.cable.End(1).SetLink(false)
		ours.Write([]byte("nobody gets this"))
		ours.SetLinger(5)
		start := time.Now()
		if err := ours.Close(); err != nil || time.Since(start) != 5*time.Second {
			t.Errorf("Close returned %v after %v", err, time.Since(start))
		}
		p.ours.mu.Lock()
		defer p.ours.mu.Unlock()
		if ours.state != stateClosed {
			t.Errorf("the connection is in %s", ours.state)
		}
	})
}

// A peer that never closes its half does not keep a connection for ever that our user
// has closed: it ends with ETIMEDOUT after 60 seconds in FIN-WAIT-2.
func TestOrphan(t *testing.T) {
	onPair(t, func(p *pair) {
		ours, _ := p.connect(80)
		ours.Close()
		for _, want := range []tcpState{stateFinWait2, stateClosed} {
			time.Sleep(orphanTimeout - time.Second)
			p.ours.mu.Lock()
			if ours.state != want {
				t.Errorf("the connection is in %s, want %s", ours.state, want)
			}
			p.ours.mu.Unlock()
		}
		p.ours.mu.Lock()
		defer p.ours.mu.Unlock()
		if !errors.Is(ours.err, syscall.ETIMEDOUT) {
			t.Errorf("it ended because of %v", ours.err)
		}
	})
}
