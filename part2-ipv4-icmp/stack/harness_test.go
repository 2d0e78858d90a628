package stack

import (
	"io"
	"net/netip"
	"testing"
	"testing/synctest"

	"framebyframe/shared/suite"
)

// What tests need that do not look inside of the stack is in shared/suite. These are its names here.
var (
	ourMAC, ourIP     = MAC(suite.OurMAC), suite.OurIP
	peerMAC, peerIP   = MAC(suite.PeerMAC), suite.PeerIP
	otherMAC, otherIP = MAC(suite.OtherMAC), suite.OtherIP
	noIP              = netip.IPv4Unspecified()

	unhex, pattern, randomBytes, nth = suite.Unhex, suite.Pattern, suite.RandomBytes, suite.Nth
	arpFrame, request, reply         = suite.ARPFrame, suite.ARPRequest, suite.ARPReply
)

type nullDevice = suite.NullDevice

// bench is a suite.Bench for tests that look inside of the stack.
type bench struct {
	*suite.Bench
	s *Stack
}

// onBench runs f with a running stack in a bubble of virtual time. When f returns, the stack is closed; a goroutine that
// is left would fail the test.
func onBench(t *testing.T, f func(b *bench)) {
	t.Helper()
	suite.OnBench(t, underTest, func(b *suite.Bench, s *Stack) { f(&bench{b, s}) })
}

// quietConfig is our host, without a trace.
func quietConfig() Config { return configOf(suite.Ours()) }

// testConfig is our host, with a trace.
func testConfig(log io.Writer) Config {
	cfg := quietConfig()
	cfg.Log, cfg.Trace = log, true
	return cfg
}

// watch collects the events of the stack, in the trace's words.
func (b *bench) watch() *suite.Events {
	events := new(suite.Events)
	b.s.Observe(func(e Event) { events.Add(e.String()) })
	return events
}

// do runs f with the stack's lock held.
func (b *bench) do(f func()) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	f()
}

// wantDropped checks that exactly n packets were dropped for the reason, and that the trace says so.
func (b *bench) wantDropped(reason error, n uint64) {
	b.Helper()
	b.do(func() {
		if got := b.s.dropped[reasonOf(reason)]; got != n {
			b.Errorf("%d dropped because %q, want %d", got, reason, n)
		}
	})
	if n > 0 {
		b.WantLog("dropped: " + reason.Error())
	}
}

// etherTypeTest is for experiments (IEEE 802, "Local Experimental Ethertype 1").
const etherTypeTest = 0x88b5

// sendTo hands the stack a packet for a neighbour, as the layer above ARP does.
func (b *bench) sendTo(ip netip.Addr, payload string) {
	b.do(func() {
		p := b.s.newPacket(len(payload))
		copy(p.bytes(), payload)
		b.s.resolve(ip, etherTypeTest, p)
	})
}

// tcpdumpFrames are frames that our trace has to describe in tcpdump's words. Each layer adds its own.
var tcpdumpFrames [][]byte

// direct is a stack without a cable: a test hands it frames, and its device counts what it sends.
type direct struct {
	*testing.T
	nullDevice
	s    *Stack
	sent suite.Toll         // what it has answered
	see  func(frame []byte) // is shown what the stack sends, with the lock held
}

// onDirect runs f with a stack that has met the peer, in virtual time.
func onDirect(t *testing.T, cfg Config, f func(d *direct)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { onDirectInRealTime(t, cfg, f) })
}

// onDirectInRealTime is the same where an attack starts and stops many timers: in a bubble whose time stands still, the
// runtime keeps them all.
func onDirectInRealTime(t *testing.T, cfg Config, f func(d *direct)) {
	d := &direct{T: t}
	d.s = New(d, cfg)
	defer d.s.Close() // also when f fails the test
	d.receive(request(peerMAC, peerIP, ourIP))
	f(d)
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	d.s.checkInvariants(t)
}

