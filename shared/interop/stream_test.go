//go:build linux

package interop

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
)

// newStream is n bytes that look random and are the same for each seed.
func newStream(seed uint64, n int) io.Reader {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	return io.LimitReader(rand.NewChaCha8(key), int64(n))
}

// chargen is the bytes that /bytes/N sends, and RFC 864's service: lines of 72 characters, each beginning one later.
type chargen struct{ at int }

func (c *chargen) Read(b []byte) (int, error) {
	for i := range b {
		line, column := c.at/74, c.at%74
		switch column {
		case 72:
			b[i] = '\r'
		case 73:
			b[i] = '\n'
		default:
			b[i] = ' ' + byte((line+column)%95)
		}
		c.at++
	}
	return len(b), nil
}

func newChargen(n int) io.Reader { return io.LimitReader(&chargen{}, int64(n)) }

// sameStreams reads both to their ends and wants the same bytes.
func sameStreams(got, want io.Reader) error {
	a, b := make([]byte, 64<<10), make([]byte, 64<<10)
	for at := 0; ; {
		n, err := io.ReadFull(got, a)
		m, _ := io.ReadFull(want, b)
		if !bytes.Equal(a[:n], b[:m]) {
			return fmt.Errorf("the streams differ between %d and %d, or end (%v)", at, at+max(n, m), err)
		}
		at += n
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return err
		}
	}
}
