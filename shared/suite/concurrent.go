package suite

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// The bytes of two Writes never mix, however many goroutines write and however much:
// each Write here is longer than the send buffer.
func testConcurrentWrites(t *testing.T, k *kind) {
	const writers, each, size = 8, 3, 200_000
	onPair(t, k, func(p *Pair) {
		ours, peer := p.Connect(80)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				for range each {
					if n, err := ours.Write(bytes.Repeat([]byte{byte(i)}, size)); n != size || err != nil {
						t.Errorf("Write returned %d, %v", n, err)
					}
				}
			})
		}
		go func() { all.Wait(); ours.CloseWrite() }()
		count, block := [writers]int{}, make([]byte, size)
		for {
			_, err := io.ReadFull(peer, block)
			if err == io.EOF {
				break
			}
			if err != nil || len(bytes.Trim(block, string(block[:1]))) > 0 {
				t.Fatalf("a block of %d and others, %v", block[0], err)
			}
			count[block[0]]++
		}
		for i, n := range count {
			if n != each {
				t.Errorf("%d blocks of writer %d, want %d", n, i, each)
			}
		}
	})
}

// Several goroutines that read share the stream: each byte is read once.
func testConcurrentReads(t *testing.T, k *kind) {
	const readers, size = 8, 1 << 20
	onPair(t, k, func(p *Pair) {
		ours, peer := p.Connect(80)
		go func() { peer.Write(bytes.Repeat([]byte{1}, size)); peer.CloseWrite() }()
		var all sync.WaitGroup
		var got [readers]int64
		for i := range readers {
			all.Go(func() {
				n, err := io.Copy(io.Discard, struct{ io.Reader }{ours})
				if err != nil {
					t.Error(err)
				}
				got[i] = n
			})
		}
		all.Wait()
		total := int64(0)
		for _, n := range got {
			total += n
		}
		if total != size {
			t.Errorf("%v bytes were read, together %d, want %d", got, total, size)
		}
	})
}

// All methods at the same time from many goroutines, and Close in the middle of it: all
// calls return, and one Close only has closed. The race detector looks on.
func testConcurrentMethods(t *testing.T, k *kind) {
	for range 5 {
		onPair(t, k, func(p *Pair) {
			ours, peer := p.Connect(80)
			var all sync.WaitGroup
			for _, c := range []TCP{ours, peer} {
				for _, call := range manyCalls(c) {
					all.Go(func() {
						for call() == nil {
							time.Sleep(5 * time.Microsecond)
						}
					})
				}
			}
			time.Sleep(time.Millisecond)
			closed := make(chan error, 8)
			for range cap(closed) {
				all.Go(func() { closed <- ours.Close() })
			}
			time.Sleep(time.Millisecond)
			p.Check()
			peer.Close()
			all.Wait()
			successes := 0
			for range cap(closed) {
				if err := <-closed; err == nil {
					successes++
				} else if !errors.Is(err, net.ErrClosed) {
					t.Errorf("Close: %v", err)
				}
			}
			if successes != 1 {
				t.Errorf("%d Closes of %d were the one that closed", successes, cap(closed))
			}
		})
	}
}

// manyCalls are all methods of a connection. Each fails once it is closed.
func manyCalls(c TCP) []func() error {
	deadlines := func(set func(time.Time) error) func() error {
		return func() error {
			time.Sleep(20 * time.Microsecond)
			return errors.Join(set(time.Now().Add(-time.Second)), set(time.Now().Add(time.Second)), set(time.Time{}))
		}
	}
	unless := func(f func() error) func() error { // a deadline has ended it
		return func() error {
			var timeout net.Error
			err := f()
			if errors.As(err, &timeout) && timeout.Timeout() {
				return nil
			}
			return err
		}
	}
	calls := []func() error{
		deadlines(c.SetDeadline), deadlines(c.SetReadDeadline), deadlines(c.SetWriteDeadline),
		func() error { return errors.Join(c.SetNoDelay(true), c.SetNoDelay(false)) },
		func() error { return c.SetLinger(-1) },
		func() error {
			_, _, _ = look(c), c.LocalAddr(), c.RemoteAddr()
			return c.SetLinger(-1)
		},
	}
	for range 4 {
		calls = append(calls,
			unless(func() error { _, err := c.Read(make([]byte, 5000)); return err }),
			unless(func() error { _, err := c.Write(make([]byte, 5000)); return err }))
	}
	return calls
}
