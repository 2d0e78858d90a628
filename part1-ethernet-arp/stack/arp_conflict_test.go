package stack

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framebyframe/shared/suite"
	"framebyframe/shared/wire"

	"github.com/google/gopacket/layers"
)

// RFC 5227 2.4: a conflicting packet is any, request or reply, whose sender has
// our IP address and another MAC.
func TestConflictIsReportedAndDefended(t *testing.T) {
	for name, frame := range map[string][]byte{
		"announcement":    request(otherMAC, ourIP, ourIP),
		"question":        request(otherMAC, ourIP, peerIP),
		"reply to us":     reply(otherMAC, ourIP),
		"reply to others": arpFrame(peerMAC, otherMAC, layers.ARPReply, otherMAC, ourIP, peerMAC, peerIP, toUs),
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.Send(frame)
				b.WantARP(b.One(), broadcastMAC, layers.ARPRequest, ourIP, MAC{}, ourIP)
				b.WantLog("warning: address conflict: 02:00:00:00:00:99 claims our address 10.0.0.4")
				b.wantDropped(errARPConflict, 1)
				b.wantKnown(ourIP, MAC{}, neighbourNone)
			})
		})
	}
}

// RFC 5227 2.4 (c): at most one defence in DEFEND_INTERVAL, 10 s.
func TestDefendedOnceInTenSeconds(t *testing.T) {
	claims, defences := uint64(0), 0
	onBench(t, func(b *bench) {
		start := time.Now()
		for time.Since(start) < 35*time.Second {
			b.Send(request(otherMAC, ourIP, ourIP))
			b.Advance(99 * time.Millisecond)
		}
		sent := b.Take()
		if len(sent) != 4 {
			b.Fatalf("%d defences in 35 s, want 4", len(sent))
		}
		for i := 1; i < len(sent); i++ {
			if gap := sent[i].At - sent[i-1].At; gap < 10*time.Second {
				b.Errorf("defences %d and %d are %v apart", i, i+1, gap)
			}
		}
		if n := strings.Count(b.Log.String(), "warning:"); n != 4 {
			b.Errorf("%d warnings, want one per defence", n)
		}
		b.do(func() {
			if n := b.s.dropped[errARPConflict]; n != b.s.received {
				b.Errorf("%d of %d counted as conflicts", n, b.s.received)
			}
			claims, defences = b.s.received, len(sent)
		})
	})
	suite.Row{
		Area: "attack", What: "ARP: our own address claimed", Source: "RFC 5227 2.4", Tried: fmt.Sprintf("%d claims in 35 s", claims),
		Outcome: fmt.Sprintf("our address stays ours, nothing is noted; %d defences, 10 s apart", defences),
	}.Report(t)
}

func TestDefendedAgainAfterExactlyTenSeconds(t *testing.T) {
	onBench(t, func(b *bench) {
		conflict := func() { b.s.receiveFrame(request(otherMAC, ourIP, ourIP)) }
		b.do(conflict)
		b.Advance(10*time.Second - 1)
		b.do(conflict)
		if n := len(b.Take()); n != 1 {
			b.Errorf("%d defences before the interval is over, want 1", n)
		}
		b.Advance(1)
		b.do(conflict)
		b.WantARP(b.One(), broadcastMAC, layers.ARPRequest, ourIP, MAC{}, ourIP)
	})
}

// Two stacks with one address: both report it, and they do not go on shouting.
func TestTwoStacksWithOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seg := wire.New(2)
		frames := 0
		seg.Observe(func(time.Time, int, []byte) { frames++ })
		logs := []*suite.Log{{}, {}}
		for i, mac := range []MAC{ourMAC, otherMAC} {
			cfg := testConfig(logs[i])
			cfg.MAC = mac
			s := New(seg.End(i), cfg)
			go s.Run()
			defer s.Close()
			s.Announce()
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Minute)
		for i, log := range logs {
			if !strings.Contains(log.String(), "claims our address 10.0.0.4") {
				t.Errorf("stack %d did not notice:\n%s", i, log)
			}
		}
		// Two announcements each, and the defences that they cause.
		if frames > 8 {
			t.Errorf("%d frames in a minute", frames)
		}
	})
}
