package stack

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"framebyframe/shared/wire"
)

// wantTimeout checks that an error is what programs ask for to know a timeout, and not only
// ETIMEDOUT. Package net says the same when the kernel gives up.
func wantTimeout(t *testing.T, what string, err error) {
	t.Helper()
	var timeout net.Error
	if _, ok := err.(*net.OpError); !ok || !errors.Is(err, syscall.ETIMEDOUT) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%s: %v (%T) is no timeout", what, err, err)
	}
}

// A peer that does not answer is a timeout, whether he never did or does no longer: "signal
// the user 'error: connection aborted due to user timeout' in general and for any
// outstanding calls" (RFC 9293 3.10.8).
func TestConnTimeout(t *testing.T) {
	var deaf atomic.Bool
	lose := wire.Faults{DropOut: func(frame []byte) bool { return deaf.Load() && isIPv4(frame) }}
	onBadPair(t, lose, func(p *pair) {
		writer, _ := p.connect(80)
		reader, _ := p.connect(81)
		reader.SetKeepAlivePeriod(time.Second)
		deaf.Store(true)
		_, err := p.ours.DialContext(p.Context(), "tcp", "10.0.0.1:80")
		wantTimeout(t, "dial", err)
		_, err = writer.Write(much)
		wantTimeout(t, "Write", err)
		_, err = writer.Read(make([]byte, 1))
		wantTimeout(t, "Read after it", err)
		_, err = reader.Read(make([]byte, 1))
		wantTimeout(t, "Read, with keep-alives", err)
	})
}
