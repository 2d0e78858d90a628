package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"
)

// onSlowPair is onPair on a cable of 200 Mbit/s that takes a millisecond each way, so that there is time between the steps of a
// handshake. lose may be nil, or chooses frames for the peer, and of the peer, that are lost.
func onSlowPair(t *testing.T, k *kind, lose func(frame []byte) bool, f func(p *Pair)) {
	t.Helper()
	slow := wire.Faults{Delay: time.Millisecond, Rate: 200e6, Queue: 1000, DropOut: lose, DropIn: lose}
	onPair(t, k.with(func(dev wire.Device, cfg Config) (wire.Device, Config) {
		if cfg.MAC == PeerMAC {
			dev = wire.Impair(dev, slow)
		}
		return dev, cfg
	}), f)
}

// A dial can be given up at any moment of it, by its context or its deadline: while the neighbour's MAC is asked for,
// when the SYN is under way, when the SYN,ACK is, or is lost. It returns at that moment, and nothing is left of it.
func testDialGivenUpAnytime(t *testing.T, k *kind) {
	isSYNACK := func(frame []byte) bool {
		return len(frame) > 47 && frame[12] == 8 && frame[13] == 0 && frame[23] == 6 && frame[47] == 0x12
	}
	isARP := func(frame []byte) bool { return frame[12] == 8 && frame[13] == 6 }
	var givenUp, opened int
	for name, lose := range map[string]func([]byte) bool{"all arrives": nil, "the SYN,ACK is lost": isSYNACK, "nobody answers ARP": isARP} {
		for after := time.Duration(0); after < 8*time.Millisecond; after += 100 * time.Microsecond {
			for _, deadline := range []bool{false, true} {
				onSlowPair(t, k, lose, func(p *Pair) {
					l, err := p.kind.listen(p.Peer, 80)
					if err != nil {
						t.Fatal(err)
					}
					ctx, cancel := context.WithCancel(context.Background())
					want := context.Canceled
					if deadline {
						ctx, cancel = context.WithTimeout(context.Background(), after)
						want = context.DeadlineExceeded
					} else {
						time.AfterFunc(after, cancel)
					}
					defer cancel()
					start := time.Now()
					c, err := dialTCP(ctx, p.Ours, "10.0.0.1:80")
					if err == nil {
						opened++
						c.Close()
					} else {
						givenUp++
						wantDialError(t, err, want)
						if took := time.Since(start); took != after {
							t.Errorf("%s: given up after %v, and returned after %v", name, after, took)
						}
					}
					time.Sleep(5 * time.Second) // what waits for ARP is given up by then
					l.Close()
					time.Sleep(2 * timeWaitLen)
					synctest.Wait()
					p.wantNothingLeft(fmt.Sprintf("%s, given up after %v (%v)", name, after, err))
				})
			}
		}
	}
	Row{
		Area: "application", What: "a dial that is given up", Source: "RFC 9293 3.10.5",
		Tried:   fmt.Sprintf("%d dials, given up each 0.1 ms of the handshake, also of one whose ARP reply or SYN,ACK is lost", givenUp+opened),
		Outcome: fmt.Sprintf("%d return at that instant with the context's error, %d were open by then; nothing is left on either side", givenUp, opened),
	}.Report(t)
}

// wantDialError is wantOpError for an error of a context, too.
func wantDialError(t *testing.T, err, want error) {
	t.Helper()
	var opErr *net.OpError
	if !errors.Is(err, want) || !errors.As(err, &opErr) || opErr.Op != "dial" || opErr.Timeout() != (want == context.DeadlineExceeded) {
		t.Errorf("got %v, want a net.OpError around %q", err, want)
	}
}

