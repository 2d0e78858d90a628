package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

const week = 7 * 24 * time.Hour

// Connections on which nobody says anything for a week are still good for data, with keep-alives and without (RFC 9293
// 3.8.4: keep-alives "MUST default to off", and so silence is no reason to end a connection). When the peer has died, the
// one with keep-alives ends after two hours and ten probes' time, and the other one when something is sent.
func TestIdleForAWeek(t *testing.T) {
	onPair(t, func(p *pair) {
		plain, plainPeer := p.connect(80)
		asking, askingPeer := p.connect(81)
		asking.SetKeepAlive(true)
		start := time.Now()
		dead, deadPeer := p.connect(82)
		dead.SetKeepAlive(true)
		dead.SetReadDeadline(time.Now().Add(24 * time.Hour))
		mute, mutePeer := p.connect(83)
		read := p.call(readOne(dead))
		deadPeer.forget()
		mutePeer.forget()
		frames := 0
		p.cable.Observe(func(_ time.Time, from int, _ []byte) { frames++ })
		err := <-read
		took := time.Since(start).Round(time.Second)
		// The peer that has forgotten answers the first probe with a reset: RFC 9293 3.10.7.1.
		wantAfterReset(t, err, took)
		time.Sleep(week - time.Since(start))
		for _, c := range [][2]*Conn{{plain, plainPeer}, {plainPeer, plain}, {asking, askingPeer}, {askingPeer, asking}} {
			p.wantPasses(c[0], c[1])
		}
		mute.Write([]byte("x"))
		if err := readOne(mute)(); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a peer that knows nothing of the connection any more: %v", err)
		}
		gone, _ := p.connect(84)
		gone.SetKeepAlive(true)
		gone.SetReadDeadline(time.Now().Add(24 * time.Hour))
		read = p.call(readOne(gone))
		start = time.Now()
		p.cable.End(1).SetLink(false)
		if err := <-read; !errors.Is(err, syscall.ETIMEDOUT) {
			t.Errorf("a peer that has died: %v", err)
		}
		died := time.Since(start).Round(time.Second)
		if died != keepAliveIdle+keepAliveProbes*keepAliveInterval {
			t.Errorf("a peer that has died is given up after %v", died)
		}
		p.cable.End(1).SetLink(true)
		suite.Row{
			Area: "application", What: "connections idle for a week", Source: "RFC 9293 3.8.4",
			Tried:   "two connections, with and without keep-alives; peers that have forgotten the connection, and that have died",
			Outcome: fmt.Sprintf("data pass each way after the week, in which %d frames went; with keep-alives a peer that has forgotten is noticed after %v, a dead one after %v", frames, took, died),
		}.Report(t)
	})
}

func wantAfterReset(t *testing.T, err error, took time.Duration) {
	t.Helper()
	if !errors.Is(err, syscall.ECONNRESET) || took != keepAliveIdle {
		t.Errorf("a peer that has forgotten is noticed with %v after %v", err, took)
	}
}

// forget has a stack lose a connection, as a host does that has been started again.
func (c *Conn) forget() {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.remove(errAborted)
}

// wantPasses has a kilobyte go from one end to the other.
func (p *pair) wantPasses(from, to *Conn) {
	p.Helper()
	if from.s == to.s {
		p.Fatal("these are no two ends")
	}
	sent := make([]byte, 1000)
	io.ReadFull(suite.Stream(byte(from.s.clock())), sent)
	if _, err := from.Write(sent); err != nil {
		p.Fatalf("Write after %v: %v", from.s.clock(), err)
	}
	to.SetReadDeadline(time.Now().Add(30 * time.Minute))
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(to, got); err != nil {
		p.Fatalf("Read after %v: %v\n%s\n%s", from.s.clock(), err, p.look(from), p.look(to))
	}
	if string(got) != string(sent) {
		p.Fatalf("after %v: other bytes", from.s.clock())
	}
	to.SetReadDeadline(time.Time{})
}

