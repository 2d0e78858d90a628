package stack

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// RFC 4987: tens of thousands of SYNs a second, each from another forged address, on the
// link and off it. Memory stays bounded, and an honest host that knows nothing of
// all this connects at any time, however long the way is.
//
// Can: stay open to honest hosts while others flood it with SYNs
func TestSYNFlood(t *testing.T) {
	most, connected := int64(0), 0
	syns, interval := floodSize()
	for _, delay := range []time.Duration{0, 20 * time.Millisecond} {
		for name, forge := range map[string]func(*rand.Rand) netip.Addr{
			"on the link": func(r *rand.Rand) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(10 + r.IntN(200))}) },
			"off the link": func(r *rand.Rand) netip.Addr {
				return netip.AddrFrom4([4]byte{198, 18, byte(r.Uint32()), byte(r.Uint32())})
			},
		} {
			t.Run(name+", delay "+delay.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					grown, n := flood(t, delay, forge)
					most, connected = max(most, grown), connected+n
				})
			})
		}
	}
	suite.Row{Area: "attack", What: "SYN flood", Source: "RFC 4987", Tried: fmt.Sprintf("four times %d SYNs at %d a second, on the link and off it", syns, time.Second/interval),
		Outcome: fmt.Sprintf("all %d honest connections meanwhile opened; at most %d half open; the heap grows by less than %d MB", connected, maxBacklog, most>>20+1)}.Report(t)
}

// floodSize is how many SYNs a flood has, and how far they are apart.
func floodSize() (syns int, interval time.Duration) {
	if suite.RaceEnabled {
		return 10_000, 80 * time.Microsecond
	}
	return suite.Many(50_000, 100_000), 20 * time.Microsecond
}

// flood lets a flooder and an honest host loose on a stack, all on one cable. It returns
// by how much the heap has grown, and how often the honest host has connected.
func flood(t *testing.T, delay time.Duration, forge func(*rand.Rand) netip.Addr) (grown int64, connected int) {
	seg := wire.New(3)
	var dev Device = seg.End(0)
	if delay > 0 {
		dev = wire.Impair(dev, wire.Faults{Delay: delay})
	}
	victim, honest := New(dev, quietConfig()), New(seg.End(1), peerConfig())
	for _, s := range []*Stack{victim, honest} {
		go s.Run()
		defer s.Close()
	}
	listener, err := victim.Listen(80)
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	go func() {
		for {
			if _, err := listener.AcceptTCP(); err != nil {
				return
			}
			accepted++
		}
	}()
	before := suite.Heap()
	syns, interval := floodSize()
	done := make(chan bool)
	go func() { sendFlood(seg.End(2), forge); close(done) }()
	tried := 0
	for flooding := true; flooding; tried++ {
		select {
		case <-done:
			flooding = false // once more afterwards
		case <-time.After(time.Duration(syns) * interval / 40):
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if _, err := honest.DialTCP(ctx, netip.AddrPortFrom(ourIP, 80)); err == nil {
			connected++
		} else {
			t.Errorf("try %d: %v", tried, err)
		}
		cancel()
	}
	time.Sleep(time.Second)
	synctest.Wait()
	if connected != tried || accepted != tried || tried < 10 {
		t.Errorf("%d of %d honest connections, %d accepted", connected, tried, accepted)
	}
	victim.mu.Lock()
	defer victim.mu.Unlock()
	victim.checkInvariants(t)
	if n := len(listener.halfOpen); n > maxBacklog {
		t.Errorf("%d half-open connections", n)
	}
	if grown = suite.Heap() - before; grown > 16<<20 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
	return grown, connected
}

func sendFlood(end *wire.End, forge func(*rand.Rand) netip.Addr) {
	random := rand.New(rand.NewPCG(12, 12))
	syns, interval := floodSize()
	syn := segment{dstPort: 80, flags: flagSYN, wnd: 1024}
	for range syns {
		src := forge(random)
		syn.srcPort, syn.seq = uint16(random.Uint32()), seqNum(random.Uint32())
		b := make([]byte, syn.headerLen())
		syn.put(b, src, ourIP)
		frame := ipv4Frame(ipv4From(src, protocolTCP), b)
		copy(frame[6:12], otherMAC[:])
		end.Write(frame)
		time.Sleep(interval)
	}
}
