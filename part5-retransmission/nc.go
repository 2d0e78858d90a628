package main

import (
	"context"
	"io"
	"net/netip"
	"time"
)

// lastWords is how long a program that is about to end waits for the peer to
// acknowledge what was sent.
const lastWords = 2 * time.Second

// runNC connects in to a peer and the peer to out, as the program nc does. When in
// ends, the peer is told; when the peer has closed, it is done.
func runNC(ctx context.Context, s *Stack, to netip.AddrPort, in io.Reader, out io.Writer) error {
	c, err := s.DialTCP(ctx, to)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, c.Abort)
	defer stop()
	go func() { // may outlive runNC, if in never ends
		_, _ = io.Copy(c, in) // if that fails, reading does so, too
		_ = c.CloseWrite()
	}()
	if _, err := io.Copy(out, c); err != nil {
		return err
	}
	_ = c.Close()
	s.Drain(lastWords)
	return nil
}
