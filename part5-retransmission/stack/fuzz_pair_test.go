package stack

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

var (
	pairSeeds = flag.Int("pairseeds", 0, "how many seeds TestPairsOnBadCables plays; 0: a few, or many with -long")
	pairFirst = flag.Uint64("pairfirst", 1, "the first of them")
	pairTrace = flag.Bool("pairtrace", false, "print the trace")
)

// Two stacks on a cable that does everything a cable can do wrong. Whatever happens, both
// streams arrive as they were, both ends end, and nothing is left.
func TestPairsOnBadCables(t *testing.T) {
	seeds := cmp.Or(*pairSeeds, suite.Many(suite.QuarterUnderRace(30), 1000))
	for seed := *pairFirst; seed < *pairFirst+uint64(seeds); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { badCable(t, seed) })
		})
	}
	suite.Row{
		Area: "random", What: "transfers with any MTU, slow readers, idle times and every fault of a cable, up to 15 % loss and 300 ms",
		Source: "RFC 9293 3.8", Tried: fmt.Sprintf("%d pairs of stacks", seeds),
		Outcome: "each byte as it was written, in a sane time; both ends ended; nothing left",
	}.Report(t)
}

// plan is what a seed stands for.
type plan struct {
	faults  wire.Faults
	plain   bool
	mtu     [2]int
	sizes   [2]int64
	noDelay bool
	near    bool
	slow    time.Duration // a reader's pause
	half    bool          // the second direction begins when the first is over
	keep    bool
}

func makePlan(seed uint64) (p plan, random *rand.Rand) {
	random = rand.New(rand.NewPCG(seed, 77))
	pick := func(list ...float64) float64 { return list[random.IntN(len(list))] }
	ms := func(list ...float64) time.Duration { return time.Duration(pick(list...) * float64(time.Millisecond)) }
	p.faults = wire.Faults{
		Loss: pick(0, 0, 0.01, 0.05, 0.1, 0.15), Duplicate: pick(0, 0, 0.05, 0.3), Reorder: pick(0, 0, 0.05, 0.3),
		Corrupt: pick(0, 0, 0.01), Delay: ms(0, 0, 0.1, 1, 5, 20, 100, 300), Jitter: ms(0, 0, 0.1, 5, 50),
		Rate: int64(pick(0, 0, 0, 1e6, 1e7, 1e8)), Queue: int(pick(0, 0, 5, 20)), Seed: seed,
	}
	p.plain = random.IntN(4) == 0
	p.mtu = [2]int{int(pick(1500, 1500, 1500, 576, 100)), int(pick(1500, 1500, 1500, 576, 200))}
	size := func() int64 { return int64(pick(0, 1, 1000, 14600, 65535, 100_000, 300_000)) }
	p.sizes = [2]int64{size(), size()}
	p.noDelay = random.IntN(3) == 0
	p.near = random.IntN(2) == 0
	p.slow = ms(0, 0, 0, 1, 10, 100, 1000)
	p.half = random.IntN(3) == 0
	p.keep = random.IntN(4) == 0
	return p, random
}

func badCable(t *testing.T, seed uint64) {
	p, random := makePlan(seed)
	seg := wire.New(2)
	ourCfg, peerCfg := quietConfig(), honestConfig()
	ourCfg.MTU, peerCfg.MTU = p.mtu[0], p.mtu[1]
	ourCfg.Rand, peerCfg.Rand = rand.NewChaCha8([32]byte{byte(seed), 1}), rand.NewChaCha8([32]byte{byte(seed), 2})
	if *pairTrace {
		ourCfg.Log, ourCfg.Trace = os.Stdout, true
		peerCfg.Log, peerCfg.Trace = os.Stdout, true
		fmt.Printf("%+v\n", p)
	}
	ours, peer := New(wire.Impair(seg.End(0), p.faults), ourCfg), New(seg.End(1), peerCfg)
	ours.tcp.noSACK = p.plain
	stacks := []*Stack{ours, peer}
	for _, s := range stacks {
		go s.Run()
	}
	watch := newWatcher(t, stacks)
	start := time.Now()
	done := make(chan bool)
	go watch.run(done)
	// the connection
	l, err := ours.Listen(80)
	if err != nil {
		t.Fatal(err)
	}
	if p.near {
		for _, s := range stacks {
			s.mu.Lock()
			s.tcp.began = time.Now().Add(-time.Duration(random.Uint32()) * 4 * time.Microsecond)
			s.mu.Unlock()
		}
	}
	accepted := make(chan *Conn, 1)
	go func() {
		c, err := l.AcceptTCP()
		if err == nil {
			accepted <- c
		} else {
			close(accepted)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	c, err := peer.DialTCP(ctx, netip.AddrPortFrom(ourIP, 80))
	cancel()
	if err != nil {
		if !errors.Is(err, syscall.EHOSTUNREACH) { // three questions of ARP may all be lost
			t.Errorf("dial: %v after %v, %+v", err, time.Since(start), p)
		}
		l.Close()
	} else if d := within(5*time.Minute, accepted); d == nil {
		c.Abort() // all that the dialer has sent since was lost
	} else {
		errs := make(chan error, 4)
		conns := []*Conn{c, d}
		for i, c := range conns {
			c.SetNoDelay(p.noDelay)
			if p.keep {
				c.SetKeepAlivePeriod(7 * time.Second)
			}
			time.AfterFunc(3*time.Hour, c.Abort)
			go func() { errs <- wrap("send", i, sendPieces(c, byte(i), p.sizes[i], seed+uint64(i))) }()
			go func() { errs <- wrap("receive", i, receiveSlow(c, byte(1-i), p.sizes[1-i], p.slow)) }()
		}
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Errorf("%v after %v, %+v\n", err, time.Since(start), p)
			}
		}
		for _, c := range conns {
			c.Close()
		}
		took := time.Since(start)
		if limit := saneTime(p); took > limit {
			t.Errorf("took %v, limit %v: %+v", took, limit, p)
		}
	}
	// everything must come to its end
	end := time.Now()
	for time.Since(end) < 15*time.Minute {
		time.Sleep(time.Second)
		n := 0
		for _, s := range stacks {
			s.mu.Lock()
			n += len(s.tcp.conns)
			s.mu.Unlock()
		}
		if n == 0 {
			break
		}
	}
	if d := time.Since(end); d > 10*time.Minute {
		t.Errorf("connections took %v to end: %+v", d, p)
	}
	close(done)
	l.Close()
	synctest.Wait()
	for i, s := range stacks {
		s.mu.Lock()
		for _, c := range s.tcp.conns {
			t.Errorf("stack %d: %s is left, una %d nxt %d end %d, timers %v, %+v", i, c.state, c.snd.una-c.snd.iss, c.snd.nxt-c.snd.iss, c.end()-c.snd.iss, c.timers.due, p)
		}
		if n := s.tcp.chunks.used; n != 0 && len(s.tcp.conns) == 0 {
			t.Errorf("stack %d: %d chunks are used, and no connection is left", i, n)
		}
		s.mu.Unlock()
		s.Close()
	}
	for _, c := range watch.all {
		if c.timers.alarm.due != (time.Time{}) {
			t.Errorf("a timer is left: %v", c.timers.due)
		}
	}
}

