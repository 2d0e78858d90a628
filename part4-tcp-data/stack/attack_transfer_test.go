package stack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/apps"
	"framebyframe/shared/suite"
	"framebyframe/shared/wire"
)

// newCrowd is a pair with somebody else on the cable, who sees no frame but sends some.
func newCrowd(t *testing.T) (*pair, *wire.End) {
	seg := wire.New(3)
	return newPair(t, seg, New(seg.End(0), quietConfig()), New(seg.End(1), peerConfig())), seg.End(2)
}

// transfer has the peer send n bytes over each of some connections to an echo service, and
// wants them back.
func (p *pair) transfer(conns []*Conn, n int) {
	p.Helper()
	var all sync.WaitGroup
	for _, c := range conns {
		text := pattern(n)
		all.Go(func() { c.Write(text) })
		all.Go(func() {
			got := make([]byte, n)
			if k, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, text) {
				p.Errorf("%d of %d bytes came back as they were: %v", k, n, err)
			}
		})
	}
	all.Wait()
}

// While connections move data, somebody who does not see them floods us with SYNs, and with
// resets, SYNs, data and acknowledgments in the peer's name whose ports are right and whose
// numbers are guessed (RFC 4987, RFC 5961).
func TestAttackedTransfer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, attacker := newCrowd(t)
		defer p.Close()
		if err := serve(p.ours, 7, apps.Echo); err != nil {
			t.Fatal(err)
		}
		var conns []*Conn
		for range 4 {
			c, err := p.peer.DialTCP(context.Background(), netip.AddrPortFrom(ourIP, 7))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			conns = append(conns, c)
		}
		done := make(chan bool)
		frames, least := 0, suite.Many(suite.QuarterUnderRace(70_000), 1_000_000)
		go func() {
			defer close(done)
			random := rand.New(rand.NewPCG(5961, 9))
			kinds := []segment{{flags: flagRST}, {flags: flagRST | flagACK}, {flags: flagSYN}, {flags: flagSYN | flagACK},
				{flags: flagACK}, {flags: flagACK | flagPSH, data: []byte("forged")}, {flags: flagACK | flagFIN}, {flags: flagACK | flagURG, up: 999}}
			for frames = range least {
				seg, src := kinds[random.IntN(len(kinds))], peerIP
				seg.srcPort, seg.dstPort = conns[frames%4].key.localPort, 7
				seg.seq, seg.ack, seg.wnd = seqNum(random.Uint32()), seqNum(random.Uint32()), uint16(random.Uint32())
				if frames%8 == 0 { // a SYN of anybody
					src, seg.flags, seg.data = anyHost(frames), flagSYN, nil
				}
				frame := forge(src, seg)
				copy(frame[6:12], otherMAC[:])
				attacker.Write(frame)
				time.Sleep(10 * time.Microsecond)
			}
		}()
		began, rounds := time.Now(), 0
		for under := true; under; rounds++ {
			p.transfer(conns, 20_000)
			time.Sleep(2 * time.Millisecond)
			select {
			case <-done:
				under = false
			default:
			}
		}
		p.ours.mu.Lock()
		challenges := 0
		for _, c := range p.ours.tcp.conns {
			for _, count := range c.challenged {
				challenges = max(challenges, count.n)
			}
		}
		p.ours.mu.Unlock()
		suite.Row{Area: "attack", What: "blind attacks and a SYN flood on connections that move data", Source: "RFC 5961, RFC 4987", Tried: fmt.Sprintf("%d segments in %v, 7 of 8 with the right ports", frames+1, time.Since(began).Round(time.Millisecond)),
			Outcome: fmt.Sprintf("4 connections moved %d times 20,000 bytes each way, none lost or changed a byte; at most %d challenge ACKs of a kind in %v", rounds, challenges, challengeInterval)}.Report(t)
	})
}

// Two ends that have been pulled apart (Joncheray, "A Simple Active Attack Against TCP",
// USENIX Security 1995): each has data in the other's name, so each one's numbers are
// wrong for the other. Their ACKs for what was never sent must not go on for ever.
func TestAttackACKLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := newCrowd(t)
		defer p.Close()
		var frames atomic.Int64
		p.Cable.Observe(func(time.Time, int, []byte) { frames.Add(1) })
		ours, peer := p.connect(80)
		defer ours.Abort()
		defer peer.Abort()
		go apps.Discard(ours)
		go apps.Discard(peer)
		// What an injected segment does: n bytes more are there, and acknowledged.
		inject := func(to *Conn, n int) {
			to.s.mu.Lock()
			defer to.s.mu.Unlock()
			to.rcv.nxt, to.rcv.read = to.rcv.nxt.add(n), to.rcv.read.add(n)
			to.sendACK()
		}
		inject(ours, 1000)
		inject(peer, 700)
		frames.Store(0)
		time.Sleep(time.Minute)
		quiet := frames.Swap(0)
		if limit := 2 * mostChallenges(time.Minute); int(quiet) > limit {
			t.Errorf("%d frames in a minute, at most %d", quiet, limit)
		}
		ours.Write(make([]byte, 100)) // which the peer has had already
		peer.Write(make([]byte, 100))
		time.Sleep(time.Minute)
		busy := frames.Load()
		if limit := 2*mostChallenges(time.Minute) + 100; int(busy) > limit {
			t.Errorf("%d frames in a minute of data, at most %d", busy, limit)
		}
		suite.Row{Area: "attack", What: "ACK storm between two ends pulled apart", Source: "Joncheray, USENIX Security 1995; RFC 5961 7", Tried: "1000 and 700 bytes injected; a minute of silence, and one with data",
			Outcome: fmt.Sprintf("%d and %d frames in all: each end's challenge ACKs are limited", quiet, busy)}.Report(t)
	})
}

// serve runs a service for each connection to a port, until the stack is closed.
func serve(s *Stack, port uint16, service func(net.Conn)) error {
	l, err := s.Listen(port)
	if err != nil {
		return err
	}
	go apps.Serve(l, service)
	return nil
}
