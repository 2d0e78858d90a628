package suite

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// must fails the test if a call of a program that is not wild fails, or if the error is
// one that no program should get.
func (x *actor) must(t *testing.T, call string, err error) {
	if err != nil {
		x.note("%s: %v", call, err)
	}
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	expected := errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ETIMEDOUT) ||
		errors.Is(err, syscall.ENOTCONN) && (call == "CloseRead" || call == "CloseWrite") // both ends have closed
	if !x.wild || !expected {
		t.Errorf("%v: %s: %v", x.c.LocalAddr(), call, err)
	}
}

// pause sleeps for a while, now and then, and never ends at the instant of another's.
func pause(dice *rand.Rand) {
	if dice.IntN(3) == 0 {
		time.Sleep(time.Duration(dice.Int64N(int64(300 * time.Millisecond))))
	}
}

// someBytes is a number of bytes: small and large ones are as likely.
func someBytes(dice *rand.Rand) int { return 1 + dice.IntN(1<<(1+dice.IntN(17))) }

// write writes at random, and in the end closes its half, or leaves that to Close.
func (x *actor) write(t *testing.T, dice *rand.Rand) {
	text, b := Stream(x.seed), make([]byte, 0, 1<<18)
	for range dice.IntN(12) {
		pause(dice)
		switch dice.IntN(8) {
		case 0:
			x.must(t, "SetWriteDeadline", x.c.SetWriteDeadline(time.Now().Add(time.Duration(dice.Int64N(int64(time.Second))))))
		case 1:
			x.must(t, "SetNoDelay", x.c.SetNoDelay(dice.IntN(2) == 0))
		}
		more := someBytes(dice) - len(b) // what a Write left goes first
		if more > 0 {
			b = b[:len(b)+more]
			io.ReadFull(text, b[len(b)-more:])
		}
		n, err := x.c.Write(b)
		x.note("Write(%d) = %d", len(b), n)
		x.must(t, "Write", err)
		b = append(b[:0], b[n:]...)
		x.mu.Lock()
		x.wrote += int64(n)
		x.mu.Unlock()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			x.must(t, "SetWriteDeadline", x.c.SetWriteDeadline(time.Time{}))
		} else if err != nil {
			return
		}
	}
	if !x.wild || dice.IntN(2) == 0 {
		x.note("CloseWrite")
		x.must(t, "CloseWrite", x.c.CloseWrite())
	}
}

// readAll reads up to the end, and compares.
func (x *actor) readAll(t *testing.T, dice *rand.Rand) {
	want, got, expected := Stream(x.other.seed), make([]byte, 1<<18), make([]byte, 1<<18)
	for {
		pause(dice)
		if dice.IntN(8) == 0 {
			x.must(t, "SetReadDeadline", x.c.SetReadDeadline(time.Now().Add(time.Duration(dice.Int64N(int64(time.Second))))))
		}
		n, err := x.c.Read(got[:someBytes(dice)])
		io.ReadFull(want, expected[:n])
		if !bytes.Equal(got[:n], expected[:n]) {
			t.Errorf("%v: wrong bytes among %d to %d", x.c.LocalAddr(), x.read, x.read+int64(n))
		}
		x.read += int64(n)
		switch {
		case err == io.EOF:
			x.eof = true
			x.note("read %d, EOF", x.read)
			return
		case errors.Is(err, os.ErrDeadlineExceeded):
			x.must(t, "SetReadDeadline", x.c.SetReadDeadline(time.Time{}))
		case err != nil:
			x.must(t, "Read", err)
			return
		}
		if x.wild && dice.IntN(100) == 0 {
			x.note("CloseRead")
			x.must(t, "CloseRead", x.c.CloseRead())
			return
		}
	}
}

// end ends the connection in one of the ways that there are, at any time.
func (x *actor) end(t *testing.T, dice *rand.Rand) {
	time.Sleep(time.Duration(dice.Int64N(int64(3 * time.Second))))
	switch dice.IntN(6) {
	case 0:
		x.note("Abort")
		x.c.Abort()
	case 1:
		x.must(t, "SetLinger", x.c.SetLinger(dice.IntN(4)))
	case 2:
		x.note("CloseRead")
		x.deaf = true
		x.must(t, "CloseRead", x.c.CloseRead())
		time.Sleep(time.Duration(dice.Int64N(int64(3 * time.Second))))
	case 3:
		x.must(t, "CloseWrite", x.c.CloseWrite())
		time.Sleep(time.Duration(dice.Int64N(int64(3 * time.Second))))
	}
	x.note("Close")
	x.must(t, "Close", x.c.Close())
}

// judge checks what was promised: nobody reads more than was written, and EOF means that
// it was all; a program that is not wild delivers everything, and ends well.
func (x *actor) judge(t *testing.T, ended error) {
	wrote := x.other.wrote
	if x.read > wrote || x.eof && !x.deaf && x.read != wrote || !x.wild && !x.eof {
		t.Errorf("%v: read %d of %d bytes, EOF: %v", x.c.LocalAddr(), x.read, wrote, x.eof)
	}
	if ended != nil && !x.wild {
		t.Errorf("%v: ended with %v", x.c.LocalAddr(), ended)
	}
}