// A listener can be closed at any moment while peers connect: each Accept that waits ends with net.ErrClosed, what is
// half open or waits to be accepted is reset (RFC 9293 3.10.4, CLOSE in the LISTEN state), and who was accepted goes on.
func testListenerClosedAnytime(t *testing.T, k *kind) {
	const peers, accepts = 20, 5
	outcome := make(map[string]int)
	var mu sync.Mutex
	count := func(what string) { mu.Lock(); outcome[what]++; mu.Unlock() }
	times := 0
	for after := time.Duration(0); after < 16*time.Millisecond; after += 250 * time.Microsecond {
		times++
		onSlowPair(t, k, nil, func(p *Pair) {
			l := p.listen(80)
			var all sync.WaitGroup
			for range accepts {
				all.Go(func() {
					c, err := l.Net.Accept()
					if err != nil {
						wantOpError(t, err, "accept", net.ErrClosed)
						count("Accepts ended")
						return
					}
					io.Copy(c, c) // goes on although the listener is closed
					c.Close()
				})
			}
			for i := range peers {
				all.Go(func() {
					time.Sleep(time.Duration(i) * 500 * time.Microsecond)
					c, err := dialTCP(context.Background(), p.Peer, "10.0.0.4:80")
					if err != nil {
						if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ECONNRESET) {
							t.Errorf("closed after %v: dial %d: %v", after, i, err)
						}
						count("refused")
						return
					}
					defer c.Close()
					c.Write([]byte("x"))
					switch _, err := c.Read(make([]byte, 1)); {
					case err == nil:
						count("served")
					case errors.Is(err, syscall.ECONNRESET):
						count("reset")
					default:
						t.Errorf("closed after %v: connection %d: %v", after, i, err)
					}
				})
			}
			time.Sleep(after)
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			late := time.AfterFunc(time.Minute, func() { t.Error("somebody waits for ever"); p.Close() })
			all.Wait()
			late.Stop()
			time.Sleep(3 * timeWaitLen)
			synctest.Wait()
			p.wantNothingLeft(fmt.Sprintf("closed after %v", after))
		})
	}
	for _, what := range []string{"refused", "reset", "served", "Accepts ended"} {
		if outcome[what] == 0 {
			t.Errorf("nobody was %s: %v", what, outcome)
		}
	}
	Row{
		Area: "application", What: "a listener that is closed while peers connect", Source: "RFC 9293 3.10.4",
		Tried: fmt.Sprintf("closed each 0.25 ms, %d times, %d peers and %d Accepts each", times, peers, accepts),
		Outcome: fmt.Sprintf("%d peers are refused, %d are reset, %d that had been accepted go on; %d Accepts return net.ErrClosed; nothing is left",
			outcome["refused"], outcome["reset"], outcome["served"], outcome["Accepts ended"]),
	}.Report(t)
}

// A stack can be closed under any load: all calls return at that instant, with net.ErrClosed.
func testStackClosedAnytime(t *testing.T, k *kind) {
	conns, times := 160, 3
	switch {
	case *Long:
		conns, times = 1000, 50
	case RaceEnabled:
		conns, times = 40, 1
	}
	returned := 0
	for i := range times {
		after := time.Duration(i) * 700 * time.Microsecond
		onSlowPair(t, k, nil, func(p *Pair) {
			load := &load{Pair: p, waiting: make(map[string]int)}
			load.begin(conns)
			time.Sleep(15*time.Millisecond + after)
			load.dials()
			time.Sleep(500 * time.Microsecond) // no handshake is over by then
			before := load.snapshot()
			load.closed = time.Now()
			p.Ours.Close()
			synctest.Wait()
			if now := load.snapshot(); len(now) > 0 {
				t.Errorf("closed after %v: %v have not returned", after, now)
			}
			for what, n := range before {
				returned += n
				if n == 0 {
					t.Errorf("closed after %v: nobody was in %s", after, what)
				}
			}
			if len(before) != 10 {
				t.Errorf("closed after %v: calls that waited: %v", after, before)
			}
			for _, c := range load.conns {
				k.ended(t, c)
			}
			if left := k.left(p.Ours); left != "" {
				t.Errorf("closed after %v: %s", after, left)
			}
			p.Peer.Close()
		})
	}
	Row{
		Area: "application", What: "the stack is closed under load", Source: "RFC 9293 3.10.5",
		Tried: fmt.Sprintf("%d times, at several moments, %d connections: Read, Write, Close with a linger time, Accept and Dial wait, others are in TIME-WAIT", times, conns),
		Outcome: fmt.Sprintf("all %d calls that waited return at that instant, with a net.OpError around net.ErrClosed; no connection, timer or goroutine is left",
			returned),
	}.Report(t)
}