func (d *direct) Write(frame []byte) (int, error) {
	d.sent.Answers++
	d.sent.Replied += len(frame)
	if d.see != nil {
		d.see(frame)
	}
	return len(frame), nil
}

// locked runs f with the stack's lock, which f must not hold while it waits.
func (d *direct) locked(f func()) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	f()
}

// receive has the stack handle a frame, and returns how many it sends meanwhile.
func (d *direct) receive(frame []byte) int {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	before := d.sent.Answers
	d.s.receiveFrame(frame)
	return d.sent.Answers - before
}

// attack has the stack handle n frames, see suite.Attack.
func (d *direct) attack(n int, next func(i int) []byte) suite.Toll {
	d.Helper()
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	before := d.sent
	cost := suite.Attack(n, next, d.s.receiveFrame)
	cost.Answers, cost.Replied = d.sent.Answers-before.Answers, d.sent.Replied-before.Replied
	d.s.checkInvariants(d.T)
	return cost
}

// journeys are what happens to one packet, by name. A journey is made of legs: all that the stack does in a leg, from the
// frame that comes in to the silence after it, belongs to that packet. "go run ./shared/book journey 1 request" shows
// which functions it passes.
var journeys = map[string]func(t *testing.T){}

// startLeg and endLeg note the beginning and the end of a leg, where shared/book runs this.
var (
	startLeg = func(title string, stations []string) {}
	endLeg   = func() {}
)

// leg does something and waits until the stack has dealt with it. Of what the stack does beside the way from a frame in
// to a frame out, the way to the stations is shown, too.
func (b *bench) leg(title string, do func(), stations ...string) {
	b.Helper()
	b.Advance(0)
	startLeg(title, stations)
	do()
	b.Advance(0)
	endLeg()
}

func (s *Stack) checkARP(t *testing.T) {
	asking, waiting := 0, 0
	for ip, n := range s.arp.neighbours {
		waiting += len(n.waiting)
		switch n.state {
		case neighbourIncomplete:
			asking++
		case neighbourReachable, neighbourProbe:
			if n.mac.isGroup() || n.mac.isZero() || n.mac == s.mac {
				t.Errorf("%v is at %v, which is no neighbour's card", ip, n.mac)
			}
			if len(n.waiting) > 0 {
				t.Errorf("%d packets wait for %v, which is %s", len(n.waiting), ip, n.state)
			}
		default:
			t.Errorf("%v is in the table as %s", ip, n.state)
		}
		if n.ip != ip || !isNeighbour(s.ip, ip) {
			t.Errorf("%v (%v) is in the table and no neighbour", ip, n.ip)
		}
		if n.timer.due.IsZero() {
			t.Errorf("%v has no timer running and would stay for ever", ip)
		}
	}
	if asking != s.arp.asking || asking > arpMaxAsked {
		t.Errorf("%d neighbours are asked, counted %d, at most %d", asking, s.arp.asking, arpMaxAsked)
	}
	if known := len(s.arp.neighbours) - asking; known > arpMaxKnown {
		t.Errorf("%d neighbours are known, at most %d", known, arpMaxKnown)
	}
	if waiting != s.arp.waiting || waiting > arpMaxWaitingAll {
		t.Errorf("%d packets wait, counted %d, at most %d", waiting, s.arp.waiting, arpMaxWaitingAll)
	}
}

// checkStack checks what must hold of packets and counters whenever the lock is free, whatever came from the cable.
func (s *Stack) checkStack(t *testing.T) {
	if n := len(s.freePackets); n > maxFreePackets {
		t.Errorf("%d free buffers", n)
	}
	if n := len(s.dropped); n > 100 {
		t.Errorf("%d reasons for dropping: a peer can make new ones", n)
	}
	free := make(map[*packet]bool)
	for _, p := range s.freePackets {
		if free[p] {
			t.Error("a buffer was given back twice: it will have two owners")
		}
		free[p] = true
	}
}
