package suite

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"framebyframe/shared/wire"
)

// 100 MB go from one stack to the other and arrive as they were (RFC 9293 2.2: "a
// reliable, in-order, byte-stream service"). The sequence numbers begin just below 2^32
// and so begin again at 0 (3.4: "all arithmetic dealing with sequence numbers must be
// performed modulo 2^32").
func testTransferOneWay(t *testing.T, k *kind) {
	size := int64(QuarterUnderRace(100 << 20))
	onPair(t, k, func(p *Pair) {
		ours, peer := p.connectNear(80)
		sent := make(chan error, 1)
		go func() { sent <- SendStream(ours, 1, size) }()
		if err := ReceiveStream(peer, 1, size, p.Check); err != nil {
			t.Error(err)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
		p.wantNumbers(0, size)
	})
}

// 20 MB in each direction at the same time: what one stack acknowledges goes with what
// it sends, and neither direction waits for the other.
func testTransferBothWays(t *testing.T, k *kind) {
	size := int64(QuarterUnderRace(20 << 20))
	onPair(t, k, func(p *Pair) {
		ours, peer := p.connectNear(80)
		errs := make(chan error, 4)
		go func() { errs <- SendStream(ours, 1, size) }()
		go func() { errs <- SendStream(peer, 2, size) }()
		go func() { errs <- ReceiveStream(ours, 2, size, p.Check) }()
		go func() { errs <- ReceiveStream(peer, 1, size, p.Check) }()
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		p.wantNumbers(0, size)
		p.wantNumbers(1, size)
	})
}

// badCables are the cables of these tests, by what is wrong with them.
var badCables = []struct {
	name   string
	faults wire.Faults
	size   int64 // how much goes each way
}{
	{"loss 1%", wire.Faults{Loss: 0.01, Delay: 5 * time.Millisecond}, 20 << 20},
	{"loss 5%", wire.Faults{Loss: 0.05, Delay: time.Millisecond}, 15 << 20},
	{"loss 20%", wire.Faults{Loss: 0.2, Delay: 10 * time.Millisecond}, 3 << 20},
	{"duplicate 30%", wire.Faults{Duplicate: 0.3, Delay: time.Millisecond}, 12 << 20},
	{"reorder 20%", wire.Faults{Reorder: 0.2, Delay: 2 * time.Millisecond}, 12 << 20},
	{"corrupt 2%", wire.Faults{Corrupt: 0.02, Delay: time.Millisecond}, 12 << 20},
	{"jitter", wire.Faults{Delay: 20 * time.Millisecond, Jitter: 20 * time.Millisecond}, 12 << 20},
	{"rate and a short queue", wire.Faults{Rate: 50e6, Queue: 30, Delay: 10 * time.Millisecond}, 12 << 20},
	{"no delay", wire.Faults{Loss: 0.02, Duplicate: 0.02, Reorder: 0.02}, 12 << 20},
	{"all of it", allFaults, 5 << 20},
}

var allFaults = wire.Faults{
	Loss: 0.02, Duplicate: 0.05, Reorder: 0.05, Corrupt: 0.01,
	Delay: 8 * time.Millisecond, Jitter: 4 * time.Millisecond, Rate: 100e6, Queue: 60,
}

// More than 100 MB go each way over bad cables and arrive as they were, with numbers
// that wrap on the way. In a long run it is ten times as much.
func testTransferFaults(t *testing.T, k *kind) {
	seeds := 1
	if *Long {
		seeds = 10
	}
	var moved atomic.Int64
	t.Cleanup(func() {
		Row{
			Area: "random", What: "long transfers both ways on ten bad cables", Source: "RFC 9293 3.8",
			Tried:   fmt.Sprintf("%d MB, %d seeds for each cable", moved.Load()>>20, seeds),
			Outcome: "each byte as it was written; the sequence numbers wrapped",
		}.Report(t)
	})
	for _, cable := range badCables {
		if RaceEnabled {
			cable.size = max(cable.size/4, 3<<20) // the numbers still wrap
		}
		for seed := range seeds {
			t.Run(fmt.Sprintf("%s, seed %d", cable.name, seed), func(t *testing.T) {
				t.Parallel()
				cable.faults.Seed = uint64(seed)
				onBadPair(t, k, cable.faults, Ours(), func(p *Pair) {
					ours, peer := p.connectBad(80)
					took := p.BothWays(ours, peer, cable.size)
					t.Logf("%d MB each way in %v of virtual time", cable.size>>20, took)
					p.wantNumbers(0, cable.size)
					p.wantNumbers(1, cable.size)
					moved.Add(2 * cable.size)
				})
			})
		}
	}
}

// A cable that is cut for ten seconds in the middle of a transfer, and again later, is
// survived; so is one that carries only one direction for as long.
func testTransferCableCut(t *testing.T, k *kind) {
	for name, ends := range map[string][]int{"both": {0, 1}, "ours": {0}, "the peer's": {1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBadPair(t, k, wire.Faults{Rate: 20e6, Delay: 5 * time.Millisecond, Loss: 0.001}, Ours(), func(p *Pair) {
				ours, peer := p.connectBad(80)
				go func() {
					for range 2 {
						time.Sleep(time.Second)
						for _, end := range ends {
							p.Cable.End(end).SetLink(false)
						}
						time.Sleep(10 * time.Second)
						for _, end := range ends {
							p.Cable.End(end).SetLink(true)
						}
					}
				}()
				// Without cuts it takes 4 seconds. The timers have backed off by then, and
				// wait up to as long again.
				if took := p.BothWays(ours, peer, 8<<20); took < 24*time.Second || took > 60*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// Without SACK and timestamps, everything arrives as well.
func testTransferFaultsPlain(t *testing.T, k *kind) {
	for _, cable := range badCables {
		t.Run(cable.name, func(t *testing.T) {
			t.Parallel()
			plain := Ours()
			plain.NoSACK = true
			onBadPair(t, k, cable.faults, plain, func(p *Pair) {
				ours, peer := p.connectBad(80)
				took := p.BothWays(ours, peer, cable.size/4)
				t.Logf("%d MB each way in %v of virtual time", cable.size>>22, took)
			})
		})
	}
}

// One seed gives one history: each frame at the same instant, 20 times.
func testTransferOneHistory(t *testing.T, k *kind) {
	run := func(seed uint64) (lines []string) {
		faults := allFaults
		faults.Seed = seed
		onBadPair(t, k, faults, Ours(), func(p *Pair) {
			start := time.Now()
			p.Cable.Observe(func(at time.Time, from int, frame []byte) {
				h := fnv.New64()
				h.Write(frame)
				lines = append(lines, fmt.Sprintf("%v from %d: %x", at.Sub(start), from, h.Sum64()))
			})
			ours, peer := p.connectBad(80)
			p.BothWays(ours, peer, 300_000)
			if err := errors.Join(ours.Close(), peer.Close()); err != nil {
				t.Error(err)
			}
			time.Sleep(2 * time.Minute)
		})
		return lines
	}
	first := run(1)
	if len(first) < 500 {
		t.Fatalf("a history of %d lines", len(first))
	}
	for i := range 19 {
		if again := run(1); !slices.Equal(first, again) {
			for at := range min(len(first), len(again)) {
				if first[at] != again[at] {
					t.Fatalf("run %d differs from the first in line %d of %d:\n%s\n%s", i+2, at, len(first), first[at], again[at])
				}
			}
			t.Fatalf("run %d has %d lines, the first has %d", i+2, len(again), len(first))
		}
	}
	if slices.Equal(first, run(2)) {
		t.Error("another seed gave the same history")
	}
}