// load is a stack with calls of every kind that wait.
type load struct {
	*Pair
	mu      sync.Mutex
	waiting map[string]int // calls, by what they are
	conns   []TCP
	closed  time.Time // when the stack was
}

// call makes a call in a goroutine of its own. It should wait until the stack is closed.
func (l *load) call(what, op string, f func() error) {
	l.mu.Lock()
	l.waiting[what]++
	l.mu.Unlock()
	go func() {
		err := f()
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.waiting[what]--; l.waiting[what] == 0 {
			delete(l.waiting, what)
		}
		switch {
		case l.closed.IsZero():
			l.Errorf("%s returned %v before the stack was closed", what, err)
		case op != "":
			wantOpError(l.T, err, op, net.ErrClosed)
		case err != nil:
			l.Errorf("%s: %v", what, err)
		}
	}()
}

func (l *load) snapshot() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := make(map[string]int)
	for what, n := range l.waiting {
		now[what] = n
	}
	return now
}

// begin opens the connections, a few at a time, and has calls wait on them.
func (l *load) begin(conns int) {
	listener := l.listen(80)
	silent := l.listen(81)
	for i := range conns {
		peer, err := dialTCP(context.Background(), l.Peer, "10.0.0.4:80")
		if err != nil {
			l.Fatal(err)
		}
		ours, err := listener.Accept()
		if err != nil {
			l.Fatal(err)
		}
		l.conns = append(l.conns, ours.(TCP))
		l.use(i, i >= conns-32, ours.(TCP), peer)
	}
	l.call("Accept", "accept", func() error { _, err := silent.Net.Accept(); return err })
}

// dial has dials wait: for a neighbour who does not answer, and in the middle of the handshake.
func (l *load) dials() {
	for what, address := range map[string]string{"Dial, ARP": "10.0.0.99:80", "Dial, SYN": "10.0.0.1:80"} {
		for range 10 {
			l.call(what, "dial", func() error {
				_, err := dialTCP(context.Background(), l.Ours, address)
				return err
			})
		}
	}
}

// use has calls wait on a connection, or the connection itself.
func (l *load) use(i int, last bool, ours, peer TCP) {
	what := i % 8
	if what == 2 && !last {
		what = 0 // a few streams are load enough
	}
	switch what {
	case 0:
		l.call("Read", "read", readOne(ours))
	case 1:
		l.call("Write", "write", writeMuch(ours))
	case 2: // a stream each way
		l.call("Write, while the peer reads", "write", func() error { _, err := io.Copy(struct{ io.Writer }{ours}, Stream(1)); return err })
		go io.Copy(io.Discard, peer)
		go io.Copy(struct{ io.Writer }{peer}, Stream(2))
		l.call("Read, of a stream", "read", func() error { _, err := io.Copy(io.Discard, struct{ io.Reader }{ours}); return err })
	case 3:
		ours.SetLinger(3600)
		l.call("Close, with a linger time", "", func() error {
			for n := 1; n > 0; { // until all is full, however slow the machine is
				ours.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
				var err error
				if n, err = ours.Write(much); !errors.Is(err, os.ErrDeadlineExceeded) {
					l.Errorf("Write: %v", err)
				}
			}
			return ours.Close()
		})
	case 4: // TIME-WAIT
		ours.Close()
		go func() { io.Copy(io.Discard, peer); peer.Close() }()
	case 5:
		ours.CloseWrite()
		l.call("Read, behind CloseWrite", "read", readOne(ours))
	case 6:
		ours.SetDeadline(time.Now().Add(time.Hour))
		l.call("Read, with a deadline", "read", readOne(ours))
	case 7: // FIN-WAIT-2: the peer does not close
		ours.Close()
	}
}
