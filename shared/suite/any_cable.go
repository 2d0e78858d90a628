package suite

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"
)

var cableSeed = flag.Int64("cable", -1, "replay the cable with this `seed`, with its trace")

// Two stacks on a cable that does everything a cable can do wrong. Whatever happens, both streams arrive as they were, both
// ends end, and nothing is left.
func testAnyCable(t *testing.T, k *kind) {
	seeds := int64(Many(QuarterUnderRace(30), 1000))
	if *cableSeed >= 0 {
		onAnyCable(t, k, uint64(*cableSeed))
		return
	}
	for seed := range seeds {
		if onAnyCable(t, k, uint64(seed+1)); t.Failed() {
			t.Fatalf("to replay it: go test ./part5-retransmission/stack -run 'TestSuite/any_cable' -v -args -cable %d", seed+1)
		}
	}
	Row{
		Area: "random", What: "transfers with any MTU, slow readers, idle times and every fault of a cable, up to 15 % loss and 300 ms",
		Source: "RFC 9293 3.8", Tried: fmt.Sprintf("%d pairs of stacks", seeds),
		Outcome: "each byte as it was written, in a sane time; both ends ended; nothing left",
	}.Report(t)
}

// A cablePlan is what a seed stands for. Index 0 is ours.
type cablePlan struct {
	faults  wire.Faults
	noSACK  bool
	mtu     [2]int
	sizes   [2]int64
	noDelay bool
	iss     *uint32
	slow    time.Duration // a reader's pause
	alive   bool          // with keep-alives
}

func planCable(seed uint64) (p cablePlan) {
	random := rand.New(rand.NewPCG(seed, 77))
	pick := func(list ...float64) float64 { return list[random.IntN(len(list))] }
	ms := func(list ...float64) time.Duration { return time.Duration(pick(list...) * float64(time.Millisecond)) }
	p.faults = wire.Faults{
		Loss: pick(0, 0, 0.01, 0.05, 0.1, 0.15), Duplicate: pick(0, 0, 0.05, 0.3), Reorder: pick(0, 0, 0.05, 0.3),
		Corrupt: pick(0, 0, 0.01), Delay: ms(0, 0, 0.1, 1, 5, 20, 100, 300), Jitter: ms(0, 0, 0.1, 5, 50),
		Rate: int64(pick(0, 0, 0, 1e6, 1e7, 1e8)), Queue: int(pick(0, 0, 5, 20)), Seed: seed,
	}
	p.noSACK = random.IntN(4) == 0
	p.mtu = [2]int{int(pick(1500, 1500, 1500, 576, 100)), int(pick(1500, 1500, 1500, 576, 200))}
	size := func() int64 { return int64(pick(0, 1, 1000, 14600, 65535, 100_000, 300_000)) }
	p.sizes = [2]int64{size(), size()}
	p.noDelay = random.IntN(3) == 0
	if random.IntN(2) == 0 {
		iss := random.Uint32()
		p.iss = &iss
	}
	p.slow = ms(0, 0, 0, 1, 10, 100, 1000)
	p.alive = random.IntN(4) == 0
	return p
}

// saneTime is how long the transfers may take.
func (p *cablePlan) saneTime() time.Duration {
	rtt := 2*(p.faults.Delay+p.faults.Jitter) + 20*time.Millisecond
	bytes := float64(p.sizes[0] + p.sizes[1])
	segments := bytes/float64(min(p.mtu[0], p.mtu[1])-52) + 10
	loss := 1 - (1-p.faults.Loss)*(1-p.faults.Loss)
	limit := 90*time.Second + time.Duration(segments*float64(rtt)) + time.Duration(segments*loss*float64(2*time.Second))
	if p.faults.Rate > 0 {
		limit += 20 * time.Duration(bytes*8/float64(p.faults.Rate)*1e9)
		if p.faults.Queue > 0 {
			limit *= 3
		}
	}
	return limit + p.slow*time.Duration(bytes/1000+100)
}

// kind is k on the cable of the plan.
func (p *cablePlan) kind(t *testing.T, k *kind, seed uint64) *kind {
	var ends [2]edgeWatch
	return k.with(func(dev wire.Device, cfg Config) (wire.Device, Config) {
		which := 1
		if cfg.MAC == OurMAC {
			which, dev, cfg.NoSACK = 0, wire.Impair(dev, p.faults), p.noSACK
		}
		cfg.MTU, cfg.Rand = p.mtu[which], rand.NewChaCha8([32]byte{byte(seed), byte(which + 1)})
		if *cableSeed >= 0 {
			cfg.Log = os.Stdout
		}
		ends[which].Device, ends[which].t, ends[which].other = dev, t, &ends[1-which]
		return &ends[which], cfg
	})
}

func onAnyCable(t *testing.T, k *kind, seed uint64) {
	plan := planCable(seed)
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, plan.kind(t, k, seed), wire.New(2), nil, Ours())
		defer p.Close()
		done := make(chan bool)
		defer close(done)
		go func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(3 * time.Millisecond):
					p.Check()
				}
			}
		}()
		if plan.iss != nil {
			p.numbersFrom(80, *plan.iss)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		ours, peer, err := p.dial(80, ctx)
		switch {
		case err == nil:
			p.move(&plan, ours, peer, seed)
		case !errors.Is(err, syscall.EHOSTUNREACH) && !errors.Is(err, net.ErrClosed): // ARP's questions may all be lost, or what the dialer says
			t.Errorf("dial: %v after %v", err, time.Since(p.began))
		}
		end := time.Now()
		for time.Since(end) < 10*time.Minute && k.left(p.Ours)+k.left(p.Peer) != "" {
			time.Sleep(time.Second)
		}
		p.wantNothingLeft("ten minutes later")
		if err == nil {
			k.ended(t, ours)
			k.ended(t, peer)
		}
		if t.Failed() {
			t.Logf("seed %d: %+v", seed, plan)
		}
	})
}

// move has both streams go their way, and closes the connection.
func (p *Pair) move(plan *cablePlan, ours, peer TCP, seed uint64) {
	errs := make(chan error, 4)
	for i, c := range []TCP{ours, peer} {
		c.SetNoDelay(plan.noDelay)
		if plan.alive {
			c.(allMethods).SetKeepAlivePeriod(7 * time.Second)
		}
		defer time.AfterFunc(3*time.Hour, c.Abort).Stop()
		go func() { errs <- sendPieces(c, byte(i), plan.sizes[i], seed+uint64(i)) }()
		go func() {
			errs <- ReceiveStream(slowReader{c, plan.slow}, byte(1-i), plan.sizes[1-i], func() {})
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			p.Errorf("%v after %v\nours: %s\npeer: %s", err, time.Since(p.began), look(ours), look(peer))
		}
	}
	if took, limit := time.Since(p.began), plan.saneTime(); took > limit {
		p.Errorf("it took %v, at most %v", took, limit)
	}
	ours.Close()
	peer.Close()
}

// sendPieces is SendStream in pieces of any size, with pauses.
func sendPieces(c TCP, seed byte, n int64, s uint64) error {
	random := rand.New(rand.NewPCG(s, 5))
	from := io.LimitReader(Stream(seed), n)
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

type slowReader struct {
	c     TCP
	pause time.Duration
}

func (r slowReader) Read(b []byte) (int, error) {
	if r.pause > 0 {
		time.Sleep(r.pause)
	}
	return r.c.Read(b)
}
