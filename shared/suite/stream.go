package suite

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
)

// Stream is an endless stream of random bytes that is the same each time: nothing of
// it has to be kept to compare with it.
func Stream(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

// halfConn is a connection that can be closed for writing alone.
type halfConn interface {
	io.Writer
	CloseWrite() error
}

// SendStream writes n bytes of a stream, and a FIN behind them.
func SendStream(c halfConn, seed byte, n int64) error {
	if _, err := io.CopyBuffer(onlyWriter{c}, io.LimitReader(Stream(seed), n), make([]byte, 100_000)); err != nil {
		return err
	}
	return c.CloseWrite()
}

// ReceiveStream reads up to the peer's FIN and compares. each is called now and then.
func ReceiveStream(c io.Reader, seed byte, n int64, each func()) error {
	want, got, expected := Stream(seed), make([]byte, 50_000), make([]byte, 50_000)
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
