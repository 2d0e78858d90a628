package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/wire"
)

const (
	week          = 7 * 24 * time.Hour
	keepAliveIdle = 2 * time.Hour // and then nine probes, 75 seconds apart
)

// Connections on which nobody says anything for a week are still good for data, with keep-alives and without (RFC 9293
// 3.8.4: keep-alives "MUST default to off", and so silence is no reason to end a connection). When the peer has died, the
// one with keep-alives ends after two hours and ten probes' time, and the other one when something is sent.
func testIdleForAWeek(t *testing.T, k *kind) {
	onPair(t, k, func(p *Pair) {
		plain, plainPeer := p.Connect(80)
		asking, askingPeer := p.Connect(81)
		asking.(allMethods).SetKeepAlive(true)
		start := time.Now()
		dead, deadPeer := p.Connect(82)
		dead.(allMethods).SetKeepAlive(true)
		dead.SetReadDeadline(time.Now().Add(24 * time.Hour))
		mute, mutePeer := p.Connect(83)
		read := p.call(readOne(dead))
		p.Cable.End(1).SetLink(false) // so that nobody learns of it
		deadPeer.Abort()
		mutePeer.Abort()
		p.Cable.End(1).SetLink(true)
		frames := 0
		p.Cable.Observe(func(_ time.Time, from int, _ []byte) { frames++ })
		err := <-read
		took := time.Since(start).Round(time.Second)
		// The peer that has forgotten answers the first probe with a reset: RFC 9293 3.10.7.1.
		if !errors.Is(err, syscall.ECONNRESET) || took != keepAliveIdle {
			t.Errorf("a peer that has forgotten is noticed with %v after %v", err, took)
		}
		time.Sleep(week - time.Since(start))
		for _, c := range [][2]TCP{{plain, plainPeer}, {plainPeer, plain}, {asking, askingPeer}, {askingPeer, asking}} {
			p.wantPasses(c[0], c[1])
		}
		mute.Write([]byte("x"))
		if err := readOne(mute)(); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a peer that knows nothing of the connection any more: %v", err)
		}
		gone, _ := p.Connect(84)
		gone.(allMethods).SetKeepAlive(true)
		gone.SetReadDeadline(time.Now().Add(24 * time.Hour))
		read = p.call(readOne(gone))
		start = time.Now()
		p.Cable.End(1).SetLink(false)
		if err := <-read; !errors.Is(err, syscall.ETIMEDOUT) {
			t.Errorf("a peer that has died: %v", err)
		}
		died := time.Since(start).Round(time.Second)
		if died != keepAliveIdle+9*75*time.Second {
			t.Errorf("a peer that has died is given up after %v", died)
		}
		p.Cable.End(1).SetLink(true)
		Row{
			Area: "application", What: "connections idle for a week", Source: "RFC 9293 3.8.4",
			Tried:   "two connections, with and without keep-alives; peers that have forgotten the connection, and that have died",
			Outcome: fmt.Sprintf("data pass each way after the week, in which %d frames went; with keep-alives a peer that has forgotten is noticed after %v, a dead one after %v", frames, took, died),
		}.Report(t)
	})
}

// wantPasses has a kilobyte go from one end to the other.
func (p *Pair) wantPasses(from, to TCP) {
	p.Helper()
	if from.LocalAddr().String() != to.RemoteAddr().String() {
		p.Fatal("these are no two ends")
	}
	sent := make([]byte, 1000)
	io.ReadFull(Stream(byte(time.Since(p.began))), sent)
	if _, err := from.Write(sent); err != nil {
		p.Fatalf("Write after %v: %v", time.Since(p.began), err)
	}
	to.SetReadDeadline(time.Now().Add(30 * time.Minute))
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(to, got); err != nil {
		p.Fatalf("Read after %v: %v\n%s\n%s", time.Since(p.began), err, look(from), look(to))
	}
	if string(got) != string(sent) {
		p.Fatalf("after %v: other bytes", time.Since(p.began))
	}
	to.SetReadDeadline(time.Time{})
}

