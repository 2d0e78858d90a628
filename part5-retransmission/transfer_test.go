package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
)

// stream is an endless stream of random bytes that is the same each time: nothing of
// it has to be kept to compare with it.
func stream(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

// halfConn is a connection that can be closed for writing alone.
type halfConn interface {
	io.Writer
	CloseWrite() error
}

// sendStream writes n bytes of a stream, and a FIN behind them.
func sendStream(c halfConn, seed byte, n int64) error {
	if _, err := io.CopyBuffer(onlyWriter{c}, io.LimitReader(stream(seed), n), make([]byte, 100_000)); err != nil {
		return err
	}
	return c.CloseWrite()
}

// receiveStream reads up to the peer's FIN and compares. each is called now and then.
func receiveStream(c io.Reader, seed byte, n int64, each func()) error {
	want, got, expected := stream(seed), make([]byte, 50_000), make([]byte, 50_000)
	var at int64
	for next := int64(0); ; {
		k, err := c.Read(got)
		io.ReadFull(want, expected[:k])
		if !bytes.Equal(got[:k], expected[:k]) {
			return fmt.Errorf("wrong bytes among %d to %d", at, at+int64(k))
		}
		if at += int64(k); at >= next {
			each()
			next = at + 1<<20
		}
		if err == io.EOF && at == n {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w behind %d bytes of %d", err, at, n)
		}
	}
}

// onlyWriter hides all methods but Write, as io.Copy would use others.
type onlyWriter struct{ io.Writer }

// 100 MB go from one stack to the other and arrive as they were (RFC 9293 2.2: "a
// reliable, in-order, byte-stream service"). The sequence numbers begin just below 2^32
// and so begin again at 0 (3.4: "all arithmetic dealing with sequence numbers must be
// performed modulo 2^32").
func TestTransferOneWay(t *testing.T) {
	size := int64(fewer(100 << 20))
	onPair(t, func(p *pair) {
		ours, peer := p.connectNear(80)
		sent := make(chan error, 1)
		go func() { sent <- sendStream(ours, 1, size) }()
		if err := receiveStream(peer, 1, size, p.check); err != nil {
			t.Error(err)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
		p.wantNumbers(ours, peer, int(size))
	})
}

// 20 MB in each direction at the same time: what one stack acknowledges goes with what
// it sends, and neither direction waits for the other.
func TestTransferBothWays(t *testing.T) {
	size := int64(fewer(20 << 20))
	onPair(t, func(p *pair) {
		ours, peer := p.connectNear(80)
		errs := make(chan error, 4)
		go func() { errs <- sendStream(ours, 1, size) }()
		go func() { errs <- sendStream(peer, 2, size) }()
		go func() { errs <- receiveStream(ours, 2, size, p.check) }()
		go func() { errs <- receiveStream(peer, 1, size, p.check) }()
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		p.wantNumbers(ours, peer, int(size))
		p.wantNumbers(peer, ours, int(size))
	})
}

// wantNumbers checks that the peer has taken size bytes, by its sequence numbers, and
// that these have begun again at 0 on the way.
func (p *pair) wantNumbers(from, to *Conn, size int) {
	p.Helper()
	to.s.mu.Lock()
	defer to.s.mu.Unlock()
	if n := int(to.rcv.nxt - to.rcv.irs); n != 1+size+1 { // SYN and FIN have one each
		p.Errorf("RCV.NXT is IRS + %d, want %d", n, size+2)
	}
	if from.snd.iss < to.rcv.nxt {
		p.Errorf("the numbers have gone from %d to %d and not begun again", from.snd.iss, to.rcv.nxt)
	}
}
