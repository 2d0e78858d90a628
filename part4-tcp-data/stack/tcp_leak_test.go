package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"framebyframe/shared/suite"
)

// 10,000 connections one after another, which end in every way that there is, leave
// nothing behind: once TIME-WAIT is over, neither stack has a connection, a timer, a
// piece of a buffer or a goroutine for them.
func TestLeftovers(t *testing.T) {
	conns := suite.QuarterUnderRace(10_000)
	onPair(t, func(p *pair) {
		var all []weak.Pointer[Conn]
		chunks := [2]map[*[chunkLen]byte]bool{p.ours.stockChunks(), p.peer.stockChunks()}
		for i := range lives {
			l, err := p.ours.Listen(uint16(1000 + i))
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
		}
		baseline, most := ourGoroutines(), 0
		for i := range conns {
			ours, peer := p.live(i)
			all = append(all, weak.Make(ours), weak.Make(peer))
			if i%1000 == 0 {
				p.Check()
				most = max(most, ourGoroutines())
			}
		}
		time.Sleep(timeWaitLen + orphanTimeout)
		synctest.Wait()
		n := ourGoroutines()
		if n > baseline || most > baseline {
			t.Errorf("%d goroutines, at most %d between the connections, there were %d before", n, most, baseline)
		}
		p.ours.wantNothingLeft(t, chunks[0])
		p.peer.wantNothingLeft(t, chunks[1])
		wantCollected(t, all)
		suite.Row{
			Area: "application", What: "connections one after another", Source: "RFC 9293 3.6",
			Tried:   fmt.Sprintf("%d connections, which end in %d different ways", conns, len(lives)),
			Outcome: fmt.Sprintf("%d goroutines before, %d at most between them, %d afterwards; no connection, timer or buffer is left", baseline, most, n),
		}.Report(t)
	})
}

// live opens a connection, has both ends live and end it, and returns them.
func (p *pair) live(i int) (ours, peer *Conn) {
	p.Helper()
	which := i % (len(lives) - 1)
	if i%500 == 499 {
		which = len(lives) - 1 // the one that takes long
	}
	life, port := lives[which], uint16(1000+which)
	served := make(chan error, 1)
	go func() {
		c, err := p.listener(port).AcceptTCP()
		ours = c
		if err == nil {
			err = life.server(c)
		}
		served <- err
	}()
	peer, err := p.peer.DialTCP(context.Background(), netip.AddrPortFrom(ourIP, port))
	if err == nil {
		err = life.client(peer)
	}
	if err = errors.Join(err, <-served); err != nil && !errors.Is(err, net.ErrClosed) {
		p.Fatalf("connection %d, %s: %v", i, life.name, err)
	}
	return ours, peer
}

func (p *pair) listener(port uint16) *Listener {
	p.ours.mu.Lock()
	defer p.ours.mu.Unlock()
	return p.ours.tcp.listeners[port]
}

// stockChunks gives a stack more chunks than the test needs, and returns them.
func (s *Stack) stockChunks() map[*[chunkLen]byte]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	stock := make(map[*[chunkLen]byte]bool)
	for range 64 {
		chunk := new([chunkLen]byte)
		stock[chunk] = true
		s.tcp.chunks.free = append(s.tcp.chunks.free, chunk)
	}
	return stock
}

// wantNothingLeft checks that all tables are empty, and that each chunk of the stock has
// come back once.
func (s *Stack) wantNothingLeft(t *testing.T, stock map[*[chunkLen]byte]bool) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checkInvariants(t)
	tw := &s.tcp.timeWait
	if n := len(s.tcp.conns) + s.tcp.open.Len() + len(tw.conns) + tw.queue.Len() + len(s.tcp.touched); n > 0 {
		t.Errorf("%d connections, %d open, %d and %d in TIME-WAIT, %d to be answered are left",
			len(s.tcp.conns), s.tcp.open.Len(), len(tw.conns), tw.queue.Len(), len(s.tcp.touched))
	}
	if !tw.timer.due.IsZero() {
		t.Error("the time-wait timer is running")
	}
	for port, l := range s.tcp.listeners {
		if len(l.halfOpen)+len(l.ready) > 0 {
			t.Errorf("port %d: %d half open, %d ready", port, len(l.halfOpen), len(l.ready))
		}
	}
	free := len(s.tcp.chunks.free)
	for _, chunk := range s.tcp.chunks.free {
		delete(stock, chunk)
	}
	if free != 64 || len(stock) > 0 {
		t.Errorf("%d chunks of 64 are free, %d have not come back", free, len(stock))
	}
}

