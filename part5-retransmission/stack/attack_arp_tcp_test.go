package stack

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"framebyframe/shared/suite"
)

// ARP poisoning under a connection (attack_arp_test.go has what it is): one lie, and all
// that we send goes to the liar, who keeps it. "Negative advice" (RFC 1122 3.3.1.4) finds
// that out: when nothing is acknowledged, the neighbour is asked at the liar's card, and
// then everybody is.
func TestAttackARPPoisonedConnection(t *testing.T) {
	var took, lost time.Duration
	stolen := 0
	onPair(t, func(p *pair) {
		ours, peer := p.connect(80)
		text, begun, last := pattern(64<<10), time.Now(), time.Time{}
		p.cable.Observe(func(at time.Time, from int, frame []byte) {
			if h, _, err := parseEther(frame); err == nil && from == 0 && h.dst == otherMAC && h.etherType == etherTypeIPv4 {
				stolen++
				last = at
			}
		})
		got := make(chan []byte)
		go func() {
			b, _ := io.ReadAll(peer)
			got <- b
		}()
		p.ours.mu.Lock()
		p.ours.receiveFrame(reply(otherMAC, peerIP))
		p.ours.mu.Unlock()
		if _, err := ours.Write(text); err != nil {
			p.Error(err)
		}
		ours.Close()
		if b := <-got; !bytes.Equal(b, text) {
			p.Errorf("%d of %d bytes arrived", len(b), len(text))
		}
		took, lost = time.Since(begun), last.Sub(begun)
	})
	if stolen == 0 || took > 15*time.Second {
		t.Errorf("the liar got %d datagrams, for %v; the transfer took %v", stolen, lost, took)
	}
	suite.Row{
		Area: "attack", What: "ARP poisoning under a connection", Source: "RFC 826; RFC 1122 3.3.1.4",
		Tried: "one lie about the peer's card, and 64 kB to send",
		Outcome: fmt.Sprintf("no connection lost; the liar got %d segments in %v, the transfer took %v",
			stolen, lost.Round(100*time.Millisecond), took.Round(100*time.Millisecond)),
	}.Report(t)
}
