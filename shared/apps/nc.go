package apps

import (
	"context"
	"io"
	"net"
)

// halfCloser is what connections of TCP can do beside what net.Conn says.
type halfCloser interface {
	CloseWrite() error       // tells the peer that nothing more comes
	SetLinger(sec int) error // with 0, Close resets the connection
}

// NC connects in to a peer and the peer to out, as the program nc does. When in ends, the peer is told; when the peer has
// closed, it is done. It closes c.
func NC(ctx context.Context, c net.Conn, in io.Reader, out io.Writer) error {
	half, _ := c.(halfCloser)
	stop := context.AfterFunc(ctx, func() { // the user has had enough: the peer is reset
		if half != nil {
			_ = half.SetLinger(0)
		}
		_ = c.Close()
	})
	defer stop()
	go func() { // may outlive NC, if in never ends
		_, _ = io.Copy(c, in) // if that fails, reading does so, too
		if half != nil {
			_ = half.CloseWrite()
		}
	}()
	if _, err := io.Copy(out, c); err != nil {
		return err
	}
	return c.Close()
}
