package world

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
	"time"
)

const (
	byHand = 80 // the port on which the application does what the reader says
	echo   = 7  // the port on which everything is sent back

	maxTodo = 256 // calls of an application that wait for one that takes its time

	pingPatience = 10 * time.Second
)

// An app is the program on a host. It has one connection at a time, the last that was opened. Its calls are made one
// after the other, as in a program, but for reading, which goes on beside them.
type app struct {
	w    *World
	host int
	ctx  context.Context
	todo chan func()

	mu      sync.Mutex
	conn    conn
	pace    int           // bytes a second, 0: it reads nothing
	changed chan struct{} // closed and replaced when pace is
	wrote   int64
	read    int64
}

// unlimited is the pace of who reads all that is there.
const unlimited = -1

func newApp(ctx context.Context, w *World, host int) *app {
	a := &app{w: w, host: host, ctx: ctx, todo: make(chan func(), maxTodo), pace: unlimited, changed: make(chan struct{})}
	h := w.hosts[host]
	go func() {
		if err := h.Run(); err != nil {
			a.say("the stack has stopped: %v", err)
		}
	}()
	go a.work()
	a.serve(byHand, a.open)
	a.serve(echo, func(c conn) {
		if s, ok := c.(stream); ok {
			go func() {
				_, _ = io.CopyBuffer(s, s, make([]byte, 16<<10))
				_ = s.Close()
			}()
		}
	})
	return a
}

func (a *app) say(format string, args ...any) { a.w.say(a.host, fmt.Sprintf(format, args...)) }

// work makes one call after the other.
func (a *app) work() {
	for {
		select {
		case f := <-a.todo:
			f()
		case <-a.ctx.Done():
			return
		}
	}
}

// serve accepts connections on a port, if this part can.
func (a *app) serve(port uint16, f func(conn)) {
	accept, err := a.w.hosts[a.host].listen(port)
	if err != nil {
		return
	}
	go func() {
		for {
			c, err := accept()
			if err != nil {
				return
			}
			a.say("has accepted a connection on port %d", port)
			f(c)
		}
	}()
}

// do begins a call.
func (a *app) do(action Action) error {
	h := a.w.hosts[a.host]
	switch action.What {
	case "resolve":
		ip := target(action.int(1))
		go a.report("who has "+ip.String(), func() (string, error) { return h.resolve(a.ctx, ip) })
	case "ping":
		if _, ok := h.(host1); ok {
			return errNotYet
		}
		ip, data := target(action.int(1)), pattern(0, action.int(2))
		a.w.pings++
		seq := a.w.pings
		go a.report("ping "+ip.String(), func() (string, error) {
			ctx, cancel := context.WithTimeout(a.ctx, pingPatience)
			defer cancel()
			return h.ping(ctx, ip, seq, data)
		})
	case "read":
		a.setPace(action)
	case "abort":
		return a.with(func(c conn) { c.Abort() })
	default:
		return a.later(action)
	}
	return nil
}

// later puts a call behind those that are not done yet.
func (a *app) later(action Action) error {
	h := a.w.hosts[a.host]
	var f func()
	switch action.What {
	case "dial":
		switch h.(type) {
		case host1, host2:
			return errNotYet
		}
		to := netip.AddrPortFrom(addresses[1-a.host], uint16(action.int(1)))
		f = func() {
			c, err := h.dial(a.ctx, to)
			if err != nil {
				a.fail("connecting", err)
				return
			}
			a.say("is connected to %v", to)
			a.open(c)
		}
	case "write":
		n := action.int(1)
		f = func() { a.onStream("writing", func(s stream) error { return a.write(s, n) }) }
	case "shut":
		f = func() { a.onStream("closing for writing", func(s stream) error { return s.CloseWrite() }) }
	case "close":
		f = func() { a.onStream("closing", func(s stream) error { return s.Close() }) }
	}
	select {
	case a.todo <- f:
		return nil
	default:
		return fmt.Errorf("%d calls wait already", maxTodo)
	}
}

// target is a host on the link, by its last byte.
func target(last int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(last)}) }

// report says how a call ended.
func (a *app) report(what string, f func() (string, error)) {
	answer, err := f()
	if err != nil {
		a.fail(what, err)
		return
	}
	a.say("%s: %s", what, answer)
}