func within(d time.Duration, c <-chan *Conn) *Conn {
	select {
	case conn := <-c:
		return conn
	case <-time.After(d):
		return nil
	}
}

func wrap(what string, i int, err error) error {
	if err != nil {
		return fmt.Errorf("%s %d: %w", what, i, err)
	}
	return nil
}

func saneTime(p plan) time.Duration {
	rtt := 2*(p.faults.Delay+p.faults.Jitter) + 20*time.Millisecond
	mss := float64(min(p.mtu[0], p.mtu[1]) - 52)
	segments := float64(p.sizes[0]+p.sizes[1])/mss + 10
	loss := 1 - (1-p.faults.Loss)*(1-p.faults.Loss)
	limit := 90*time.Second + time.Duration(segments*float64(rtt))
	limit += time.Duration(segments * loss * float64(2*time.Second))
	if p.faults.Loss >= 0.2 {
		limit *= 10
	}
	if p.faults.Rate > 0 {
		limit += 20 * time.Duration(float64(p.sizes[0]+p.sizes[1])*8/float64(p.faults.Rate)*1e9)
		if p.faults.Queue > 0 {
			limit *= 3
		}
	}
	limit += p.slow * time.Duration(float64(p.sizes[0]+p.sizes[1])/1000+100)
	return limit
}

func sendPieces(c *Conn, seed byte, n int64, s uint64) error {
	random := rand.New(rand.NewPCG(s, 5))
	from := io.LimitReader(suite.Stream(seed), n)
	b := make([]byte, 20000)
	for {
		k, err := io.ReadFull(from, b[:1+random.IntN(len(b))])
		if k > 0 {
			if _, err := c.Write(b[:k]); err != nil {
				return err
			}
		}
		if err != nil {
			return c.CloseWrite()
		}
		if random.IntN(10) == 0 {
			time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
		}
		if random.IntN(10) == 0 {
			c.SetNoDelay(random.IntN(2) == 0)
		}
	}
}

func receiveSlow(c *Conn, seed byte, n int64, slow time.Duration) error {
	return suite.ReceiveStream(slowReader{c, slow}, seed, n, func() {})
}

type slowReader struct {
	c *Conn
	d time.Duration
}

func (r slowReader) Read(b []byte) (int, error) {
	if r.d > 0 {
		time.Sleep(r.d)
	}
	return r.c.Read(b)
}

// watcher checks the invariants of two stacks, again and again.
type watcher struct {
	*testing.T
	stacks []*Stack
	all    []*Conn
	rcv    map[*Conn]edges
}
type edges struct{ nxt, edge, una seqNum }

func newWatcher(t *testing.T, stacks []*Stack) *watcher {
	return &watcher{t, stacks, nil, make(map[*Conn]edges)}
}

func (w *watcher) run(done chan bool) {
	for {
		select {
		case <-done:
			return
		case <-time.After(3 * time.Millisecond):
		}
		for _, s := range w.stacks {
			s.mu.Lock()
			w.check(s)
			s.mu.Unlock()
		}
		if w.Failed() {
			return
		}
	}
}

func (w *watcher) check(s *Stack) {
	s.checkInvariants(w.T)
	s.checkLoss(w.T)
	for _, c := range s.tcp.conns {
		c.checkBuffers(w.T)
		if !slices.Contains(w.all, c) {
			w.all = append(w.all, c)
		}
		if c.state != stateSynSent && c.state != stateSynReceived {
			w.rcv[c] = c.checkEdges(w.T, w.rcv[c])
		}
	}
}