// For 60 days of virtual time a kilobyte goes each way every hour over a cable that loses frames, and each hour another
// connection is opened and closed. In that time the clock of the timestamps, in milliseconds, begins again at 0 (RFC 7323
// 5.4), that of the initial sequence numbers does so each 4 hours and 46 minutes (RFC 9293 3.4.1), and the neighbours'
// addresses grow old and are asked for. Three other connections are silent for 20, 25 and 50 days: so long that half of
// all timestamps, or all of them, go by in between (RFC 7323 5.5).
func TestSixtyDays(t *testing.T) {
	const days = 60
	var opened, asked int
	faults := wire.Faults{Loss: 0.05, Delay: 5 * time.Millisecond, Seed: 7}
	onBadPair(t, faults, func(p *pair) {
		dice := rand.New(rand.NewPCG(60, 1))
		ours, peer := p.connectLossy(80)
		silent := make(map[time.Duration][2]*Conn)
		for i, d := range []time.Duration{20, 25, 50} {
			a, b := p.connectLossy(uint16(81 + i))
			silent[d] = [2]*Conn{a, b}
		}
		p.cable.Observe(func(_ time.Time, _ int, frame []byte) {
			if h, _, _ := parseEther(frame); h.etherType == etherTypeARP {
				asked++
			}
		})
		wraps, last := 0, ours.stamp()
		for hour := range days * 24 {
			time.Sleep(time.Hour + time.Duration(dice.Int64N(int64(time.Second))))
			p.wantPasses(ours, peer)
			p.wantPasses(peer, ours)
			now := ours.stamp()
			if now < last {
				wraps++
			}
			last = now
			if d := time.Duration(hour / 24); hour%24 == 0 && silent[d][0] != nil {
				p.wantPasses(silent[d][0], silent[d][1])
				p.wantPasses(silent[d][1], silent[d][0])
			}
			if p.openAndClose(uint16(1000 + hour)) {
				opened++
			}
			if hour%100 == 0 {
				p.check()
			}
		}
		if wraps != 1 && wraps != 2 {
			t.Errorf("the timestamps have begun again %d times", wraps)
		}
		p.ours.mu.Lock()
		if srtt := ours.rto.srtt; srtt < 5*time.Millisecond || srtt > time.Second {
			t.Errorf("SRTT is %v", srtt)
		}
		p.ours.mu.Unlock()
		lostOut, lostIn := p.ours.dev.(*wire.Impaired).Counts()
		suite.Row{
			Area: "application", What: "60 days", Source: "RFC 7323 5.4 and 5.5, RFC 9293 3.4.1, RFC 1122 2.3.2.1",
			Tried: fmt.Sprintf("%d days of virtual time over a cable that loses 5%%: 1 kB each way every hour, a new connection every hour, others silent for 20, 25 and 50 days", days),
			Outcome: fmt.Sprintf("all arrive, although the timestamps begin again (%d times) and the clock of the sequence numbers %d times; %d of %d new connections are opened; %d frames were lost, %d were ARP's",
				wraps, int(days*24*time.Hour/(4*time.Microsecond)>>32), opened, days*24, lostOut[wire.Lost]+lostIn[wire.Lost], asked),
		}.Report(t)
	})
}

// stamp is the timestamp that a segment would have now.
func (c *Conn) stamp() uint32 {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.ts.value(c.s.clock())
}

// openAndClose opens a connection, has a kilobyte go through it and closes it. It reports whether it was opened: the
// cable may lose so many SYNs that it is given up.
func (p *pair) openAndClose(port uint16) bool {
	p.Helper()
	ours, peer := p.connectLossy(port)
	if ours == nil {
		return false
	}
	p.wantPasses(peer, ours)
	peer.Close()
	ours.Close()
	// Once in a hundred runs the cable loses so many FINs and their ACKs that the sender waits for minutes.
	left := 1
	for i := 0; left > 0 && i < 10; i++ {
		time.Sleep(2 * timeWaitLen)
		synctest.Wait()
		left = timersOf([]*Conn{ours, peer})
	}
	if left > 0 {
		p.Errorf("timers run: %s, %s", p.look(ours), p.look(peer))
	}
	return true
}

// connectLossy is connectBad, but leaves the stacks' clocks alone, on which other connections rely.
func (p *pair) connectLossy(port uint16) (ours, peer *Conn) {
	p.Helper()
	l := p.listen(port)
	defer l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	context.AfterFunc(ctx, func() { l.Close() })
	peer, err := p.peer.DialTCP(ctx, netip.AddrPortFrom(ourIP, port))
	if err != nil {
		return nil, nil
	}
	if ours, err = l.AcceptTCP(); err != nil {
		peer.Abort()
		return nil, nil
	}
	return ours, peer
}
