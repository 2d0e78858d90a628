package suite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"
)

// allCalls is what testAllCalls has measured.
type allCalls struct {
	calls, conns atomic.Int64
	moved        atomic.Int64
	mu           sync.Mutex
	longest      time.Duration // that a call has lasted behind the Close that ended it
}

// callLife is how long a connection lives, at most, and callLinger what Close may wait on top of it.
const (
	callLife   = 3 * time.Second
	callLinger = 2 * time.Second
)

// Many goroutines make all calls that there are at the same time, on many connections over a bad cable, and in the
// middle of it the connections are closed, several times each. All calls return, the last at the latest when Close does;
// what was read is how the stream began that was written; no timer and no goroutine is left. The race detector looks on.
func testAllCalls(t *testing.T, k *kind) {
	seeds := Many(10, 1000)
	if RaceEnabled {
		seeds /= 2
	}
	var total allCalls
	for seed := range uint64(seeds) {
		total.run(t, k, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	Row{
		Area: "application", What: "all calls at once over a bad cable", Source: "package net: \"Multiple goroutines may invoke methods on a Conn simultaneously\"",
		Tried: fmt.Sprintf("%d seeds, %d connections, %d calls of 20 kinds by 14 goroutines at each end, several Closes among them", seeds, total.conns.Load(), total.calls.Load()),
		Outcome: fmt.Sprintf("all return, %v behind the first Close at the latest, with a linger time of up to %v; %d bytes are read, all as they were written; no goroutine or timer is left",
			total.longest, callLinger, total.moved.Load()),
	}.Report(t)
}

func (all *allCalls) run(t *testing.T, k *kind, seed uint64) {
	synctest.Test(t, func(t *testing.T) {
		dice := rand.New(rand.NewPCG(seed, 14))
		faults := randomFaults(dice)
		if faults.Rate == 0 {
			faults.Rate = 20e6 // or the streams would take much of our time
		}
		p := newPair(t, k, wire.New(2), &faults, Ours())
		defer p.Close()
		var running sync.WaitGroup
		var ends []*caller
		for port := range uint16(6) {
			ours, peer := p.connectLossy(80 + port)
			if ours == nil {
				continue
			}
			all.conns.Add(1)
			a, b := &caller{all: all, host: p.Ours, c: ours, seed: 1}, &caller{all: all, host: p.Peer, c: peer, seed: 2}
			a.other, b.other = b, a
			ends = append(ends, a, b)
		}
		for _, e := range ends {
			e.begin(t, dice, &running)
		}
		late := time.AfterFunc(time.Hour, func() {
			for _, e := range ends {
				t.Errorf("a call has not returned: %s", look(e.c))
			}
			p.Close()
		})
		running.Wait()
		late.Stop()
		p.Check()
		time.Sleep(5 * time.Minute) // closeTimeout, orphanTimeout, timeWaitLen
		p.wantNothingLeft("five minutes later")
		for _, e := range ends {
			k.ended(t, e.c)
			if e.read > e.other.wrote.Load() {
				t.Errorf("%d bytes were read, %d written", e.read, e.other.wrote.Load())
			}
			all.moved.Add(e.read)
		}
	})
}

// caller is one end of a connection.
type caller struct {
	all    *allCalls
	host   Host
	c      TCP
	other  *caller
	seed   byte
	wrote  atomic.Int64 // bytes that the writer has offered
	read   int64
	closed atomic.Int64 // when Close was first called, in Unix nanoseconds; 0: not yet
}

// call makes a call and checks its error, and when it returns.
func (e *caller) call(t *testing.T, f func() error) error {
	e.all.calls.Add(1)
	began := time.Now().UnixNano()
	err := f()
	if at := e.closed.Load(); at != 0 {
		behind := time.Duration(time.Now().UnixNano() - max(at, began))
		e.all.mu.Lock()
		e.all.longest = max(e.all.longest, behind)
		e.all.mu.Unlock()
		if behind > callLinger {
			t.Errorf("a call has returned %v behind Close", behind)
		}
	}
	if err == nil || err == io.EOF {
		return err
	}
	var opErr *net.OpError
	known := errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ETIMEDOUT) ||
		errors.Is(err, syscall.ENOTCONN) // CloseRead and CloseWrite, when both ends have closed
	if !known || !errors.As(err, &opErr) {
		t.Errorf("an error that no program expects: %v", err)
	}
	return err
}

func fatal(err error) bool { return err != nil && !errors.Is(err, os.ErrDeadlineExceeded) }

// begin starts the goroutines of one end: one that writes a stream, one that reads the other's and compares, eight that
// make other calls at random, and four that close.
func (e *caller) begin(t *testing.T, dice *rand.Rand, running *sync.WaitGroup) {
	part := func(f func(t *testing.T, dice *rand.Rand)) {
		own := rand.New(rand.NewPCG(dice.Uint64(), 15))
		running.Go(func() { f(t, own) })
	}
	part(e.writeStream)
	part(e.readStream)
	for range 8 {
		part(e.anything)
	}
	for range 4 {
		part(e.close)
	}
}

func (e *caller) writeStream(t *testing.T, dice *rand.Rand) {
	text := Stream(e.seed)
	for rest := []byte(nil); ; {
		more := make([]byte, someBytes(dice))
		io.ReadFull(text, more)
		rest = append(rest, more...)
		e.wrote.Add(int64(len(more)))
		for len(rest) > 0 {
			n := 0
			err := e.call(t, func() (err error) { n, err = e.c.Write(rest); return err })
			if rest = rest[n:]; fatal(err) {
				return
			}
			pauseShort(dice)
		}
	}
}

func (e *caller) readStream(t *testing.T, dice *rand.Rand) {
	want, got, expected := Stream(e.other.seed), make([]byte, 1<<18), make([]byte, 1<<18)
	for {
		n := 0
		err := e.call(t, func() (err error) { n, err = e.c.Read(got[:someBytes(dice)]); return err })
		io.ReadFull(want, expected[:n])
		if !bytes.Equal(got[:n], expected[:n]) {
			t.Errorf("wrong bytes among %d to %d", e.read, e.read+int64(n))
		}
		if e.read += int64(n); err == io.EOF || fatal(err) {
			return
		}
		pauseShort(dice)
	}
}

// pauseShort sleeps for a moment, or not at all; a call whose deadline is over must not be repeated for ever at one
// instant.
func pauseShort(dice *rand.Rand) { time.Sleep(time.Duration(dice.Int64N(int64(3 * time.Millisecond)))) }

// allMethods are those that a TCP need not have.
type allMethods interface {
	SetKeepAlive(bool) error
	SetKeepAlivePeriod(time.Duration) error
	SetUserTimeout(time.Duration) error
	NotifyUrgent(chan<- struct{}) error
	Urgent() int
}

// anything makes calls at random until the connection is closed.
func (e *caller) anything(t *testing.T, dice *rand.Rand) {
	c, now := e.c, time.Now()
	more := c.(allMethods)
	soon := func() time.Time {
		return []time.Time{{}, now, time.Unix(0, 0), time.Now().Add(time.Duration(dice.Int64N(int64(20 * time.Millisecond))))}[dice.IntN(4)]
	}
	calls := []func() error{
		func() error { return c.SetDeadline(soon()) },
		func() error { return c.SetReadDeadline(soon()) },
		func() error { return c.SetWriteDeadline(soon()) },
		func() error { return c.SetDeadline(time.Time{}) },
		func() error { return c.SetNoDelay(dice.IntN(2) == 0) },
		func() error { return c.SetLinger(dice.IntN(int(callLinger/time.Second)+2) - 1) },
		func() error { return more.SetKeepAlive(dice.IntN(2) == 0) },
		func() error { return more.SetKeepAlivePeriod(time.Duration(dice.Int64N(int64(2 * time.Second)))) },
		func() error { return more.SetUserTimeout(time.Minute + time.Duration(dice.Int64N(int64(time.Hour)))) },
		func() error { return more.NotifyUrgent(make(chan struct{}, 1)) },
		func() error { _, _ = c.LocalAddr(), c.RemoteAddr(); return nil },
		func() error {
			_, _, _ = look(c), more.Urgent(), e.host.(interface{ TCPStatus(netip.Addr) string }).TCPStatus(PeerIP)
			return nil
		},
		func() error { _, err := c.Read(nil); return err },
		func() error { _, err := c.Write(nil); return err },
	}
	for e.closed.Load() == 0 {
		time.Sleep(time.Duration(dice.Int64N(int64(10 * time.Millisecond))))
		e.call(t, calls[dice.IntN(len(calls))])
	}
	for _, call := range calls { // all of them return behind Close, too
		e.call(t, call)
	}
}

// close ends the connection in the middle of it.
func (e *caller) close(t *testing.T, dice *rand.Rand) {
	time.Sleep(time.Duration(dice.Int64N(int64(callLife))))
	switch dice.IntN(4) {
	case 0:
		e.call(t, e.c.CloseWrite)
	case 1:
		e.call(t, e.c.CloseRead)
	}
	time.Sleep(time.Duration(dice.Int64N(int64(callLife))))
	e.closed.CompareAndSwap(0, time.Now().UnixNano())
	if dice.IntN(8) == 0 {
		e.c.Abort()
	}
	e.call(t, e.c.Close)
}