// wantCollected checks that the garbage collector takes all connections. It would not
// if a table still knew one, or a timer that is running.
func wantCollected(t *testing.T, all []weak.Pointer[Conn]) {
	t.Helper()
	runtime.GC()
	runtime.GC()
	left := 0
	for _, w := range all {
		if c := w.Value(); c != nil {
			if left++; left < 4 {
				t.Errorf("left over: in %s, %v, timers %v, %v", c.state, c.err, c.timers.due, c.timers.alarm.due)
			}
		}
	}
	if left > 0 {
		t.Errorf("%d of %d connections are left over", left, len(all))
	}
}

// ourGoroutines returns how many goroutines run code of this package, once those of the
// bubble that are about to end have ended. There are others, the runtime's own.
func ourGoroutines() (n int) {
	synctest.Wait()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(stack, "framebyframe/part") {
			n++
		}
	}
	return n
}

// lives are the ways in which the connections of TestLeftovers live and end, each on
// the port of its place in the list. The server has connections from AcceptTCP.
var lives = []struct {
	name           string
	client, server func(*Conn) error
}{
	{"the client closes first", func(c *Conn) error { return errors.Join(askEcho(c), c.Close()) }, untilEOF},
	{"the server closes first",
		func(c *Conn) error { return errors.Join(askEcho(c), wantEOF(c), c.Close()) },
		func(c *Conn) error { return errors.Join(echoOnce(c), c.Close()) }},
	{"both close at the same time",
		func(c *Conn) error { return errors.Join(askEcho(c), c.Close()) },
		func(c *Conn) error { return errors.Join(echoOnce(c), c.Close()) }},
	{"the client closes its half, then the server sends more",
		func(c *Conn) error {
			_, err := c.Write(echoText)
			err = errors.Join(err, c.CloseWrite(), wantText(c), wantEOF(c))
			return errors.Join(err, c.Close())
		},
		func(c *Conn) error {
			text, err := io.ReadAll(c)
			c.Write(text)
			return errors.Join(err, c.Close())
		}},
	{"the client resets",
		func(c *Conn) error { return errors.Join(askEcho(c), c.SetLinger(0), c.Close()) }, untilReset},
	{"the server resets",
		func(c *Conn) error {
			_, err := c.Write(echoText)
			return errors.Join(err, wantReset(c), c.Close())
		},
		func(c *Conn) error { return errors.Join(wantText(c), c.SetLinger(0), c.Close()) }},
	{"the client closes and has not read all", // which is a reset, too
		func(c *Conn) error {
			_, err := c.Write(echoText)
			_, err2 := c.Read(make([]byte, 1))
			return errors.Join(err, err2, c.Close())
		}, untilReset},
	{"the client has a deadline, and closes its halves one by one",
		func(c *Conn) error {
			err := errors.Join(c.SetDeadline(time.Now().Add(time.Hour)), askEcho(c))
			return errors.Join(err, c.CloseRead(), c.CloseWrite(), c.Close())
		}, untilEOF},
	{"the client closes, and the server takes its time", // longer than an orphan waits
		func(c *Conn) error { return errors.Join(askEcho(c), c.Close()) },
		func(c *Conn) error {
			err := errors.Join(echoOnce(c), wantEOF(c))
			time.Sleep(orphanTimeout + time.Second)
			return errors.Join(err, c.Close())
		}},
}

var echoText = bytes.Repeat([]byte("0123456789"), 500) // four segments, two chunks

func askEcho(c *Conn) error {
	_, err := c.Write(echoText)
	return errors.Join(err, wantText(c))
}

func wantText(c *Conn) error {
	got := make([]byte, len(echoText))
	if _, err := io.ReadFull(c, got); err != nil {
		return err
	}
	if !bytes.Equal(got, echoText) {
		return errors.New("the echo is another text")
	}
	return nil
}

func wantEOF(c *Conn) error {
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return errors.New("the stream goes on")
	}
	return nil
}

func wantReset(c *Conn) error {
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		return errors.New("no reset")
	}
	return nil
}

func echoOnce(c *Conn) error {
	err := wantText(c)
	c.Write(echoText)
	return err
}

func untilEOF(c *Conn) error   { return errors.Join(echoOnce(c), wantEOF(c), c.Close()) }
func untilReset(c *Conn) error { return errors.Join(echoOnce(c), wantReset(c), c.Close()) }