// fail says why a call failed, unless that is because the world ends.
func (a *app) fail(what string, err error) {
	if a.ctx.Err() == nil {
		a.say("%s: %v", what, err)
	}
}

// with does something to the connection.
func (a *app) with(f func(conn)) error {
	a.mu.Lock()
	c := a.conn
	a.mu.Unlock()
	if c == nil {
		return errors.New("there is no connection")
	}
	f(c)
	return nil
}

// onStream makes a call on the connection, and says how it failed.
func (a *app) onStream(what string, f func(stream) error) {
	err := a.with(func(c conn) {
		s, ok := c.(stream)
		if !ok {
			a.fail(what, errNotYet)
			return
		}
		if err := f(s); err != nil {
			a.fail(what, err)
		}
	})
	if err != nil {
		a.fail(what, err)
	}
}

// open takes a connection on, and has somebody read what comes.
func (a *app) open(c conn) {
	a.mu.Lock()
	a.conn, a.wrote, a.read = c, 0, 0
	a.mu.Unlock()
	if s, ok := c.(stream); ok {
		go a.reads(s)
	}
}

// write writes n bytes of the pattern.
func (a *app) write(s stream, n int) error {
	for n > 0 {
		a.mu.Lock()
		from := a.wrote
		a.mu.Unlock()
		done, err := s.Write(pattern(from, min(n, 16<<10)))
		a.mu.Lock()
		a.wrote += int64(done)
		a.mu.Unlock()
		if n -= done; err != nil {
			return err
		}
	}
	return nil
}

// setPace says how fast the application reads from now on.
func (a *app) setPace(action Action) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pace = unlimited
	if action.Args[1] != "max" {
		a.pace = action.int(1)
	}
	close(a.changed)
	a.changed = make(chan struct{})
	if s, ok := a.conn.(stream); ok {
		_ = s.SetReadDeadline(time.Now()) // a Read that waits is to look at the pace again
	}
}

// paceNow returns the pace, and what is closed when it changes.
func (a *app) paceNow() (int, chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pace, a.changed
}

// reads reads until the stream ends, as fast as the pace says, and compares what it reads with the pattern.
func (a *app) reads(s stream) {
	const slices = 10 // a second, for a limited pace
	buf, right := make([]byte, 64<<10), true
	for {
		pace, changed := a.paceNow()
		if pace == 0 {
			select {
			case <-changed:
				continue
			case <-a.ctx.Done():
				return
			}
		}
		want := buf
		if pace > 0 {
			want = buf[:min(len(buf), max(1, pace/slices))]
		}
		_ = s.SetReadDeadline(time.Time{})
		if now, _ := a.paceNow(); now != pace {
			continue
		}
		n, err := s.Read(want)
		right = a.compare(want[:n], right)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			continue
		case err == io.EOF:
			a.mu.Lock()
			total := a.read
			a.mu.Unlock()
			a.say("has read %d bytes, to the end of the stream", total)
			return
		case err != nil:
			a.fail("reading", err)
			return
		}
		if pace > 0 {
			select {
			case <-time.After(time.Second / slices):
			case <-changed:
			case <-a.ctx.Done():
				return
			}
		}
	}
}

// compare counts what was read, and says once if it is not what was written.
func (a *app) compare(got []byte, right bool) bool {
	a.mu.Lock()
	from := a.read
	a.read += int64(len(got))
	a.mu.Unlock()
	for i, b := range got {
		if right && b != letter(from+int64(i)) {
			a.say("reads something else than was written, from byte %d on", from+int64(i))
			return false
		}
	}
	return right
}

// letter is byte i of what applications write: lines of 63 letters and digits.
func letter(i int64) byte {
	const line = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-\n"
	return line[i%int64(len(line))]
}

// pattern is n bytes of that, from byte number from on.
func pattern(from int64, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = letter(from + int64(i))
	}
	return b
}

// reading reports whether the application reads at all.
func (a *app) reading() bool {
	pace, _ := a.paceNow()
	return pace != 0
}

// hasRead reports whether it has read anything.
func (a *app) hasRead() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.read > 0
}
