package script

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// Calls are the functions that a script's lines call by name, with the line's
// words. Each runs in a goroutine of its own and must not fail the test itself:
// what it returns is compared with what stands behind the line's = sign.
type Calls map[string]func(args ...string) (string, error)

// errorNames are what a result can be called, beside the Config's names.
var errorNames = map[string]error{
	"EOF": io.EOF, "closed": net.ErrClosed, "timeout": os.ErrDeadlineExceeded,
	"canceled": context.Canceled, "deadline": context.DeadlineExceeded,
	"ECONNREFUSED": syscall.ECONNREFUSED, "ECONNRESET": syscall.ECONNRESET,
	"ECONNABORTED": syscall.ECONNABORTED, "ETIMEDOUT": syscall.ETIMEDOUT,
	"EHOSTUNREACH": syscall.EHOSTUNREACH, "ENETUNREACH": syscall.ENETUNREACH,
	"ENOPROTOOPT": syscall.ENOPROTOOPT, "EPIPE": syscall.EPIPE,
	"EADDRINUSE": syscall.EADDRINUSE, "EADDRNOTAVAIL": syscall.EADDRNOTAVAIL,
	"ENOTCONN": syscall.ENOTCONN, "EMSGSIZE": syscall.EMSGSIZE,
	"ENOBUFS": syscall.ENOBUFS, "EINVAL": syscall.EINVAL, "EIO": syscall.EIO,
}

// call is a line that calls a function.
type call struct {
	name   string
	args   []string
	want   string
	wanted bool // there is a = sign
	blocks bool // do!
}

// running is a call on its way.
type running struct {
	call
	done   chan struct{} // closed when it has returned
	result string
	err    error
	at     time.Duration // when it returned
}

func (c call) String() string {
	return strings.Join(append([]string{c.name}, c.args...), " ")
}

// launch runs the function in a goroutine of its own.
func (p *Peer) launch(c call) (*running, error) {
	f := p.calls[c.name]
	if f == nil {
		return nil, fmt.Errorf("there is no call named %q in the script's Calls", c.name)
	}
	r := &running{call: c, done: make(chan struct{})}
	go func() {
		r.result, r.err = f(c.args...)
		r.at = p.now()
		close(r.done)
	}()
	return r, nil
}

// returned waits until the call has returned, at most up to the deadline.
func (p *Peer) returned(r *running, deadline time.Duration) bool {
	p.settle()
	if d := deadline - p.now(); d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-r.done:
		case <-timer.C:
		}
		p.settle()
	}
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// check compares what a call returned with what its line wants.
func (r *running) check(want string, wanted bool, extra map[string]error) error {
	got := fmt.Sprintf("%q", r.result)
	if r.err != nil {
		got = fmt.Sprintf("the error %q", r.err)
	}
	target := extra[want]
	if target == nil {
		target = errorNames[want]
	}
	switch {
	case !wanted && r.err == nil:
		return nil
	case !wanted:
		return fmt.Errorf("%s returned %s, want success", r.call, got)
	case r.err != nil && target != nil && errors.Is(r.err, target):
		return nil
	case r.err != nil && target == nil && r.err.Error() == want:
		return nil
	case r.err == nil && r.result == want:
		return nil
	}
	return fmt.Errorf("%s returned %s, want %s", r.call, got, want)
}
