package stack

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// What is a timeout says so: that of a deadline, and that of a connection.
func TestScriptTimeoutIsTimeout(t *testing.T) {
	onTCPBench(t, func(b *tcpBench) {
		p := b.newPeer(accepted)
		defer p.Close()
		c := b.kept()
		for _, reason := range []error{os.ErrDeadlineExceeded, syscall.ETIMEDOUT, errOrphan} {
			if err := c.opError("read", reason); !os.IsTimeout(err) || !errors.Is(err, reason) {
				t.Errorf("%v is no timeout, or not %v", err, reason)
			}
		}
		if err := c.opError("read", syscall.ECONNRESET); os.IsTimeout(err) {
			t.Errorf("%v is a timeout", err)
		}
	})
}
