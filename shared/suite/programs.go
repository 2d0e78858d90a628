package suite

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/pcap"
	"framebyframe/shared/wire"
)

var replayed = flag.Int64("program", -1, "replay the random `program` with this number")

// Random programs: on both ends of a connection over a bad cable a writer, a reader and
// somebody who closes it make calls at random. What is read is what was written, as far
// as the calls promise that; all calls return; and afterwards nothing is left.
func testRandomPrograms(t *testing.T, k *kind) {
	programs := int64(1000)
	switch {
	case *Long:
		programs = 20_000
	case RaceEnabled:
		programs = 250
	}
	if *replayed >= 0 {
		runProgram(t, k, *replayed)
		return
	}
	played := new(atomic.Int64)
	const parallel = 4
	for first := range int64(parallel) {
		t.Run(fmt.Sprint(first), func(t *testing.T) {
			t.Parallel()
			for n := first; n < programs && !t.Failed(); n += parallel {
				runProgram(t, k, n)
				played.Add(1)
				if t.Failed() {
					t.Logf("to replay it, with its trace and its capture: "+
						"go test ./part5-retransmission/stack -run 'TestSuite/random_programs' -v -args -program %d", n)
				}
			}
		})
	}
	t.Cleanup(func() {
		Row{
			Area: "random", What: "random calls at both ends of a connection, on a cable that loses, doubles, reorders, corrupts, delays, and is cut",
			Source:  "RFC 9293 3.10",
			Tried:   fmt.Sprintf("%d programs", played.Load()),
			Outcome: "both streams as they were written, as far as the calls promise that; each call returned; nothing left",
		}.Report(t)
	})
}

// An actor is one end of a random program.
type actor struct {
	c     TCP
	seed  byte // of the stream that it writes
	other *actor
	wild  bool // closes whenever it likes
	mu    sync.Mutex
	wrote int64 // bytes that Write has taken
	read  int64
	eof   bool // which our own CloseRead brings, too
	deaf  bool
	log   []string // the calls
}

func runProgram(t *testing.T, k *kind, n int64) {
	synctest.Test(t, func(t *testing.T) {
		dice := rand.New(rand.NewPCG(uint64(n), 5))
		faults, cfg := randomFaults(dice), Ours()
		cfg.NoSACK = dice.IntN(4) == 0
		p := newPair(t, recorded(t, k, n), wire.New(2), &faults, cfg)
		defer p.Close()
		ours, peer := p.connectBad(80)
		if ours == nil {
			return
		}
		wild := dice.IntN(2) == 0
		a := &actor{c: ours, seed: 1, wild: wild}
		b := &actor{c: peer, seed: 2, wild: wild, other: a}
		a.other = b
		var all sync.WaitGroup
		for _, x := range []*actor{a, b} {
			x.play(t, dice, &all)
		}
		late := time.AfterFunc(time.Hour, func() { // else it would wait for ever
			t.Errorf("a call has not returned\nours: %s\npeer: %s", look(ours), look(peer))
			p.Close()
		})
		all.Wait()
		late.Stop()
		p.Check()
		time.Sleep(5 * time.Minute) // closeTimeout, orphanTimeout, timeWaitLen
		p.wantNothingLeft("five minutes later")
		for _, x := range []*actor{a, b} {
			x.judge(t, p.kind.ended(t, x.c))
		}
		if t.Failed() {
			t.Logf("program %d, wild: %v\nours: %v\n%s\npeer: %v\n%s", n, wild, a.log, look(a.c), b.log, look(b.c))
		}
	})
}

// randomFaults is a cable that may have any fault, but not so much of it that a
// connection would be given up.
func randomFaults(dice *rand.Rand) (f wire.Faults) {
	for _, share := range []*float64{&f.Loss, &f.Duplicate, &f.Reorder, &f.Corrupt} {
		if dice.IntN(2) == 0 {
			*share = dice.Float64() * 0.04
		}
	}
	if dice.IntN(3) > 0 {
		f.Delay = time.Duration(dice.Int64N(int64(50 * time.Millisecond)))
		f.Jitter = time.Duration(dice.Int64N(int64(20 * time.Millisecond)))
	}
	if dice.IntN(3) == 0 {
		f.Rate, f.Queue = 1e6+dice.Int64N(100e6), 5+dice.IntN(100)
	}
	if f.Corrupt == 0 && dice.IntN(3) == 0 { // ARP has no checksum, and behind a cut it asks
		f.DropOut, f.DropIn = cut(dice), cut(dice)
	}
	f.Seed = dice.Uint64()
	return f
}

// cut is a cable that is pulled out once, for up to 20 seconds.
func cut(dice *rand.Rand) func([]byte) bool {
	from := time.Now().Add(time.Duration(dice.Int64N(int64(3 * time.Second))))
	to := from.Add(time.Duration(dice.Int64N(int64(20 * time.Second))))
	return func([]byte) bool { now := time.Now(); return now.After(from) && now.Before(to) }
}

// recorded is the kind of stack of a program. If it is replayed, its trace is printed, and what our stack sends and
// gets is captured.
func recorded(t *testing.T, k *kind, n int64) *kind {
	if *replayed < 0 {
		return k
	}
	file, err := os.CreateTemp("", fmt.Sprintf("program-%d-*.pcap", n))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	writer, err := pcap.NewWriter(file)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("the capture is in", file.Name())
	return k.with(func(dev wire.Device, cfg Config) (wire.Device, Config) {
		if cfg.MAC == OurMAC {
			cfg.Log, dev = os.Stdout, pcap.Tee(dev, writer)
		}
		return dev, cfg
	})
}

// play starts the goroutines of one end, each with dice of its own.
func (x *actor) play(t *testing.T, dice *rand.Rand, all *sync.WaitGroup) {
	part := func(f func(t *testing.T, dice *rand.Rand)) {
		own := rand.New(rand.NewPCG(dice.Uint64(), 6))
		all.Go(func() { f(t, own) })
	}
	if x.wild {
		part(x.write)
		part(x.readAll)
		part(x.end)
		return
	}
	var both sync.WaitGroup
	both.Add(2)
	part(func(t *testing.T, dice *rand.Rand) { x.write(t, dice); both.Done() })
	part(func(t *testing.T, dice *rand.Rand) { x.readAll(t, dice); both.Done() })
	part(func(t *testing.T, dice *rand.Rand) {
		both.Wait()
		x.must(t, "Close", x.c.Close())
	})
}

func (x *actor) note(format string, values ...any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.log = append(x.log, fmt.Sprintf(format, values...))
}
