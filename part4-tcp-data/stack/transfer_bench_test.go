package stack

import (
	"context"
	"io"
	"net/netip"
	"os"
	"testing"
	"time"
)

// duct is one end of a cable of two, in real time, without any ado.
type duct struct {
	in, out chan ductFrame
	closed  chan bool
}

type ductFrame struct {
	n int
	b [1514]byte
}

func newDucts() (a, b *duct) {
	left, right := make(chan ductFrame, 4096), make(chan ductFrame, 4096)
	return &duct{left, right, make(chan bool)}, &duct{right, left, make(chan bool)}
}

func (d *duct) Read(b []byte) (int, error) {
	select {
	case f := <-d.in:
		return copy(b, f.b[:f.n]), nil
	case <-d.closed:
		return 0, os.ErrClosed
	}
}

func (d *duct) Write(b []byte) (int, error) {
	f := ductFrame{n: len(b)}
	copy(f.b[:], b)
	select {
	case d.out <- f:
	default: // full: it is lost
	}
	return len(b), nil
}

func (d *duct) Close() error  { close(d.closed); return nil }
func (d *duct) Buffered() int { return len(d.in) }

// BenchmarkTransfer moves data from one stack to another, each with its goroutines, over
// a channel.
func BenchmarkTransfer(b *testing.B) {
	left, right := newDucts()
	ours, peer := New(left, quietConfig()), New(right, peerConfig())
	for _, s := range []*Stack{ours, peer} {
		go s.Run()
		defer s.Close()
	}
	l, err := ours.Listen(9)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.Context(), 5*time.Second)
	defer cancel()
	from, err := peer.DialTCP(ctx, netip.AddrPortFrom(ourIP, 9))
	if err != nil {
		b.Fatal(err)
	}
	to, err := l.AcceptTCP()
	if err != nil {
		b.Fatal(err)
	}
	const size = 1 << 20
	part := make([]byte, 64<<10)
	b.SetBytes(size)
	b.ReportAllocs()
	go func() {
		for {
			if _, err := from.Write(part); err != nil {
				return
			}
		}
	}()
	text := make([]byte, size)
	for b.Loop() {
		if _, err := io.ReadFull(to, text); err != nil {
			b.Fatal(err)
		}
	}
}