// For 60 days of virtual time a kilobyte goes each way every hour over a cable that loses frames, and each hour another
// connection is opened and closed. In that time the clock of the timestamps, in milliseconds, begins again at 0 (RFC 7323
// 5.4), that of the initial sequence numbers does so each 4 hours and 46 minutes (RFC 9293 3.4.1), and the neighbours'
// addresses grow old and are asked for. Three other connections are silent for 20, 25 and 50 days: so long that half of
// all timestamps, or all of them, go by in between (RFC 7323 5.5).
func testSixtyDays(t *testing.T, k *kind) {
	const days = 60
	var opened, asked int
	faults := wire.Faults{Loss: 0.05, Delay: 5 * time.Millisecond, Seed: 7}
	onBadPair(t, k, faults, Ours(), func(p *Pair) {
		dice := rand.New(rand.NewPCG(60, 1))
		ours, peer := p.connectLossy(80)
		silent := make(map[time.Duration][2]TCP)
		for i, d := range []time.Duration{20, 25, 50} {
			a, b := p.connectLossy(uint16(81 + i))
			silent[d] = [2]TCP{a, b}
		}
		wraps, last := 0, uint32(0)
		p.Cable.Observe(func(_ time.Time, from int, frame []byte) {
			if frame[12] == 8 && frame[13] == 6 {
				asked++
			}
			if now, ok := stampOf(frame); ok && from == 0 && frame[34] == 0 && frame[35] == 80 {
				if now < last {
					wraps++
				}
				last = now
			}
		})
		for hour := range days * 24 {
			time.Sleep(time.Hour + time.Duration(dice.Int64N(int64(time.Second))))
			p.wantPasses(ours, peer)
			p.wantPasses(peer, ours)
			if d := time.Duration(hour / 24); hour%24 == 0 && silent[d][0] != nil {
				p.wantPasses(silent[d][0], silent[d][1])
				p.wantPasses(silent[d][1], silent[d][0])
			}
			if p.openAndClose(uint16(1000 + hour)) {
				opened++
			}
			if hour%100 == 0 {
				p.Check()
			}
		}
		if wraps != 1 && wraps != 2 {
			t.Errorf("the timestamps have begun again %d times", wraps)
		}
		if srtt := k.figures(p.Ours, portOf(ours.RemoteAddr()))["srtt"]; srtt < 5 || srtt > 1000 {
			t.Errorf("SRTT is %d ms", srtt)
		}
		Row{
			Area: "application", What: "60 days", Source: "RFC 7323 5.4 and 5.5, RFC 9293 3.4.1, RFC 1122 2.3.2.1",
			Tried: fmt.Sprintf("%d days of virtual time over a cable that loses 5%%: 1 kB each way every hour, a new connection every hour, others silent for 20, 25 and 50 days", days),
			Outcome: fmt.Sprintf("all arrive, although the timestamps begin again (%d times) and the clock of the sequence numbers %d times; %d of %d new connections are opened; %d frames were ARP's",
				wraps, int(days*24*time.Hour/(4*time.Microsecond)>>32), opened, days*24, asked),
		}.Report(t)
	})
}

// openAndClose opens a connection, has a kilobyte go through it and closes it. It reports whether it was opened: the
// cable may lose so many SYNs that it is given up.
func (p *Pair) openAndClose(port uint16) bool {
	p.Helper()
	ours, peer := p.connectLossy(port)
	if ours == nil {
		return false
	}
	p.wantPasses(peer, ours)
	peer.Close()
	ours.Close()
	// Once in a hundred runs the cable loses so many FINs and their ACKs that the sender waits for minutes.
	for i := 0; i < 10 && (p.stateOf(ours) != "" || p.kind.state(p.Peer, port) != ""); i++ {
		time.Sleep(2 * timeWaitLen)
		synctest.Wait()
	}
	p.kind.ended(p.T, ours)
	p.kind.ended(p.T, peer)
	return true
}

// connectLossy is connectBad, but leaves the stacks' clocks alone, on which other connections rely.
func (p *Pair) connectLossy(port uint16) (ours, peer TCP) {
	p.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	ours, peer, err := p.dial(port, ctx)
	if err != nil {
		return nil, nil
	}
	return ours, peer
}
